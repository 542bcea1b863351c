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

"""The warps of a patch that is too large to be in memory as a whole."""

from __future__ import annotations

__all__ = ("BYTES_PER_PIXEL", "WarpStream", "open_exposures")

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np

from lsst.pipe.base import NoWorkFound

from ..exposures.boxes import Box
from ..exposures.mask_planes import NO_DATA, OUTPUT_PLANES
from ..exposures.psf_kernels import PsfKernels
from ..exposures.rows import join_rows
from ..exposures.stack import ExposureStack
from ..machine.side_thread import side_thread
from .any_warp import warp_box
from .psf_grid import psf_cells
from .shared_terms import SharedTerms
from .stack_reading import by_visit, read_exposure_stack
from .warp_survey import WarpSurvey, survey_warps

BYTES_PER_PIXEL = 13
"""Image, variance, mask and validity."""

BANDS_IN_MEMORY = 4.5
"""Bands of rows that are in memory at once: one that is worked on, joined
to its neighbours, these themselves, and one that is being read."""

_LOG = logging.getLogger(__name__)


class WarpStream:
    """Warps that are read row by row of cells, each pixel once.

    It is an `~lsst.acn.exposures.source.ExposureSource`.

    Parameters
    ----------
    read : `~collections.abc.Callable`
        Takes warps by visit and the keyword argument ``box``; returns an
        `ExposureStack`.
    warps : `~collections.abc.Mapping` [`int`, `typing.Any`]
        Dataset handles by visit.
    survey : `WarpSurvey`
        What samples of the warps say of the whole.
    terms : `SharedTerms`
        That ``read`` reads by.
    cell_size : `int`
        Side of the cells in which the PSF is taken as constant.
    max_bytes : `int`
        Memory that the pixels of exposures may take.
    n_cores : `int`, optional
        Cores to use: with more than one, the next rows are read while others
        are worked on.
    """

    def __init__(
        self,
        read: Callable[..., ExposureStack],
        warps: Mapping[int, Any],
        survey: WarpSurvey,
        terms: SharedTerms,
        *,
        cell_size: int,
        max_bytes: int,
        n_cores: int = 2,
    ) -> None:
        self._read, self._warps, self._terms = read, warps, terms
        self._survey = survey
        self._cell_size = cell_size
        self._max_bytes = max_bytes
        self._n_cores = n_cores

    @property
    def box(self) -> Box:
        return self._survey.box

    @property
    def visits(self) -> tuple[int, ...]:
        return self._survey.visits

    @property
    def psf(self) -> PsfKernels:
        return self._survey.psf

    @property
    def unit(self) -> str:
        return self._terms.unit

    @property
    def band(self) -> str | None:
        return self._terms.band

    @property
    def geometry(self) -> Any:
        return self._terms.geometry

    @property
    def mask_planes(self) -> Mapping[str, int]:
        # A copy, for another thread may be reading further warps.
        return dict(self._terms.planes)

    def __len__(self) -> int:
        return len(self.visits)

    def median_variances(self) -> np.ndarray:
        return self._survey.median_variances

    def select(self, indices: Sequence[int] | np.ndarray) -> WarpStream:
        chosen = np.asarray(indices, dtype=int)
        return WarpStream(
            self._read,
            self._warps,
            self._survey.select(chosen),
            self._terms,
            cell_size=self._cell_size,
            max_bytes=self._max_bytes,
            n_cores=self._n_cores,
        )

    def cutout(self, box: Box) -> ExposureStack:
        if not self.box.contains(box):
            raise ValueError(f"Box {box} is not inside the patch's {self.box}.")
        return self._read(self._chosen(), box=box)

    def exposure(self, index: int) -> ExposureStack:
        visit = self.visits[index]
        return self._read({visit: self._warps[visit]}, box=self.box)

    def _chosen(self) -> dict[int, Any]:
        return {visit: self._warps[visit] for visit in self.visits}

    def strips(self, reach: int) -> Iterator[tuple[Box, ExposureStack]]:
        bands = self.bands()
        with side_thread("read-warps", self._n_cores) as reader:
            ahead = iter(bands)
            window: deque[tuple[Box, Future[ExposureStack | None]]] = deque()
            for band in bands:
                rows = band.grown_by(reach).intersection(self.box)
                rows = Box(rows.y_start, rows.y_stop, self.box.x_start, self.box.x_stop)
                # With a thread for it, the last one read is one more than is needed now.
                while not window or self._reads_on(window[-1][0], rows):
                    if (new := next(ahead, None)) is None:
                        break
                    window.append((new, reader.submit(self._read_band, new)))
                while window[0][0].y_stop <= rows.y_start:
                    window.popleft()
                parts = [future.result() for piece, future in window if piece.overlaps(rows)]
                if found := [part for part in parts if part is not None]:
                    no_data = 1 << self._terms.planes[NO_DATA]
                    yield band, join_rows(found, self.visits, rows, no_data)

    def _reads_on(self, last: Box, rows: Box) -> bool:
        edge = last.y_start if self._n_cores > 1 else last.y_stop
        return edge < rows.y_stop

    def _read_band(self, band: Box) -> ExposureStack | None:
        try:
            stack = self._read(self._chosen(), box=band)
        except NoWorkFound:
            return None
        _LOG.debug("Read %s of %d warps.", band, len(stack))
        return stack

    def bands(self) -> list[Box]:
        """Return the rows that are read together, whole cells of them.

        Returns
        -------
        bands : `list` [`Box`]
            Disjoint, ascending, as high as the memory allows.
        """
        start, (height, _) = psf_cells(self.geometry, self._cell_size)
        own = self.geometry.cell_shape[0]
        step = height * own // np.gcd(height, own)
        row_bytes = len(self) * self.box.shape[1] * BYTES_PER_PIXEL
        rows = int(self._max_bytes / (BANDS_IN_MEMORY * row_bytes)) // step * step
        rows = max(rows, step)
        first = start[0] + (self.box.y_start - start[0]) // rows * rows
        edges = [
            self.box.y_start,
            *(edge for edge in range(first, self.box.y_stop, rows) if edge > self.box.y_start),
            self.box.y_stop,
        ]
        return [
            Box(low, high, self.box.x_start, self.box.x_stop)
            for low, high in zip(edges[:-1], edges[1:], strict=True)
        ]


