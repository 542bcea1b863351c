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

"""Exposures of a restored image, with noise that is drawn anew."""

from __future__ import annotations

__all__ = ("NoiseExposures",)

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..exposures.boxes import Box
from ..exposures.changed_exposures import ChangedExposures
from ..exposures.noise_source import NoiseSource
from ..exposures.random_streams import random_stream
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from .cell_residual import PictureSpectra, predicted_cell
from .patch_residual import cells_in, residual_cells


class NoiseExposures(ChangedExposures):
    """An `ExposureSource` of what a restored image predicts, and of noise.

    The noise has the variances of the exposures.  Its pattern is that of
    ``warped`` where there is one, with the correlations that warping makes;
    elsewhere it is drawn pixel by pixel, for the variance planes say nothing
    of these.  Each row of each exposure has a stream of its own, so that a
    pixel has the same noise however it is read.

    Parameters
    ----------
    exposures : `ExposureSource`
        Where variances, masks and PSFs come from.
    restored : `numpy.ndarray`
        Image that ``spectra.kernel`` turns into the restored one, on the patch
        grown by half a PSF kernel.
    spectra : `PictureSpectra`
        Its way to the restored image.
    seed : `int`
        Seed of the draws.
    layer : `int`
        Which of several draws.
    warped : `~lsst.acn.exposures.noise_source.NoiseSource`, optional
        Noise that was warped as the exposures were.
    """

    def __init__(
        self,
        exposures: ExposureSource,
        restored: np.ndarray,
        spectra: PictureSpectra,
        *,
        seed: int,
        layer: int,
        warped: NoiseSource | None = None,
    ) -> None:
        super().__init__(exposures)
        self._restored, self._spectra = restored, spectra
        self._seed, self._layer, self._warped = seed, layer, warped
        self._cells = residual_cells(exposures)

    def select(self, indices: Sequence[int] | np.ndarray) -> NoiseExposures:
        return NoiseExposures(
            self._exposures.select(indices),
            self._restored,
            self._spectra,
            seed=self._seed,
            layer=self._layer,
            warped=self._warped,
        )

    def changed(self, stack: ExposureStack) -> ExposureStack:
        restored_box = self.box.grown_by(self.psf.radius)
        image = np.zeros(stack.image.shape, np.float32)
        for cell in cells_in(stack.box, *self._cells):
            predicted = predicted_cell(stack, cell, self._restored, restored_box, self._spectra)
            image[:, *cell.slices_within(stack.box)] = predicted
        sigma = np.sqrt(np.where(stack.valid, stack.variance, np.float32(0.0)))
        image += sigma * self._noise(stack)
        return dataclasses.replace(stack, image=np.where(stack.valid, image, np.float32(0.0)))

    def _noise(self, stack: ExposureStack) -> np.ndarray:
        noise = np.empty(stack.image.shape, np.float32)
        # On a finer grid, the noise of a measured pixel is in all that repeat it.
        measured = stack.box.on_coarser_grid(stack.sampling)
        inside = stack.box.slices_within(measured.on_finer_grid(stack.sampling))
        for number, visit in enumerate(stack.visits):
            known = self._warped.standard_noise(visit, measured) if self._warped else None
            if known is None or np.isnan(_repeated(known, stack.sampling)[inside][stack.valid[number]]).any():
                drawn = self._drawn(visit, measured, self.box.on_coarser_grid(stack.sampling))
                known = drawn if known is None else np.where(np.isnan(known), drawn, known)
            noise[number] = _repeated(known, stack.sampling)[inside]
        # What is not valid may be anything, but has to be a number.
        return np.nan_to_num(noise, copy=False)

    def _drawn(self, visit: int, box: Box, patch: Box) -> np.ndarray:
        noise = np.empty(box.shape, np.float32)
        columns = slice(box.x_start - patch.x_start, box.x_stop - patch.x_start)
        for row in range(box.shape[0]):
            # A patch may begin before the first row of its tract.
            place = box.y_start + row - patch.y_start
            rng = random_stream(self._seed, "noise layer", self._layer, visit, place)
            noise[row] = rng.standard_normal(patch.shape[1], np.float32)[columns]
        return noise


def _repeated(noise: np.ndarray, factor: int) -> np.ndarray:
    return noise if factor == 1 else noise.repeat(factor, axis=0).repeat(factor, axis=1)
