# This file is part of acn.
#
# Developed for the LSST Data Management System.
# This product includes software developed by the LSST Project
# (https://www.lsst.org).
# See the COPYRIGHT file at the top-level directory of this distribution
# for details of code ownership.
#
# This program is free software: you can redistribute it and/or modify
# it under the terms of the GNU General Public License as published by
# the Free Software Foundation, either version 3 of the License, or
# (at your option) any later version.
#
# This program is distributed in the hope that it will be useful,
# but WITHOUT ANY WARRANTY; without even the implied warranty of
# MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
# GNU General Public License for more details.
#
# You should have received a copy of the GNU General Public License
# along with this program.  If not, see <https://www.gnu.org/licenses/>.

"""A family of non-negative restorations, from sharp and noisy to sparse."""

from __future__ import annotations

__all__ = (
    "COMPACT_MEMBER",
    "FAMILY_SIZE",
    "SHARP_MEMBER",
    "SPARSE_STAGE",
    "RestorationFamily",
    "complete_family",
    "first_model",
    "first_model_and_points",
    "follow_path",
    "make_family",
    "restore_family",
    "restore_whole_family",
)

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ....arrays.namespace import Arrays
from ....arrays.numpy_arrays import numpy_arrays
from ....arrays.spectra import filter_spectrum
from ....coadd.trails import without_trails
from ....exposures.boxes import Box
from ....exposures.mirrored_cutout import mirrored_cutout
from ....exposures.stack import ExposureStack
from ...accelerated_updates import accelerated_updates
from .evidence import Evidence, local_misfit, weigh_evidence
from .exposure_sums import ExposureSums, compare, make_sums, sum_up
from .holes import fill_around_points, fill_window
from .margins import family_margin
from .point_fits import fit_points
from .point_light import FittedPoints, points_image
from .statistics import SufficientStatistics
from .tile_exposures import TileExposures, tile_exposures
from .windows import hole_windows

WIENER_POWERS = (10.0, 1.0, 0.1)
"""Noise over signal of the Wiener filters that give the blurriest members."""

FIRST_PASS = ((0.0, 8), (1.2, 16))
"""Sparsity, in standard deviations of the noise of the back-projected image,
and number of updates of the stages that begin with that image and end with the
model that masked pixels are filled with."""

SHARP_PATH = ((1.2, 12), (3.0, 10), (6.0, 12))
"""The same of the stages that begin with that model and are ever sparser; each
ends with a member."""

SHARP_MEMBER = len(WIENER_POWERS)
"""Place in the family of the first of them, which is sharp."""

SMOOTHED = ((0, 1.0), (0, 2.0), (0, 4.0), (1, 1.0))
"""Stages whose ends are also kept smoothed, by Gaussians of so many pixels."""

COMPACT_MEMBER = len(WIENER_POWERS) + len(SHARP_PATH) + SMOOTHED.index((1, 1.0))
"""The sparse and slightly smoothed member, which has light where there are
sources and nowhere else."""

SPARSE_STAGE = 1
"""Stage whose end knows sources and no fainter light: what it leaves out."""

COMPLETED = 4.0
"""Standard deviation in pixels of the Gaussian through which the last member
gets that light back.  It is cut off at zero only then: faint and wide light
is neither lost to sparsity nor raised by the noise that a cut leaves."""

FAMILY_SIZE = len(WIENER_POWERS) + len(SHARP_PATH) + len(SMOOTHED) + 1


class RestorationFamily(NamedTuple):
    """Restorations of the same exposures with differing regularisation.

    Parameters
    ----------
    members : array
        Non-negative latent images in units of ``unit``, float32, shape
        ``(height, width, FAMILY_SIZE)``.
    significance : array
        Matched-filter signal to noise of a point source at every pixel,
        shape ``(height, width)``.
    unit : array
        Standard deviation of the flux of an isolated point source, scalar.
    effective_area : array
        Pixels over which the PSF spreads a point source's noise, scalar.
    coverage : array
        Share of the weight of all exposures that each pixel has, shape
        ``(height, width)``.
    evidence : `Evidence`
        What the exposures say of wide light and of what members leave out.
    statistics : `SufficientStatistics`
        What the members were made from, on all pixels of the exposures.
    """

    members: Any
    significance: Any
    unit: Any
    effective_area: Any
    coverage: Any
    evidence: Evidence
    statistics: SufficientStatistics

    def cropped(self, margin: int) -> RestorationFamily:
        """Return the family without the pixels near its edges.

        Parameters
        ----------
        margin : `int`
            Number of pixels to drop on every side.

        Returns
        -------
        family : `RestorationFamily`
            The rest, sharing memory, with the statistics of the whole.
        """
        if not margin:
            return self
        inside = np.s_[margin:-margin, margin:-margin]
        return self._replace(
            members=self.members[inside],
            significance=self.significance[inside],
            coverage=self.coverage[inside],
            evidence=Evidence(*(plane[inside] for plane in self.evidence)),
        )


