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

"""Join pieces of a patch, read one after the other, to one stack."""

from __future__ import annotations

__all__ = ("join_rows",)

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from .boxes import Box
from .psf_kernels import PsfKernels, constant_kernels, padded_kernels
from .stack import ExposureStack


def join_rows(
    parts: Sequence[ExposureStack], visits: Sequence[int], rows: Box, no_data: int
) -> ExposureStack:
    """Return one stack from pieces that lie one above the other.

    Parameters
    ----------
    parts : `~collections.abc.Sequence` [`ExposureStack`]
        Adjacent pieces of the same columns, ascending, each perhaps of some
        of the exposures only; a plane of their masks has one bit in all.
        Cells of their PSFs are equally high, and each piece but the last
        holds whole ones.
    visits : `~collections.abc.Sequence` [`int`]
        All exposures, in order.
    rows : `Box`
        Pixels of the joined stack, covered by the pieces.
    no_data : `int`
        Bit mask of pixels that an exposure does not have.

    Returns
    -------
    stack : `ExposureStack`
        Those exposures that any of the pieces has.
    """
    present = [visit for visit in visits if any(visit in part.visits for part in parts)]
    empty: dict[str, Any] = {"image": 0.0, "variance": np.inf, "valid": False, "mask": no_data}
    planes: dict[str, Any] = {
        name: _joined(parts, present, rows, name, value) for name, value in empty.items()
    }
    return dataclasses.replace(
        parts[0],
        box=rows,
        visits=tuple(present),
        psf=_joined_psf([(part.psf, part.visits) for part in parts], present),
        mask_planes={name: bit for part in parts for name, bit in part.mask_planes.items()},
        **planes,
    )


def _joined(
    parts: Sequence[ExposureStack], visits: list[int], rows: Box, name: str, empty: float
) -> np.ndarray:
    joined = np.full((len(visits), *rows.shape), empty, getattr(parts[0], name).dtype)
    for part in parts:
        here = part.box.intersection(rows)
        there, source = here.slices_within(rows), here.slices_within(part.box)
        plane = getattr(part, name)
        for index, visit in enumerate(part.visits):
            joined[visits.index(visit), *there] = plane[index, *source]
    return joined


def _joined_psf(parts: Sequence[tuple[PsfKernels, tuple[int, ...]]], visits: list[int]) -> PsfKernels:
    psfs = [psf for psf, _ in parts]
    size = max(psf.size for psf in psfs)
    shape = next((psf.cell_shape for psf in psfs if not psf.is_constant), None)
    columns = max(psf.kernels.shape[2] for psf in psfs)
    box = Box(
        min(psf.box.y_start for psf in psfs),
        max(psf.box.y_stop for psf in psfs),
        psfs[0].box.x_start,
        psfs[0].box.x_stop,
    )
    grids = [_grid(psf, own, visits, size, shape, columns) for psf, own in parts]
    joined = np.concatenate(grids, axis=1)
    cells = joined.reshape(len(joined), -1, size, size)
    finer = [(psf.finer, own) for psf, own in parts if psf.finer is not None]
    if shape is None and (one := constant_kernels(cells)) is not None:
        result = PsfKernels.constant(one, box)
    else:
        result = PsfKernels(joined, box, shape or psfs[0].cell_shape)
    return dataclasses.replace(
        result,
        oversampling=psfs[0].oversampling,
        finer=_joined_psf(finer, visits) if len(finer) == len(parts) else None,
    )


def _grid(
    psf: PsfKernels,
    own: tuple[int, ...],
    visits: list[int],
    size: int,
    shape: tuple[int, int] | None,
    columns: int,
) -> np.ndarray:
    """Return the kernels of a piece for all visits, NaN for those it lacks."""
    n_rows = psf.kernels.shape[1] if shape is None else -(-psf.box.shape[0] // shape[0])
    grid = np.full((len(visits), n_rows, columns, size, size), np.nan, np.float32)
    for index, visit in enumerate(own):
        grid[visits.index(visit)] = padded_kernels(psf.kernels[index], size)
    return grid
