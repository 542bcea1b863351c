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

"""The mask plane of an image that is made from many exposures."""

from __future__ import annotations

__all__ = (
    "PropagatedMask",
    "is_set",
    "propagate_mask",
    "reaching",
    "sum_of_weights",
    "untouched_mask",
)

import dataclasses
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from ..exposures.mask_planes import INEXACT_PSF, NO_DATA, OUTPUT_PLANES, REJECTED, canonical_plane_name
from ..exposures.stack import ExposureStack

MAX_PLANES = 32


@dataclasses.dataclass(frozen=True, eq=False)
class PropagatedMask:
    """Bit mask of an output image.

    Parameters
    ----------
    array : `numpy.ndarray`
        Bits of each pixel, uint32, shape ``(height, width)``.
    planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each mask plane, by name: every plane of the inputs,
        with the same number, and ``NO_DATA``, ``REJECTED`` and
        ``INEXACT_PSF``.
    """

    array: np.ndarray
    planes: Mapping[str, int]

    def where(self, name: str) -> np.ndarray:
        """Return `True` in the pixels where a plane is set.

        Parameters
        ----------
        name : `str`
            Name of the mask plane.

        Returns
        -------
        is_set : `numpy.ndarray`
            Boolean array, shape ``(height, width)``.
        """
        return is_set(self.array, self.planes[name])


def propagate_mask(
    stack: ExposureStack,
    *,
    weights: np.ndarray,
    bad_mask_planes: Collection[str],
    thresholds: Mapping[str, float] | None = None,
    default_threshold: float = 0.5,
    exact_psf: np.ndarray | None = None,
) -> PropagatedMask:
    """Return the mask plane of a coadd, or of a restored image, of a stack.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures with their masks.
    weights : `numpy.ndarray`
        Weight of each exposure, shape ``(n,)``.
    bad_mask_planes : `~collections.abc.Collection` [`str`]
        Planes that make a pixel of an exposure invalid, under any name that
        `canonical_plane_name` knows.
    thresholds : `~collections.abc.Mapping` [`str`, `float`], optional
        For planes in ``bad_mask_planes``, the share of the weight at which
        the plane is set in the output.
    default_threshold : `float`, optional
        The same for planes that ``thresholds`` does not name.
    exact_psf : `numpy.ndarray`, optional
        `True` where the PSF of the output image is exact, shape ``(height,
        width)``.  By default it is exact everywhere.

    Returns
    -------
    mask : `PropagatedMask`
        The bits, and the plane names of the inputs plus those set here.

    Raises
    ------
    ValueError
        Raised if no bit is left for the planes that are set here.

    Notes
    -----
    A plane that leaves a pixel valid (``DETECTED``, say) is set where it is
    set in any exposure that is valid there.

    A plane that makes a pixel invalid says nothing about an image from which
    just those pixels were left out.  It is set where the exposures that carry
    it hold too large a share of the weight of all exposures that reach the
    pixel, those without ``NO_DATA``.  The lower threshold that is usual for
    saturation is there because the same star saturates in all exposures of
    good seeing; what is left of it is a biased choice.

    ``NO_DATA`` is set where no exposure is valid, ``REJECTED`` where an
    exposure that reaches the pixel was left out, and ``INEXACT_PSF`` where
    ``exact_psf`` is `False`.
    """
    limits = dict.fromkeys(map(canonical_plane_name, bad_mask_planes), default_threshold)
    for name, limit in (thresholds or {}).items():
        if canonical_plane_name(name) in limits:
            limits[canonical_plane_name(name)] = limit
    planes = _with_planes(stack.mask_planes, OUTPUT_PLANES)
    reaches = reaching(stack)
    harmless = [bit for name, bit in planes.items() if canonical_plane_name(name) not in {NO_DATA, *limits}]
    array = _any_valid(stack, harmless)
    _set_bad_planes(array, stack, weights, reaches, limits)
    _set(array, planes[NO_DATA], ~stack.valid.any(axis=0))
    _set(array, planes[REJECTED], (reaches & ~stack.valid).any(axis=0))
    if exact_psf is not None:
        _set(array, planes[INEXACT_PSF], ~exact_psf)
    return PropagatedMask(array, planes)