def make_family(xp: Arrays, sums: ExposureSums, start: Any) -> RestorationFamily:
    r"""Restore an image many times over from the sums over its exposures.

    Each member minimises :math:`\langle x, P x \rangle - 2 \langle x, b
    \rangle + 2 \mu \sum x` over :math:`x \ge 0` by the multiplicative updates
    of ImageMM,

    .. math::

        x \leftarrow x \cdot \mathrm{clip}\left(\frac{b_+}{P x + \mu},
        1 / \kappa, \kappa\right),

    accelerated (Biggs & Andrews 1997).  All exposures together cost one pair
    of Fourier transforms an update, where ImageMM needs one pair each.  The
    stages begin with what a first pass has made for filling masked pixels,
    and the penalty :math:`\mu`, raised from stage to stage, keeps noise from
    being taken for sources.  Wiener filters, cut off at zero, give the
    blurriest members, which faint and extended light is left to, and
    Gaussians of some of the stages offer what lies between: where light is
    smooth, a mean over neighbours is less noisy.  The last member is a sparse
    one and, through a wide Gaussian, what that leaves out of the sums.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        The exposures.
    start : array
        The latent image of the first pass, with its holes filled.

    Returns
    -------
    family : `RestorationFamily`
        The Wiener filters, the stages of the path, then those smoothed, and
        the one that is completed.
    """
    statistics, chi2 = compare(xp, sums, start)
    stages = follow_path(xp, statistics, SHARP_PATH, start)
    spectra = [xp.rfft2(stage, statistics.shape) for stage in stages]
    rest = statistics.back_projection - xp.scaled(spectra[SPARSE_STAGE], statistics.power)
    completed = _smoothed(xp, rest, statistics.shape, COMPLETED)
    unit = statistics.point_source_noise
    members = [
        *_wiener(xp, statistics),
        *stages,
        *(_smoothed(xp, spectra[stage], statistics.shape, sigma) for stage, sigma in SMOOTHED),
        stages[SPARSE_STAGE] + completed,
    ]
    # What is 0 but for the rounding of transforms was positive and stays so.
    members = [xp.maximum(member, np.float32(0.0)) for member in members]
    return RestorationFamily(
        members=xp.stack(members, axis=-1) / unit,
        significance=statistics.image / statistics.image_noise,
        unit=unit,
        effective_area=1.0 / statistics.mean_power,
        coverage=sums.coverage,
        evidence=weigh_evidence(xp, statistics, rest, local_misfit(xp, chi2, sums.coverage)),
        statistics=statistics,
    )


def _wiener(xp: Arrays, statistics: SufficientStatistics) -> list[Any]:
    """Return Wiener restorations of unit gain."""
    filters = [(1.0 + power) / (statistics.power + power) for power in map(np.float32, WIENER_POWERS)]
    spectra = [xp.scaled(statistics.back_projection, transfer) for transfer in filters]
    return [xp.irfft2(spectrum, statistics.shape) for spectrum in spectra]


def _smoothed(xp: Arrays, spectrum: Any, shape: tuple[int, int], sigma: float) -> Any:
    return xp.irfft2(xp.scaled(spectrum, xp.constant(filter_spectrum(shape, sigma))), shape)


def follow_path(
    xp: Arrays, statistics: SufficientStatistics, path: Sequence[tuple[float, int]], start: Any = None
) -> list[Any]:
    """Return the latent images at the ends of the stages of a path.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    statistics : `SufficientStatistics`
        What the exposures say.
    path : `~collections.abc.Sequence` [`tuple` [`float`, `int`]]
        Sparsity, in standard deviations of the noise of the back-projected
        image, and number of updates of each stage.
    start : array, optional
        Where to begin, if not with the back-projected image.

    Returns
    -------
    ends : `list` [array]
        One per stage, in the unit of the exposures.
    """
    start = xp.maximum(statistics.image, np.float32(0.0)) if start is None else start
    latent = xp.maximum(start, statistics.faintest)
    stages = [
        (statistics.factor(xp, np.float32(sparsity) * statistics.image_noise), updates)
        for sparsity, updates in path
    ]
    return accelerated_updates(xp, latent, stages)


