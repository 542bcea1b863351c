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

__all__ = ("FAMILY_SIZE", "RestorationFamily", "complete_statistics", "follow_path", "make_family")

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.fft
from scipy.ndimage import gaussian_filter

from ...accelerated_updates import multiplicative_updates
from .exposure_sums import StatisticsGatherer
from .hole_boxes import hole_boxes
from .holes import fill_holes
from .statistics import SufficientStatistics

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

FAMILY_SIZE = len(WIENER_POWERS) + len(SHARP_PATH) + len(SMOOTHED)


@dataclasses.dataclass(frozen=True, eq=False)
class RestorationFamily:
    """Restorations of the same exposures with differing regularisation.

    Parameters
    ----------
    members : `numpy.ndarray`
        Non-negative latent images in units of ``unit``, float32, shape
        ``(height, width, FAMILY_SIZE)``.
    significance : `numpy.ndarray`
        Matched-filter signal to noise of a point source at every pixel,
        shape ``(height, width)``.
    unit : `float`
        Standard deviation of the flux of an isolated point source.
    effective_area : `float`
        Pixels over which the PSF spreads a point source's noise.
    statistics : `SufficientStatistics`, optional
        What the members were made from; unknown of a family that is cropped.
    coverage : `numpy.ndarray`, optional
        Share of the weight of all exposures that each pixel has, same height
        and width.
    """

    members: np.ndarray
    significance: np.ndarray
    unit: float
    effective_area: float
    statistics: SufficientStatistics | None = None
    coverage: np.ndarray | None = None

    def cropped(self, margin: int) -> RestorationFamily:
        """Return the family without the pixels near its edges.

        Parameters
        ----------
        margin : `int`
            Number of pixels to drop on every side.

        Returns
        -------
        family : `RestorationFamily`
            The rest, sharing memory, without the statistics of the whole.
        """
        inside = np.s_[margin:-margin, margin:-margin] if margin else np.s_[:, :]
        return dataclasses.replace(
            self,
            members=self.members[inside],
            significance=self.significance[inside],
            statistics=None,
            coverage=None if self.coverage is None else self.coverage[inside],
        )


def make_family(statistics: SufficientStatistics, start: np.ndarray | None = None) -> RestorationFamily:
    r"""Restore an image many times over from its sufficient statistics.

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
    smooth, a mean over neighbours is less noisy.

    Parameters
    ----------
    statistics : `SufficientStatistics`
        What the exposures say.
    start : `numpy.ndarray`, optional
        The first pass; made here if it is not given.

    Returns
    -------
    family : `RestorationFamily`
        The Wiener filters, the stages of the path, then those smoothed.
    """
    unit = statistics.point_source_noise
    image = statistics.back_projected_image()
    if start is None:
        start = follow_path(statistics, FIRST_PASS)[-1]
    stages = follow_path(statistics, SHARP_PATH, start)
    smoothed = [gaussian_filter(stages[stage], sigma, mode="wrap") for stage, sigma in SMOOTHED]
    members = np.stack([*_wiener(statistics), *stages, *smoothed], axis=-1)
    members /= np.float32(unit)
    return RestorationFamily(
        members=members,
        significance=(image / statistics.image_noise).astype(np.float32),
        unit=unit,
        effective_area=1.0 / statistics.mean_power,
        statistics=statistics,
    )


def complete_statistics(gatherer: StatisticsGatherer) -> tuple[SufficientStatistics, np.ndarray]:
    """Sum up exposures whose masked pixels are filled by a model of the sky.

    Parameters
    ----------
    gatherer : `StatisticsGatherer`
        Of the exposures.

    Returns
    -------
    statistics : `SufficientStatistics`
        The sums, with masked pixels and outliers filled by the exposures'
        own model at the seeing of each.
    latent : `numpy.ndarray`
        The latent image of that model.
    """
    statistics = gatherer.sum_up()
    latent = follow_path(statistics, FIRST_PASS)[-1]
    for rows, columns in hole_boxes(gatherer.holes, gatherer.kernel_radius):
        part = gatherer.cropped(rows, columns)
        latent[rows, columns] = fill_holes(part, latent[rows, columns])
    return gatherer.sum_up(latent), latent


def _wiener(statistics: SufficientStatistics) -> np.ndarray:
    """Return Wiener restorations of unit gain, cut off at zero."""
    powers = np.array(WIENER_POWERS, np.float32)[:, None, None]
    spectra = statistics.back_projection * (1 + powers) / (statistics.power + powers)
    return np.maximum(scipy.fft.irfft2(spectra, s=statistics.shape), 0.0)


def follow_path(
    statistics: SufficientStatistics, path: Sequence[tuple[float, int]], start: np.ndarray | None = None
) -> list[np.ndarray]:
    """Return the latent images at the ends of the stages of a path.

    Parameters
    ----------
    statistics : `SufficientStatistics`
        What the exposures say.
    path : `~collections.abc.Sequence` [`tuple` [`float`, `int`]]
        Sparsity, in standard deviations of the noise of the back-projected
        image, and number of updates of each stage.
    start : `numpy.ndarray`, optional
        Where to begin, if not with the back-projected image.

    Returns
    -------
    ends : `list` [`numpy.ndarray`]
        One per stage, in the unit of the exposures.
    """
    target = np.maximum(statistics.back_projected_image(), 0.0).astype(np.float32, copy=False)
    latent = np.maximum(target if start is None else start, statistics.faintest)
    stages = [(np.float32(sparsity * statistics.image_noise), updates) for sparsity, updates in path]
    return multiplicative_updates(latent, target, statistics.apply_power, stages)
