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


"""Exposures whose corrections are made when they are asked for."""

from __future__ import annotations

__all__ = ("CorrectedExposures", "corrected")

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from .corrections import SCALE, ExposureCorrections


def corrected(exposures: ExposureSource, corrections: ExposureCorrections) -> ExposureSource:
    """Return exposures without what is wrong with them.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    corrections : `ExposureCorrections`
        Of all of these.

    Returns
    -------
    corrected : `ExposureSource`
        A stack of a stack, and a stream of what is streamed.
    """
    if not corrections:
        return exposures
    if isinstance(exposures, ExposureStack):
        return corrections.applied(exposures)
    return CorrectedExposures(exposures, corrections)


class CorrectedExposures:
    """An `ExposureSource` that corrects what another one gives out.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    corrections : `ExposureCorrections`
        Of all of these.
    """

    def __init__(self, exposures: ExposureSource, corrections: ExposureCorrections) -> None:
        self._exposures = exposures
        self._corrections = corrections.of_visits(exposures.visits)
        self.psf: PsfKernels = self._corrections.applied_to_psf(exposures.psf)

    @property
    def box(self) -> Box:
        return self._exposures.box

    @property
    def visits(self) -> tuple[int, ...]:
        return self._exposures.visits

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
        return self._exposures.median_variances() / (1.0 + self._corrections.values[:, SCALE]) ** 2

    def select(self, indices: Sequence[int] | np.ndarray) -> CorrectedExposures:
        return CorrectedExposures(self._exposures.select(indices), self._corrections)

    def cutout(self, box: Box) -> ExposureStack:
        return self._corrections.applied(self._exposures.cutout(box))

    def exposure(self, index: int) -> ExposureStack:
        return self._corrections.applied(self._exposures.exposure(index))

    def strips(self, reach: int) -> Iterator[tuple[Box, ExposureStack]]:
        for rows, stack in self._exposures.strips(reach):
            yield rows, self._corrections.applied(stack)
