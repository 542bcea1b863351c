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

"""The exposures of a patch in the memory of a device, and tiles cut from them there."""

from __future__ import annotations

__all__ = ("ResidentPatch",)

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...exposures.boxes import Box
from ...exposures.psf_kernels import PsfKernels
from ...forward.forward_model import ForwardModel
from .inputs import PatchInputs


class ResidentPatch:
    """What `PatchInputs` hands over with every step, handed over once.

    A step is then told no more than where its tiles are.

    Parameters
    ----------
    inputs : `PatchInputs`
        The patch.
    forward_model : `ForwardModel`
        The decoder, for the tiles of training.

    Attributes
    ----------
    tensors : `tuple`
        Encoder input, exposures, inverse standard deviations and PSF spectra
        of all cells.
    """

    def __init__(self, inputs: PatchInputs, forward_model: ForwardModel) -> None:
        from keras import ops

        self._box, self._psf, self._margin = inputs.box, inputs.psf, inputs.margin
        self._shape = forward_model.shape
        centres = _cell_centres(inputs.psf)
        spectra = np.stack([forward_model.spectra(inputs.psf.at(*centre)) for centre in centres])
        self.tensors = tuple(ops.convert_to_tensor(array) for array in (*inputs.planes(), spectra))

    def places(self, batches: Sequence[Sequence[Box]]) -> list[np.ndarray]:
        """Return where the tiles of some batches are.

        Parameters
        ----------
        batches : `~collections.abc.Sequence`
            Batches of tiles inside the patch, as many in each.

        Returns
        -------
        places : `list` [`numpy.ndarray`]
            First pixels, shape ``(len(batches), b, 2)``, and numbers of PSF
            cells, ``(len(batches), b)``, or ``(len(batches), 1)`` where there
            is but one; int32.
        """
        corners = [
            [(tile.y_start - self._box.y_start, tile.x_start - self._box.x_start) for tile in tiles]
            for tiles in batches
        ]
        used = [tiles[:1] if self._psf.is_constant else tiles for tiles in batches]
        grid = self._psf.kernels.shape[1:3]
        cells = [
            [np.ravel_multi_index(self._psf.cell_of(*tile.center), grid) for tile in tiles] for tiles in used
        ]
        return [np.array(corners, np.int32), np.array(cells, np.int32)]

    def cut(self, batch: Sequence[Any]) -> tuple[Any, ...]:
        """Return the tensors of a training step.

        Parameters
        ----------
        batch : `~collections.abc.Sequence`
            A part of `places`, and `tensors`.

        Returns
        -------
        tensors : `tuple`
            As `PatchInputs.batch` returns arrays.
        """
        from keras import ops

        corners, cells, exposures, data, root_weight, spectra = batch
        n_exposures = data.shape[0]
        height, width = self._shape
        more = 2 * (self._margin + self._psf.radius)
        zero = ops.zeros(1, "int32")
        seen, planes = [], []
        for number in range(corners.shape[0]):
            corner = corners[number]
            last = ops.concatenate([corner, zero])
            seen.append(ops.slice(exposures, last, (height + more, width + more, n_exposures)))
            first = ops.concatenate([zero, corner])
            planes.append(
                [ops.slice(plane, first, (n_exposures, height, width)) for plane in (data, root_weight)]
            )
        return (
            ops.stack(seen),
            *(ops.stack([tile[number] for tile in planes]) for number in (0, 1)),
            ops.take(spectra, cells, axis=0),
        )


def _cell_centres(psf: PsfKernels) -> list[tuple[float, float]]:
    """Return the middle of each PSF cell, row by row."""
    rows, columns = (
        start + side * (np.arange(number) + 0.5) - 0.5
        for start, side, number in zip(
            (psf.box.y_start, psf.box.x_start), psf.cell_shape, psf.kernels.shape[1:3], strict=True
        )
    )
    return [(float(y), float(x)) for y in rows for x in columns]
