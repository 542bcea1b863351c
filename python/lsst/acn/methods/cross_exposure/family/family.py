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
    "CONVERGED_MEMBER",
    "FAMILY_SIZE",
    "SHARP_MEMBER",
    "SPARSE_STAGE",
    "RestorationFamily",
    "make_family",
)

from typing import Any, NamedTuple

import numpy as np

from ....arrays.namespace import Arrays
from ....arrays.spectra import filter_spectrum
from ...accelerated_updates import accelerated_updates
from .convergence import sparing_factor
from .evidence import Evidence, local_misfit, weigh_evidence
from .exposure_sums import ExposureSums, compare
from .path import follow_path
from .statistics import SufficientStatistics

WIENER_POWERS = (10.0, 1.0, 0.1)
"""Noise over signal of the Wiener filters that give the blurriest members."""

SHARP_PATH = ((1.2, 12), (3.0, 10), (6.0, 12))
"""Sparsity and number of updates, as `follow_path` takes them, of the stages that
begin with a first model and are ever sparser; each ends with a member."""

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

CONVERGED = 30
"""Updates, with a penalty that spares bright pixels, from the sharp member to
one that fits the exposures as well as they can be: in crowds, and where light
is bright, all others have not yet come that far."""

FAMILY_SIZE = len(WIENER_POWERS) + len(SHARP_PATH) + len(SMOOTHED) + 2

CONVERGED_MEMBER = FAMILY_SIZE - 1
"""Place of that one in the family."""


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
    smooth, a mean over neighbours is less noisy.  Another member is a sparse
    one and, through a wide Gaussian, what that leaves out of the sums; the
    last is the sharp one after many more updates.

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
        the one that is completed and the one that has converged.
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
        _converged(xp, statistics, stages[0]),
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


def _converged(xp: Arrays, statistics: SufficientStatistics, start: Any) -> Any:
    factor = sparing_factor(xp, statistics, start / statistics.point_source_noise)
    return accelerated_updates(xp, xp.maximum(start, statistics.faintest), [(factor, CONVERGED)])[-1]


def _wiener(xp: Arrays, statistics: SufficientStatistics) -> list[Any]:
    """Return Wiener restorations of unit gain."""
    filters = [(1.0 + power) / (statistics.power + power) for power in map(np.float32, WIENER_POWERS)]
    spectra = [xp.scaled(statistics.back_projection, transfer) for transfer in filters]
    return [xp.irfft2(spectrum, statistics.shape) for spectrum in spectra]


def _smoothed(xp: Arrays, spectrum: Any, shape: tuple[int, int], sigma: float) -> Any:
    return xp.irfft2(xp.scaled(spectrum, xp.constant(filter_spectrum(shape, sigma))), shape)
