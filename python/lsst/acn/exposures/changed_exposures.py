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


"""An exposure source whose pixels are changed as they are read."""

from __future__ import annotations

__all__ = ("ChangedExposures", "changed_stack")

import abc
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .boxes import Box
from .psf_kernels import PsfKernels
from .source import ExposureSource
from .stack import ExposureStack


class ChangedExposures(abc.ABC):
    """An `ExposureSource` that changes what another one gives out.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    """

    def __init__(self, exposures: ExposureSource) -> None:
        self._exposures = exposures

    @property
    def box(self) -> Box:
        return self._exposures.box

    @property
    def visits(self) -> tuple[int, ...]:
        return self._exposures.visits

    @property
    def psf(self) -> PsfKernels:
        return self._exposures.psf

    @property
    def unit(self) -> str:
        return self._exposures.unit

    @property
    def band(self) -> str | None:
        return self._exposures.band

    @property
    def geometry(self) -> Any:
        return self._exposures.geometry

    @property
    def mask_planes(self) -> Mapping[str, int]:
        return self._exposures.mask_planes

    def __len__(self) -> int:
        return len(self._exposures)

    def median_variances(self) -> np.ndarray:
        return self._exposures.median_variances()

    @abc.abstractmethod
    def select(self, indices: Sequence[int] | np.ndarray) -> ExposureSource:
        """Return some of the exposures, changed alike.

        Parameters
        ----------
        indices : `~collections.abc.Sequence` [`int`]
            Their positions, in the order wanted.

        Returns
        -------
        exposures : `ExposureSource`
            These.
        """

    @abc.abstractmethod
    def changed(self, stack: ExposureStack) -> ExposureStack:
        """Return exposures as they are given out.

        Parameters
        ----------
        stack : `ExposureStack`
            Some of the exposures, on any part of the patch.

        Returns
        -------
        changed : `ExposureStack`
            On the same pixels.
        """

    def cutout(self, box: Box) -> ExposureStack:
        return self.changed(self._exposures.cutout(box))

    def exposure(self, index: int) -> ExposureStack:
        return self.changed(self._exposures.exposure(index))

    def strips(self, reach: int) -> Iterator[tuple[Box, ExposureStack]]:
        for rows, stack in self._exposures.strips(reach):
            yield rows, self.changed(stack)


def changed_stack(stack: ExposureStack, changed: ExposureSource) -> ExposureStack:
    """Return in memory what becomes of a stack, made one exposure at a time.

    Changing all planes at once would need them three times over.

    Parameters
    ----------
    stack : `ExposureStack`
        As it is.
    changed : `ExposureSource`
        Gives out its exposures with other images, variances, PSFs or unit;
        what is valid, and masks, are as before.

    Returns
    -------
    stack : `ExposureStack`
        Sharing with the one given what has not changed.
    """
    image, variance = np.empty_like(stack.image), np.empty_like(stack.variance)
    for index in range(len(stack)):
        part = changed.exposure(index)
        image[index], variance[index] = part.image[0], part.variance[0]
    return dataclasses.replace(stack, image=image, variance=variance, psf=changed.psf, unit=changed.unit)
