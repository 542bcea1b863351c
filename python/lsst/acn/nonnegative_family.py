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

__all__ = ("FAMILY_SIZE", "RestorationFamily", "make_family")

import dataclasses

import numpy as np
import scipy.fft

from .sufficient_statistics import SufficientStatistics

SNAPSHOTS = (8, 20)
"""Updates after which the common start of the family is kept as a member."""

PENALTIES = (0.0, 1.2, 3.0, 6.0)
"""Sparsity of the other members, in standard deviations of the noise of the
back-projected image."""

BRANCH_UPDATES = 60
"""Further updates of each of them."""

WIENER_POWERS = (10.0, 1.0)
"""Noise over signal of the Wiener filters that give the blurriest members."""

FAMILY_SIZE = len(WIENER_POWERS) + len(SNAPSHOTS) + len(PENALTIES)

MAX_FACTOR = 2.0
TINY = 1e-12


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
    """

    members: np.ndarray
    significance: np.ndarray
    unit: float
    effective_area: float

    def cropped(self, margin: int) -> RestorationFamily:
        """Return the family without the pixels near its edges.

        Parameters
        ----------
        margin : `int`
            Number of pixels to drop on every side.

        Returns
        -------
        family : `RestorationFamily`
            The rest, sharing memory.
        """
        inside = np.s_[margin:-margin, margin:-margin] if margin else np.s_[:, :]
        return dataclasses.replace(self, members=self.members[inside], significance=self.significance[inside])


def make_family(statistics: SufficientStatistics) -> RestorationFamily:
    r"""Restore an image many times over from its sufficient statistics.

    Each member minimises :math:`\langle x, P x \rangle - 2 \langle x, b
    \rangle + 2 \mu \sum x` over :math:`x \ge 0` by the multiplicative updates
    of ImageMM,

    .. math::

        x \leftarrow x \cdot \mathrm{clip}\left(\frac{b_+}{P x + \mu},
        1 / \kappa, \kappa\right),

    accelerated (Biggs & Andrews 1997).  All exposures together cost one pair
    of Fourier transforms an update, where ImageMM needs one pair each.  The
    first updates are common to all; stopping there gives smooth members.  The
    penalty :math:`\mu` then keeps noise from being taken for sources.  Two
    Wiener filters, cut off at zero, give the blurriest members, which faint
    and extended light is left to.

    Parameters
    ----------
    statistics : `SufficientStatistics`
        What the exposures say.

    Returns
    -------
    family : `RestorationFamily`
        The members, from blurry to sharp, then by growing sparsity.
    """
    image = statistics.back_projected_image()
    unit = statistics.point_source_noise
    # Noise of the back-projected image: its power spectrum is that of the
    # exposures' mean times P.
    image_noise = unit * statistics.mean_power
    target = np.maximum(image, 0.0).astype(np.float32)
    floor = np.float32(0.05 * image_noise)
    kept, start = _iterate(
        np.maximum(target, floor)[None], target, statistics, np.zeros(1, np.float32), SNAPSHOTS
    )
    penalties = np.array(PENALTIES, np.float32) * np.float32(image_noise)
    branches = np.repeat(start, len(PENALTIES), axis=0)
    members, _ = _iterate(branches, target, statistics, penalties, (BRANCH_UPDATES,))
    stacked = np.concatenate([_wiener(statistics), kept[:, 0], members[-1]]) / np.float32(unit)
    return RestorationFamily(
        members=np.moveaxis(stacked, 0, -1),
        significance=(image / image_noise).astype(np.float32),
        unit=unit,
        effective_area=1.0 / statistics.mean_power,
    )


def _wiener(statistics: SufficientStatistics) -> np.ndarray:
    """Return Wiener restorations of unit gain, cut off at zero."""
    powers = np.array(WIENER_POWERS, np.float32)[:, None, None]
    spectra = statistics.back_projection * (1 + powers) / (statistics.power + powers)
    return np.maximum(scipy.fft.irfft2(spectra, s=statistics.shape), 0.0)


def _iterate(
    latent: np.ndarray,
    target: np.ndarray,
    statistics: SufficientStatistics,
    penalties: np.ndarray,
    snapshots: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images kept at ``snapshots``, and the last of them.

    ``latent`` and the result have a first axis of the same length as
    ``penalties``, and the kept images one more in front.
    """
    kept = []
    previous = latent
    step = last_step = None
    for update in range(1, max(snapshots) + 1):
        point = _extrapolate(latent, previous, step, last_step)
        previous = latent
        spectrum = scipy.fft.rfft2(point) * statistics.power
        model = scipy.fft.irfft2(spectrum, s=statistics.shape) + penalties[:, None, None]
        ratio = target / np.maximum(model, TINY)
        latent = point * np.clip(ratio, 1.0 / MAX_FACTOR, MAX_FACTOR)
        step, last_step = latent - point, step
        if update in snapshots:
            kept.append(latent)
    return np.stack(kept), latent


def _extrapolate(
    latent: np.ndarray, previous: np.ndarray, step: np.ndarray | None, last_step: np.ndarray | None
) -> np.ndarray:
    """Return the points ahead that the last two steps of each image show."""
    if step is None or last_step is None:
        return latent
    overlap = np.einsum("myx,myx->m", step, last_step)
    length = np.einsum("myx,myx->m", last_step, last_step)
    alpha = np.clip(overlap / np.maximum(length, TINY), 0.0, 0.98).astype(np.float32)
    return np.maximum(latent + alpha[:, None, None] * (latent - previous), np.float32(TINY))
