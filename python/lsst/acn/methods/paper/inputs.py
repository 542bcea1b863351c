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

"""The arrays of a patch, ready to be cut into tiles for a network."""

from __future__ import annotations

__all__ = ("PatchInputs",)

from collections.abc import Sequence

import numpy as np

from ...coadd.robust_coadd import fill_invalid, robust_coadd
from ...exposures.boxes import Box
from ...exposures.stack import ExposureStack
from ...forward.forward_model import ForwardModel
from ...machine.shared_arrays import stack_aligned

MAX_CACHED_CELLS = 64


class PatchInputs:
    """A stack in units of its noise, filled, and extended beyond its edges.

    Parameters
    ----------
    stack : `ExposureStack`
        What is to be restored.
    margin : `int`
        Number of pixels by which an encoder's input exceeds its output on
        every side.
    scale : `float`, optional
        Unit of everything that a network sees, if not the typical noise of
        this stack.

    Notes
    -----
    Beyond the edges of the patch the encoder sees the mirror image of the
    patch; the loss never does.
    """

    def __init__(self, stack: ExposureStack, margin: int, *, scale: float | None = None) -> None:
        self.box = stack.box
        self.psf = stack.psf
        self.margin = margin
        self._sampling = stack.sampling
        self.scale = scale or float(np.sqrt(np.median(stack.median_variances())))
        reach = margin + stack.psf.radius
        self._input_box = stack.box.grown_by(reach)
        widths = [(reach, reach), (reach, reach)]
        coadd = robust_coadd(stack.image, stack.variance, stack.valid)
        self._coadd = np.pad(coadd / self.scale, widths, mode="symmetric")
        filled = fill_invalid(stack.image, stack.valid, coadd) / self.scale
        self._filled = np.ascontiguousarray(
            np.moveaxis(np.pad(filled, [(0, 0), *widths], mode="symmetric"), 0, -1)
        )
        self._data = stack.image / self.scale
        self._noise = np.sqrt(stack.variance) / self.scale
        # Pixels that repeat others on a finer grid do not count.
        self._root_weight = np.where(stack.sampling_counts() > 0, 1.0 / self._noise, np.float32(0.0))
        self._spectra: dict[tuple[tuple[int, int], tuple[int, int]], np.ndarray] = {}

    def encoder_input(self, latent_box: Box) -> np.ndarray:
        """Return what an encoder sees to make the latent image of a box.

        Parameters
        ----------
        latent_box : `Box`
            Pixels of the latent image, at most ``k // 2`` outside the patch.

        Returns
        -------
        exposures : `numpy.ndarray`
            Shape ``(height + 2 margin, width + 2 margin, n)``.
        """
        rows, columns = latent_box.grown_by(self.margin).slices_within(self._input_box)
        return self._filled[rows, columns]

    def noise_level(self, latent_box: Box) -> np.ndarray:
        """Return the standard deviation that belongs to `encoder_input`.

        Parameters
        ----------
        latent_box : `Box`
            As `encoder_input` takes it.

        Returns
        -------
        sigma : `numpy.ndarray`
            In units of the noise, mirrored as the exposures are, and 0 where
            they are filled.
        """
        reach = self.margin + self.psf.radius
        height, width = self.box.shape
        grown = latent_box.grown_by(self.margin)
        rows = _mirrored(np.arange(grown.y_start, grown.y_stop) - self.box.y_start, height, reach)
        columns = _mirrored(np.arange(grown.x_start, grown.x_stop) - self.box.x_start, width, reach)
        noise = np.moveaxis(self._noise[:, rows[:, None], columns[None, :]], 0, -1)
        return np.where(np.isfinite(noise), noise, np.float32(0.0))

    def drawn_noise(self, latent_box: Box, rng: np.random.Generator) -> np.ndarray:
        """Return noise of the exposures, as `encoder_input` has these.

        Parameters
        ----------
        latent_box : `Box`
            As `encoder_input` takes it.
        rng : `numpy.random.Generator`
            Source of the draws.

        Returns
        -------
        noise : `numpy.ndarray`
            In units of the noise; on a grid that is finer than those of the
            exposures, pixels that repeat each other have the same.
        """
        level, step = self.noise_level(latent_box), self._sampling
        grown = latent_box.grown_by(self.margin)
        measured = grown.on_coarser_grid(step)
        drawn = rng.standard_normal((*measured.shape, level.shape[-1]), np.float32)
        if step > 1:
            inside = grown.slices_within(measured.on_finer_grid(step))
            drawn = drawn.repeat(step, axis=0).repeat(step, axis=1)[inside]
        return level * drawn

    def coadd(self, latent_box: Box) -> np.ndarray:
        """Return the robust coadd in units of the noise on a box.

        Parameters
        ----------
        latent_box : `Box`
            As `encoder_input` takes it.

        Returns
        -------
        coadd : `numpy.ndarray`
            Shape ``latent_box.shape``.
        """
        return self._coadd[latent_box.slices_within(self._input_box)]

    def planes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the whole of what `batch` cuts tiles from.

        Returns
        -------
        exposures : `numpy.ndarray`
            Encoder input, shape ``(height + k - 1 + 2 margin, ..., n)``.
        data, root_weight : `numpy.ndarray`
            Exposures in units of the noise and their inverse standard
            deviations, shape ``(n, height, width)``.
        """
        return self._filled, self._data, self._root_weight

    def batch(self, tiles: Sequence[Box], forward_model: ForwardModel) -> tuple[np.ndarray, ...]:
        """Return the arrays of a training step.

        Parameters
        ----------
        tiles : `~collections.abc.Sequence` [`Box`]
            Equal tiles inside the patch.
        forward_model : `ForwardModel`
            The decoder, for tiles of this size.

        Returns
        -------
        exposures : `numpy.ndarray`
            Encoder input, shape ``(b, height + k - 1 + 2 margin, ..., n)``.
        data : `numpy.ndarray`
            Exposures in units of the noise, shape ``(b, n, height, width)``.
        root_weight : `numpy.ndarray`
            Inverse standard deviation, 0 where not valid, same shape.
        spectra : `numpy.ndarray`
            PSF spectra at the centres of the tiles, shape ``(b, n, u, v)``;
            ``b`` is 1 if the PSFs do not vary.
        """
        cut = [np.s_[:, *tile.slices_within(self.box)] for tile in tiles]
        same_psf = tiles[:1] if self.psf.is_constant else tiles
        return (
            stack_aligned([self.encoder_input(tile.grown_by(self.psf.radius)) for tile in tiles]),
            stack_aligned([self._data[index] for index in cut]),
            stack_aligned([self._root_weight[index] for index in cut]),
            stack_aligned([self._tile_spectra(tile, forward_model) for tile in same_psf]),
        )

    def _tile_spectra(self, tile: Box, forward_model: ForwardModel) -> np.ndarray:
        key = (self.psf.cell_of(*tile.center), forward_model.shape)
        if key not in self._spectra:
            if len(self._spectra) >= MAX_CACHED_CELLS:
                self._spectra.pop(next(iter(self._spectra)))
            self._spectra[key] = forward_model.spectra(self.psf.at(*tile.center))
        return self._spectra[key]


def _mirrored(index: np.ndarray, size: int, reach: int) -> np.ndarray:
    """Return indices into an array that symmetric padding would show."""
    return np.pad(np.arange(size), reach, mode="symmetric")[index + reach]
