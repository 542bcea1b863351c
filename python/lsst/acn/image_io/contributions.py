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

"""Which exposures went into a coadd, and how much of each."""

from __future__ import annotations

__all__ = ("CoaddInput", "ProvenanceCollector", "make_provenance")

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lsst.images.cells import CellIJ, CoaddProvenance

from ..exposures.boxes import Box
from ..exposures.mask_planes import NO_DATA, plane_bitmask
from ..exposures.psf_kernels import kernel_moments
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from .geometry import PatchGeometry, box_from_images, box_to_images


@dataclasses.dataclass(frozen=True)
class CoaddInput:
    """Identity of one exposure.

    Parameters
    ----------
    instrument : `str`
        Name of the instrument.
    visit : `int`
        Identifier of the visit.
    physical_filter : `str`
        Name of the filter.
    day_obs : `int`
        Night of the observation, as in 20260131.
    detector : `int`, optional
        Identifier of the detector; a warp of many has no single one.
    """

    instrument: str
    visit: int
    physical_filter: str
    day_obs: int
    detector: int = 0

    @classmethod
    def from_data_id(cls, data_id: Mapping[str, Any]) -> CoaddInput:
        """Return the identity that an expanded data ID states.

        Parameters
        ----------
        data_id : `~collections.abc.Mapping`
            Data ID with visit and what that implies.
        """
        return cls(
            instrument=str(data_id["instrument"]),
            visit=int(data_id["visit"]),
            physical_filter=str(data_id["physical_filter"]),
            day_obs=int(data_id["day_obs"]),
        )


class ProvenanceCollector:
    """What each exposure gives to each cell, gathered strip by strip.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    inputs : `~collections.abc.Sequence` [`CoaddInput`]
        Their identities, in any order.

    Raises
    ------
    ValueError
        Raised if an exposure's identity is missing.
    """

    def __init__(self, exposures: ExposureSource, inputs: Sequence[CoaddInput]) -> None:
        self._exposures = exposures
        self._identities = {identity.visit: identity for identity in inputs}
        if unknown := [visit for visit in exposures.visits if visit not in self._identities]:
            raise ValueError(f"The inputs say nothing of visits {unknown}.")
        self._covered: dict[int, Box] = {}
        self._rows: list[tuple[CoaddInput, CellIJ, dict[str, Any]]] = []

    def add(self, box: Box, strip: ExposureStack) -> None:
        """Add the cells of some rows of the patch.

        Parameters
        ----------
        box : `Box`
            These rows, which hold whole cells.
        strip : `ExposureStack`
            The exposures, on at least these rows.
        """
        stack = strip.cutout(box)
        for index, visit in enumerate(stack.visits):
            if (covered := _covered(stack, index)) is not None:
                before = self._covered.get(visit, covered)
                self._covered[visit] = before.union(covered)
        for cell, cell_box in _cells(self._exposures.geometry, box):
            kernels = stack.psf.at(*cell_box.center)
            for index, visit in enumerate(stack.visits):
                if (row := _contribution(stack, index, cell_box)) is not None:
                    shape = _shape_columns(kernels[index].tobytes(), stack.psf.size)
                    self._rows.append((self._identities[visit], cell, row | shape))

    def finish(self) -> CoaddProvenance:
        """Return the tables.

        Returns
        -------
        provenance : `lsst.images.cells.CoaddProvenance`
            One input for each exposure and one contribution for each exposure
            and cell in which it has a valid pixel.
        """
        visits = self._exposures.visits
        table = CoaddProvenance.make_empty_input_table(len(visits))
        for row, visit in enumerate(visits):
            for name, value in dataclasses.asdict(self._identities[visit]).items():
                table[name][row] = value
            covered = self._covered.get(visit, self._exposures.box)
            table["polygon"][row] = box_to_images(covered).to_polygon()
        return CoaddProvenance(table, _contribution_table(self._rows))


def make_provenance(stack: ExposureStack, inputs: Sequence[CoaddInput]) -> CoaddProvenance:
    """Return the tables that tell what each exposure gave to each cell.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    inputs : `~collections.abc.Sequence` [`CoaddInput`]
        Their identities, in any order.

    Returns
    -------
    provenance : `lsst.images.cells.CoaddProvenance`
        As `ProvenanceCollector` makes it.

    Raises
    ------
    ValueError
        Raised if an exposure's identity is missing.
    """
    collector = ProvenanceCollector(stack, inputs)
    collector.add(stack.box, stack)
    return collector.finish()


def _covered(stack: ExposureStack, index: int) -> Box | None:
    """Return the smallest box with all valid pixels of an exposure."""
    y, x = (np.flatnonzero(stack.valid[index].any(axis=axis)) for axis in (1, 0))
    if not len(y):
        return None
    return Box(
        stack.box.y_start + int(y[0]),
        stack.box.y_start + int(y[-1]) + 1,
        stack.box.x_start + int(x[0]),
        stack.box.x_start + int(x[-1]) + 1,
    )


def _contribution_table(rows: Sequence[tuple[CoaddInput, CellIJ, dict[str, Any]]]) -> Any:
    table = CoaddProvenance.make_empty_contribution_table(len(rows))
    for row, (identity, cell, contribution) in enumerate(rows):
        values = {"cell_i": cell.i, "cell_j": cell.j, **contribution}
        for name in ("instrument", "visit", "detector"):
            values[name] = getattr(identity, name)
        for name, value in values.items():
            table[name][row] = value
    return table


def _cells(geometry: PatchGeometry, wanted: Box) -> Iterator[tuple[CellIJ, Box]]:
    grid = geometry.patch.cells
    for i in range(grid.grid_size.i):
        for j in range(grid.grid_size.j):
            cell = CellIJ(i=i, j=j)
            if (box := box_from_images(grid.bbox_of(cell))).overlaps(wanted):
                yield cell, box


def _contribution(stack: ExposureStack, index: int, cell: Box) -> dict[str, float | bool] | None:
    rows, columns = cell.intersection(stack.box).slices_within(stack.box)
    valid = stack.valid[index, rows, columns]
    if not valid.any():
        return None
    no_data = plane_bitmask([NO_DATA], stack.mask_planes)
    covered = np.count_nonzero((stack.mask[index, rows, columns] & no_data) == 0)
    area = cell.shape[0] * cell.shape[1]
    variance = stack.variance[index, rows, columns][valid]
    return {
        "overlaps_center": _is_valid_at(stack, index, cell.center),
        "overlap_fraction": covered / area,
        "unmasked_fraction": np.count_nonzero(valid) / area,
        "weight": 1.0 / float(variance.mean(dtype=np.float64)),
    }


def _is_valid_at(stack: ExposureStack, index: int, point: tuple[float, float]) -> bool:
    y, x = int(point[0]) - stack.box.y_start, int(point[1]) - stack.box.x_start
    inside = 0 <= y < stack.shape[0] and 0 <= x < stack.shape[1]
    return inside and bool(stack.valid[index, y, x])


@functools.lru_cache(maxsize=256)
def _shape_columns(kernel: bytes, size: int) -> dict[str, float | bool]:
    """Return the columns on the shape of a PSF; the same one comes often."""
    xx, yy, xy = kernel_moments(np.frombuffer(kernel, np.float32).reshape(size, size))
    return {
        "psf_shape_xx": xx,
        "psf_shape_yy": yy,
        "psf_shape_xy": xy,
        "psf_shape_flag": not np.isfinite(xx),
    }
