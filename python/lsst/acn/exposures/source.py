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

"""What a stack in memory and warps on disk have in common."""

from __future__ import annotations

__all__ = ("ExposureSource",)

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from .boxes import Box
from .psf_kernels import PsfKernels
from .stack import ExposureStack


class ExposureSource(Protocol):
    """Co-registered exposures of one patch, to be had whole or in pieces.

    An `ExposureStack` is one whose pixels are all in memory.
    """

    @property
    def box(self) -> Box:
        """Position of the patch on the pixel grid of its tract (`Box`)."""

    @property
    def visits(self) -> tuple[int, ...]:
        """Identifier of each exposure (`tuple` [`int`])."""

    @property
    def psf(self) -> PsfKernels:
        """PSF kernels of the exposures, perhaps on a coarser grid than those
        of the pieces (`PsfKernels`).
        """

    @property
    def unit(self) -> str:
        """Unit of the pixels (`str`)."""

    @property
    def band(self) -> str | None:
        """Name of the band (`str` or `None`)."""

    @property
    def geometry(self) -> Any:
        """Sky projection and patch definition, for ``image_io``."""

    @property
    def mask_planes(self) -> Mapping[str, int]:
        """Bit number of each mask plane, by name."""

    def __len__(self) -> int: ...

    def median_variances(self) -> np.ndarray:
        """Return the median variance over valid pixels, shape ``(n,)``."""

    def select(self, indices: Sequence[int] | np.ndarray) -> ExposureSource:
        """Return some of the exposures.

        Parameters
        ----------
        indices : `~collections.abc.Sequence` [`int`]
            Their positions, in the order wanted.

        Returns
        -------
        exposures : `ExposureSource`
            These.
        """

    def cutout(self, box: Box) -> ExposureStack:
        """Return a part of the patch.

        Parameters
        ----------
        box : `Box`
            The pixels to keep.

        Returns
        -------
        stack : `ExposureStack`
            Without exposures that do not reach the box, if they have to be
            read.
        """

    def exposure(self, index: int) -> ExposureStack:
        """Return one exposure on the whole patch.

        Parameters
        ----------
        index : `int`
            Its position.

        Returns
        -------
        stack : `ExposureStack`
            The exposure alone.
        """

    def strips(self, reach: int) -> Iterator[tuple[Box, ExposureStack]]:
        """Yield the rows of the patch piece by piece.

        Parameters
        ----------
        reach : `int`
            How many more rows are wanted around each piece, where the patch
            has them.

        Yields
        ------
        rows : `Box`
            Disjoint, in ascending order, and of whole cells; rows that no
            exposure reaches are passed over.
        stack : `ExposureStack`
            Exposures on these and on the rows around them.
        """