def open_exposures(
    warps: Mapping[int, Any] | Iterable[Any],
    *,
    max_bytes: int,
    psf_cell_size: int = 100,
    n_cores: int = 2,
    **options: Any,
) -> ExposureStack | WarpStream:
    """Read the warps of one patch, or make ready to read them piece by piece.

    Parameters
    ----------
    warps : `~collections.abc.Mapping` or `~collections.abc.Iterable`
        As `read_exposure_stack` takes them.
    max_bytes : `int`
        Memory that the pixels of exposures may take.  Patches that need more
        are not read as a whole, if they are known to a skymap.
    psf_cell_size : `int`, optional
        Side of the cells in which the PSF is taken as constant, in pixels.
    n_cores : `int`, optional
        Cores to use: with more than one, pieces are read ahead.
    **options
        Further arguments of `read_exposure_stack`.

    Returns
    -------
    exposures : `ExposureStack` or `WarpStream`
        All warps that have valid pixels.

    Raises
    ------
    InvalidExposureError
        Raised if a warp cannot be used or does not fit the others.
    lsst.pipe.base.NoWorkFound
        Raised if no warp has a valid pixel.
    """
    warps = warps if isinstance(warps, Mapping) else by_visit(warps)
    options["psf_cell_size"] = psf_cell_size
    if not warps or _size(warps) <= max_bytes:
        return read_exposure_stack(warps, **options)
    terms = SharedTerms(OUTPUT_PLANES)

    def read(some: Mapping[int, Any], *, box: Box) -> ExposureStack:
        return read_exposure_stack(some, box=box, terms=terms, **options)

    survey = survey_warps(read, warps, terms)
    if survey is None:
        _LOG.warning("The warps do not say which patch they belong to, and are read as a whole.")
        return read_exposure_stack(warps, **options)
    return WarpStream(
        read, warps, survey, terms, cell_size=psf_cell_size, max_bytes=max_bytes, n_cores=n_cores
    )


def _size(warps: Mapping[int, Any]) -> int:
    """Return the memory of all warps, if the first is as large as the others."""
    height, width = warp_box(next(iter(warps.values()))).shape
    return len(warps) * height * width * BYTES_PER_PIXEL
