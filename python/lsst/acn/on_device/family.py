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

"""The family of restorations of a tile, as tensors."""

from __future__ import annotations

__all__ = ("DeviceFamily", "make_family")

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.fft
from scipy.ndimage import gaussian_filter

from ..arrays.namespace import Transforms
from ..methods.cross_exposure.family.family import FIRST_PASS, SHARP_PATH, SMOOTHED, WIENER_POWERS
from .arrays import blurred_by_transfer, scaled
from .exposure_sums import ExposureSums
from .holes import fill_holes
from .statistics import DeviceStatistics
from .updates import multiplicative_updates


@dataclasses.dataclass(frozen=True, eq=False)
class DeviceFamily:
    """A family as `~lsst.acn.methods.cross_exposure.family.family.RestorationFamily` has it.

    Parameters
    ----------
    members : tensor
        In units of ``unit``, shape ``(height, width, FAMILY_SIZE)``.
    significance : tensor
        Shape ``(height, width)``.
    unit, effective_area : tensor
        Scalars.
    statistics : `DeviceStatistics`
        What the members were made from.
    coverage : tensor
        Shape ``(height, width)``.
    """

    members: Any
    significance: Any
    unit: Any
    effective_area: Any
    statistics: DeviceStatistics
    coverage: Any


def make_family(sums: ExposureSums) -> DeviceFamily:
    """Restore a tile many times over.

    Parameters
    ----------
    sums : `ExposureSums`
        Of the exposures of the tile.

    Returns
    -------
    family : `DeviceFamily`
        On all pixels of the exposures.
    """
    from keras import ops

    latent = _follow_path(_statistics(sums, None), FIRST_PASS)[-1]
    latent = fill_holes(sums, latent)
    statistics = _statistics(sums, latent)
    stages = _follow_path(statistics, SHARP_PATH, latent)
    unit = statistics.point_source_noise
    members = ops.concatenate(
        [_wiener(statistics), ops.stack(stages), _smoothed(statistics.transforms, stages)], axis=0
    )
    return DeviceFamily(
        members=ops.transpose(members, (1, 2, 0)) / unit,
        significance=statistics.image / statistics.image_noise,
        unit=unit,
        effective_area=1.0 / statistics.mean_power,
        statistics=statistics,
        coverage=sums.coverage,
    )


def _statistics(sums: ExposureSums, latent: Any) -> DeviceStatistics:
    return DeviceStatistics(sums.transforms, sums.sum_up(latent), sums.power, sums.shape, sums.noise)


def _follow_path(
    statistics: DeviceStatistics, path: Sequence[tuple[float, int]], start: Any = None
) -> list[Any]:
    """Return the latent images at the ends of the stages of a path."""
    from keras import ops

    latent = ops.maximum(statistics.target if start is None else start, statistics.faintest)
    stages = [(sparsity * statistics.image_noise, updates) for sparsity, updates in path]
    return multiplicative_updates(latent, statistics.target, statistics.apply_power, stages)


def _wiener(statistics: DeviceStatistics) -> Any:
    """Return Wiener restorations of unit gain, cut off at zero."""
    from keras import ops

    powers = ops.convert_to_tensor(np.array(WIENER_POWERS, np.float32)[:, None, None])
    spectra = scaled(
        statistics.transforms, statistics.back_projection[None], (1 + powers) / (statistics.power + powers)
    )
    return ops.maximum(statistics.transforms.irfft2(spectra, statistics.shape), 0.0)


def _smoothed(transforms: Transforms, stages: Sequence[Any]) -> Any:
    from keras import ops

    chosen = ops.stack([stages[stage] for stage, _ in SMOOTHED])
    transfers = np.stack([_filter_transfer(tuple(chosen.shape[1:]), sigma) for _, sigma in SMOOTHED])
    # What is 0 but for the rounding of transforms was positive and stays so.
    return ops.maximum(blurred_by_transfer(transforms, chosen, ops.convert_to_tensor(transfers)), 0.0)


@functools.lru_cache(maxsize=64)
def _filter_transfer(shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Return what SciPy's Gaussian filter, which is cut off, makes of each frequency."""
    point = np.zeros(shape)
    point[0, 0] = 1.0
    return scipy.fft.rfft2(gaussian_filter(point, sigma, mode="wrap")).real.astype(np.float32)