def reaching(stack: ExposureStack) -> np.ndarray:
    """Return where each exposure has data, be they of use or not.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures with their masks.

    Returns
    -------
    reaches : `numpy.ndarray`
        Boolean, shape of ``stack.valid``.
    """
    bit = stack.mask_planes.get(NO_DATA)
    if bit is None:
        return np.ones(stack.valid.shape, bool)
    return stack.valid | ~is_set(stack.mask, bit)


def untouched_mask(shape: tuple[int, int], mask_planes: Mapping[str, int]) -> PropagatedMask:
    """Return the mask of an image that no exposure reaches.

    Parameters
    ----------
    shape : `tuple` [`int`, `int`]
        Height and width.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each mask plane of the exposures, by name.

    Returns
    -------
    mask : `PropagatedMask`
        ``NO_DATA`` everywhere.
    """
    planes = _with_planes(mask_planes, OUTPUT_PLANES)
    return PropagatedMask(np.full(shape, 1 << planes[NO_DATA], np.uint32), planes)


def _with_planes(planes: Mapping[str, int], names: tuple[str, ...]) -> dict[str, int]:
    """Return ``planes`` with those of ``names`` that are missing on free bits."""
    result = dict(planes)
    free = [bit for bit in range(MAX_PLANES) if bit not in result.values()]
    for name in names:
        if name not in result:
            if not free:
                raise ValueError(
                    f"All {MAX_PLANES} mask bits of the stack are taken; none is left for {name}."
                )
            result[name] = free.pop(0)
    return result


def is_set(mask: np.ndarray, bit: int) -> np.ndarray:
    """Return where a bit of a mask is set.

    Parameters
    ----------
    mask : `numpy.ndarray`
        Unsigned integers.
    bit : `int`
        Number of the bit.

    Returns
    -------
    is_set : `numpy.ndarray`
        Boolean, shape of ``mask``.
    """
    return (mask & np.uint32(1 << bit)) != 0


def _set(array: np.ndarray, bit: int, where: np.ndarray) -> None:
    array[where] |= np.uint32(1 << bit)


def _any_valid(stack: ExposureStack, bits: list[int]) -> np.ndarray:
    """Return which of ``bits`` any valid exposure carries."""
    wanted = np.uint32(sum(1 << bit for bit in bits))
    result = np.zeros(stack.shape, np.uint32)
    for mask, valid in zip(stack.mask, stack.valid, strict=True):
        result |= np.where(valid, mask & wanted, np.uint32(0))
    return result


def _set_bad_planes(
    array: np.ndarray,
    stack: ExposureStack,
    weights: np.ndarray,
    reaches: np.ndarray,
    limits: Mapping[str, float],
) -> None:
    """Set each plane where the exposures that carry it weigh too much."""
    total = sum_of_weights(weights, reaches)
    used = int(np.bitwise_or.reduce(stack.mask, axis=None))
    for name, bit in stack.mask_planes.items():
        limit = limits.get(canonical_plane_name(name))
        if limit is None or name == NO_DATA or not used & (1 << bit):
            continue
        carries = (is_set(mask, bit) & reach for mask, reach in zip(stack.mask, reaches, strict=True))
        carried = sum_of_weights(weights, carries)
        _set(array, bit, (carried > 0) & (carried >= limit * total))


def sum_of_weights(weights: np.ndarray, where: Iterable[np.ndarray]) -> np.ndarray:
    """Return at each pixel the weight of the exposures chosen there.

    Parameters
    ----------
    weights : `numpy.ndarray`
        Weight of each exposure, shape ``(n,)``.
    where : `~collections.abc.Iterable` [`numpy.ndarray`]
        For each exposure the pixels in which it is chosen.

    Returns
    -------
    total : `numpy.ndarray`
        Shape ``(height, width)``.
    """
    total = np.zeros(())
    for weight, plane in zip(weights, where, strict=True):
        total = total + weight * plane
    return total
