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

from collections.abc import Sequence

import numpy as np

from ..exposures.changed_exposures import ChangedExposures, changed_stack
from ..exposures.noise_unit import ExposuresInUnit, in_unit
from ..exposures.psf_kernels import PsfKernels
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from .corrections import SCALE, ExposureCorrections


def corrected(
    exposures: ExposureSource, corrections: ExposureCorrections, factor: float = 1.0
) -> ExposureSource:
    """Return exposures without what is wrong with them, in another unit.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    corrections : `ExposureCorrections`
        Of all of these, in their unit.
    factor : `float`, optional
        What pixels are multiplied by.

    Returns
    -------
    corrected : `ExposureSource`
        A stack of a stack, and a stream of what is streamed.
    """
    if not corrections:
        return in_unit(exposures, factor)
    scaled = exposures if factor == 1.0 else ExposuresInUnit(exposures, factor)
    changed = CorrectedExposures(scaled, corrections.in_unit(factor))
    return changed_stack(exposures, changed) if isinstance(exposures, ExposureStack) else changed


class CorrectedExposures(ChangedExposures):
    """An `ExposureSource` that corrects what another one gives out.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    corrections : `ExposureCorrections`
        Of all of these.
    """

    def __init__(self, exposures: ExposureSource, corrections: ExposureCorrections) -> None:
        super().__init__(exposures)
        self._corrections = corrections.of_visits(exposures.visits)
        self._psf = self._corrections.applied_to_psf(exposures.psf)

    @property
    def psf(self) -> PsfKernels:
        return self._psf

    def median_variances(self) -> np.ndarray:
        return super().median_variances() / (1.0 + self._corrections.values[:, SCALE]) ** 2

    def select(self, indices: Sequence[int] | np.ndarray) -> CorrectedExposures:
        return CorrectedExposures(self._exposures.select(indices), self._corrections)

    def changed(self, stack: ExposureStack) -> ExposureStack:
        return self._corrections.applied(stack)
