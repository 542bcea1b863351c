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

"""Exposures on a grid of pixels that is finer than theirs."""

from __future__ import annotations

__all__ = ("FinerExposures", "measured_alone", "on_finer_grid")

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .boxes import Box
from .changed_exposures import ChangedExposures
from .finer_psfs import finer_psf
from .psf_kernels import PsfKernels
from .source import ExposureSource
from .stack import ExposureStack

STRIP = 640
"""Rows of the finer grid, about, that are given out at once."""


def on_finer_grid(exposures: ExposureSource, factor: int, *, repeats: bool = True) -> ExposureSource:
    """Return exposures on a finer grid.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    factor : `int`
        Pixels of the finer grid per pixel, along each axis.
    repeats : `bool`, optional
        As `FinerExposures` takes it.

    Returns
    -------
    finer : `ExposureSource`
        The exposures themselves where the factor is 1.
    """
    return exposures if factor == 1 else FinerExposures(exposures, factor, repeats=repeats)


class FinerExposures(ChangedExposures):
    r"""An `ExposureSource` of what another one measures, on a finer grid.

    Pixel :math:`i` of an exposure is the square of pixels :math:`r i` to
    :math:`r i + r - 1` along each axis; its middle is at :math:`r i + (r - 1)
    / 2`.  What it has measured, the sum of what its PSF makes of a latent
    image, stands in all of them, divided by :math:`r^2`, so that light keeps
    its sum.  It counts in one of them only, with the PSF that belongs to that
    (`~lsst.acn.exposures.finer_psfs.finer_psf`): the others are there for those
    who look at neighbours.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are, their PSFs off centre by their dithers.
    factor : `int`
        :math:`r`.
    repeats : `bool`, optional
        Whether pixels that repeat a measured one are valid.  Without them,
        exposures are as any others with masked pixels.
    """

    def __init__(self, exposures: ExposureSource, factor: int, *, repeats: bool = True) -> None:
        super().__init__(exposures)
        self._repeats = repeats
        self._factor = factor
        self._box = exposures.box.on_finer_grid(factor)
        self._kernels: PsfKernels | None = None
        geometry = exposures.geometry
        self._geometry = geometry.on_finer_grid(factor) if hasattr(geometry, "on_finer_grid") else geometry

    @property
    def box(self) -> Box:
        return self._box

    @property
    def psf(self) -> PsfKernels:
        if self._kernels is None:
            self._kernels = finer_psf(self._exposures.psf, self._factor)
        return self._kernels

    @property
    def geometry(self) -> Any:
        return self._geometry

    def median_variances(self) -> np.ndarray:
        return super().median_variances() / self._factor**4

    def select(self, indices: Sequence[int] | np.ndarray) -> FinerExposures:
        return FinerExposures(self._exposures.select(indices), self._factor, repeats=self._repeats)

    def changed(self, stack: ExposureStack) -> ExposureStack:
        factor = self._factor
        area = np.float32(factor**2)
        psf = self.psf if stack.psf is self._exposures.psf else finer_psf(stack.psf, factor)
        repeated = stack.map_planes(
            stack.box.on_finer_grid(factor),
            lambda planes: planes.repeat(factor, axis=1).repeat(factor, axis=2),
        )
        finer = dataclasses.replace(
            repeated,
            image=repeated.image / area,
            variance=repeated.variance / area**2,
            psf=psf,
            geometry=self._geometry,
            sampling=factor,
        )
        return finer if self._repeats else measured_alone(finer)

    def cutout(self, box: Box) -> ExposureStack:
        return super().cutout(box.on_coarser_grid(self._factor)).cutout(box)

    def strips(self, reach: int) -> Iterator[tuple[Box, ExposureStack]]:
        factor = self._factor
        for rows, stack in self._exposures.strips(-(-reach // factor)):
            for part in self._parts(rows):
                grown = part.grown_by(-(-reach // factor))
                around = Box(grown.y_start, grown.y_stop, rows.x_start, rows.x_stop).intersection(stack.box)
                yield part.on_finer_grid(factor), self.changed(stack.cutout(around))

    def _parts(self, rows: Box) -> list[Box]:
        """Return rows of the exposures in parts of whole cells, as equally high as can be."""
        psf, geometry = self._exposures.psf, self._exposures.geometry
        if not psf.is_constant:
            first, height = psf.box.y_start, psf.cell_shape[0]
        elif hasattr(geometry, "cell_box"):
            first, height = geometry.cell_box.y_start, geometry.cell_shape[0]
        else:
            first, height = rows.y_start, 1
        number = max(round(rows.shape[0] * self._factor / STRIP), 1)
        wanted = np.linspace(rows.y_start, rows.y_stop, number + 1)[1:-1]
        edges = {first + height * round((edge - first) / height) for edge in wanted}
        inside = sorted(edge for edge in edges if rows.y_start < edge < rows.y_stop)
        starts, stops = [rows.y_start, *inside], [*inside, rows.y_stop]
        return [Box(*pair, rows.x_start, rows.x_stop) for pair in zip(starts, stops, strict=True)]


def measured_alone(finer: ExposureStack) -> ExposureStack:
    """Return exposures whose pixels are valid where they have been measured, and nowhere else.

    Parameters
    ----------
    finer : `ExposureStack`
        Exposures on a finer grid, or on their own.

    Returns
    -------
    measured : `ExposureStack`
        The same without pixels that repeat another one.
    """
    if finer.sampling == 1:
        return finer
    valid = finer.valid & (finer.sampling_counts() > 0)
    return dataclasses.replace(
        finer,
        image=np.where(valid, finer.image, np.float32(0.0)),
        variance=np.where(valid, finer.variance, np.float32(np.inf)),
        valid=valid,
        sampling=1,
    )
