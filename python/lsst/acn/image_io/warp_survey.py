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

"""What a few cells of all warps say of a large patch."""

from __future__ import annotations

__all__ = ("WarpSurvey", "survey_warps")

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lsst.pipe.base import NoWorkFound

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels, padded_kernels
from ..exposures.stack import ExposureStack
from .any_warp import warp_box
from .shared_terms import SharedTerms

BLOCKS = 3
"""Blocks along each side of the patch; every other one is read, as on a
chessboard, for opening a warp takes as long as reading a block of it."""

BLOCK_SIDE = 150
"""Greatest side of a block in pixels."""


@dataclasses.dataclass(frozen=True, eq=False)
class WarpSurvey:
    """What has to be known of all warps before any is read as a whole.

    Parameters
    ----------
    box : `Box`
        Pixels of the patch.
    visits : `tuple` [`int`]
        Exposures with valid pixels, ascending.
    median_variances : `numpy.ndarray`
        Median variance over the valid pixels of the blocks, or of the whole
        exposure where the blocks show none; shape ``(n,)``.
    psf : `PsfKernels`
        PSF kernels in the middle of each block.
    """

    box: Box
    visits: tuple[int, ...]
    median_variances: np.ndarray
    psf: PsfKernels

    def select(self, indices: np.ndarray) -> WarpSurvey:
        """Return the survey of some of the exposures.

        Parameters
        ----------
        indices : `numpy.ndarray`
            Their positions.

        Returns
        -------
        survey : `WarpSurvey`
            Of these.
        """
        return dataclasses.replace(
            self,
            visits=tuple(self.visits[index] for index in indices),
            median_variances=self.median_variances[indices],
            psf=self.psf.select(indices),
        )


def survey_warps(
    read: Callable[..., ExposureStack], warps: Mapping[int, Any], terms: SharedTerms
) -> WarpSurvey | None:
    """Read some blocks of all warps.

    Parameters
    ----------
    read : `~collections.abc.Callable`
        Takes warps by visit and the keyword argument ``box``.
    warps : `~collections.abc.Mapping` [`int`, `typing.Any`]
        Dataset handles by visit.
    terms : `SharedTerms`
        That ``read`` reads by.

    Returns
    -------
    survey : `WarpSurvey` or `None`
        The survey; `None` if no warp knows its patch.

    Raises
    ------
    InvalidExposureError
        Raised if the file of a warp cannot be read.
    lsst.pipe.base.NoWorkFound
        Raised if no warp has a valid pixel.
    """
    terms.boxes.update({visit: _box_of(visit, warp) for visit, warp in warps.items()})
    blocks = _blocks(functools.reduce(Box.union, terms.boxes.values()))
    stacks = {where: _try_to_read(read, warps, box) for where, box in blocks.items()}
    if terms.geometry is None:
        return None
    box = terms.geometry.outer_box
    seen = {visit for stack in stacks.values() if stack is not None for visit in stack.visits}
    others = {
        visit: whole
        for visit in sorted(set(warps) - seen)
        if (whole := _try_to_read(read, {visit: warps[visit]}, box)) is not None
    }
    visits = tuple(sorted(seen | set(others)))
    if not visits:
        raise NoWorkFound("No warp has a valid pixel.")
    found = [stack for stack in stacks.values() if stack is not None]
    medians = [_median_variance([others[visit]] if visit in others else found, visit) for visit in visits]
    return WarpSurvey(box, visits, np.array(medians), _psf(stacks, others, visits, box))


def _box_of(visit: int, warp: Any) -> Box:
    try:
        return warp_box(warp)
    except InvalidExposureError as error:
        raise InvalidExposureError(f"Visit {visit}: {error}", visit=visit) from error


def _blocks(box: Box) -> dict[tuple[int, int], Box]:
    """Return blocks in the middle of every other of equal parts of a box."""
    height, width = (max(side // BLOCKS, 1) for side in box.shape)
    shape = min(height, BLOCK_SIDE), min(width, BLOCK_SIDE)
    return {
        (i, j): Box.from_shape(
            shape,
            (
                box.y_start + i * height + (height - shape[0]) // 2,
                box.x_start + j * width + (width - shape[1]) // 2,
            ),
        )
        for i in range(BLOCKS)
        for j in range(BLOCKS)
        if (i + j) % 2 == 0
    }


def _try_to_read(
    read: Callable[..., ExposureStack], warps: Mapping[int, Any], box: Box
) -> ExposureStack | None:
    try:
        return read(warps, box=box)
    except NoWorkFound:
        return None


def _median_variance(stacks: list[ExposureStack], visit: int) -> float:
    values = []
    for stack in stacks:
        if visit in stack.visits:
            index = stack.visits.index(visit)
            values.append(stack.variance[index][stack.valid[index]])
    return float(np.median(np.concatenate(values)))


def _psf(
    stacks: Mapping[tuple[int, int], ExposureStack | None],
    others: Mapping[int, ExposureStack],
    visits: tuple[int, ...],
    box: Box,
) -> PsfKernels:
    """Return the kernels of the blocks as those of coarse cells."""
    known = [(place, stack, stack.psf) for place, stack in stacks.items() if stack is not None]
    known += [((BLOCKS // 2, BLOCKS // 2), stack, stack.psf) for stack in others.values()]
    finer = [(place, stack, stack.psf.finer) for place, stack, _ in known if stack.psf.finer is not None]
    psf = _psf_of_blocks(known, visits, box)
    return dataclasses.replace(psf, finer=_psf_of_blocks(finer, visits, box)) if finer else psf


def _psf_of_blocks(
    known: list[tuple[tuple[int, int], ExposureStack, PsfKernels]], visits: tuple[int, ...], box: Box
) -> PsfKernels:
    size = max(psf.size for _, _, psf in known)
    kernels = np.full((len(visits), BLOCKS, BLOCKS, size, size), np.nan, np.float32)
    for (i, j), stack, psf in known:
        for visit, kernel in zip(stack.visits, psf.at(*stack.box.center), strict=True):
            kernels[visits.index(visit), i, j] = padded_kernels(kernel, size)
    cell_shape = -(-box.shape[0] // BLOCKS), -(-box.shape[1] // BLOCKS)
    return PsfKernels(kernels, box, cell_shape, oversampling=known[0][2].oversampling)