def complete_family(xp: Arrays, exposures: TileExposures) -> RestorationFamily:
    """Restore exposures many times over, with their holes filled.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    exposures : `TileExposures`
        The exposures, arrays of ``xp``.

    Returns
    -------
    family : `RestorationFamily`
        On all their pixels.
    """
    sums, latent = first_model(xp, exposures)
    return xp.run(make_family, sums, latent)


def first_model(xp: Arrays, exposures: TileExposures) -> tuple[ExposureSums, Any]:
    """Judge exposures, and model what their masked pixels are filled with.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    exposures : `TileExposures`
        The exposures, arrays of ``xp``.

    Returns
    -------
    sums : `ExposureSums`
        The exposures.
    latent : array
        A latent image that knows what is missing from them.
    """
    sums, latent, _ = first_model_and_points(xp, exposures)
    return sums, latent


def first_model_and_points(
    xp: Arrays, exposures: TileExposures
) -> tuple[ExposureSums, Any, list[FittedPoints]]:
    """Judge exposures, and model what their masked pixels are filled with.

    Stars whose cores no exposure knows are fitted to their wings, and what
    else there is around them is made of the exposures without them.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    exposures : `TileExposures`
        The exposures, arrays of ``xp``.

    Returns
    -------
    sums : `ExposureSums`
        The exposures.
    latent : array
        A latent image that knows what is missing from them.
    points : `list` [`FittedPoints`]
        Stars without a core, on the pixels of the exposures.  Those that are
        accepted are in the latent image.
    """
    sums, latent, holes = xp.run(_first_pass, exposures)
    points = _points(xp, sums)
    accepted = [point for point in points if point.is_accepted]
    for window in hole_windows(xp.to_numpy(holes), exposures.kernels.shape[-1] // 2):
        start = tuple(xp.constant(np.int32(place)) for place in window.start)
        planes = latent, start, xp.constant(window.weight)
        inside = [point for point in accepted if window.holds(*point.values[0, 1:])]
        if inside:
            light = points_image(inside, window.box)
            latent = xp.run(fill_around_points, sums, *planes, xp.constant(light))
        else:
            latent = xp.run(fill_window, sums, *planes)
    return sums, latent, points


def _first_pass(xp: Arrays, exposures: TileExposures) -> tuple[ExposureSums, Any, Any]:
    sums = make_sums(xp, exposures)
    return sums, follow_path(xp, sum_up(xp, sums), FIRST_PASS)[-1], sums.holes(xp)


def _points(xp: Arrays, sums: ExposureSums) -> list[FittedPoints]:
    """Return the stars whose cores no exposure knows."""
    unknown = xp.to_numpy(sums.coverage) <= 0
    if not unknown.any():
        return []

    def cut(box: Box) -> tuple[np.ndarray, np.ndarray]:
        pixels = np.s_[:, box.y_start : box.y_stop, box.x_start : box.x_stop]
        return xp.to_numpy(sums.image[pixels]), xp.to_numpy(sums.variance[pixels])

    significance = xp.to_numpy(sums.coadd) / float(xp.to_numpy(sums.noise))
    return fit_points(cut, xp.to_numpy(sums.kernels), unknown, significance)


def restore_family(stack: ExposureStack, latent_box: Box) -> RestorationFamily:
    """Return the family of restorations on a box.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent_box : `Box`
        Pixels of the members.

    Returns
    -------
    family : `RestorationFamily`
        On ``latent_box``.
    """
    margin = family_margin(stack.psf.radius, latent_box.shape)
    return restore_whole_family(stack, latent_box, margin).cropped(margin)


def restore_whole_family(stack: ExposureStack, latent_box: Box, margin: int) -> RestorationFamily:
    """Return the family of restorations on a box and the margin around it.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent_box : `Box`
        Pixels that are wanted.
    margin : `int`
        How many more on every side, as `family_margin` says.

    Returns
    -------
    family : `RestorationFamily`
        On ``latent_box`` grown by ``margin``.
    """
    covering = covering_stack(stack, latent_box.grown_by(margin))
    return complete_family(numpy_arrays(), tile_exposures(covering))


def covering_stack(stack: ExposureStack, box: Box) -> ExposureStack:
    """Return the exposures that have valid pixels in a box, without trails.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    box : `Box`
        Pixels, mirrored where there are no exposures.

    Returns
    -------
    covering : `ExposureStack`
        On the box.
    """
    around = mirrored_cutout(stack, box)
    covering = np.flatnonzero(around.valid.any(axis=(1, 2)))
    return without_trails(around if len(covering) == len(around) else around.select(covering))
