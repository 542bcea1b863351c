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


"""PSFs that were fitted to exposures, with errors, and exposures that have them."""

from __future__ import annotations

__all__ = ("EstimatedPsfs", "with_psfs")

import dataclasses
from collections.abc import Sequence

import numpy as np

from .changed_exposures import ChangedExposures
from .psf_kernels import PsfKernels, padded_kernels
from .source import ExposureSource
from .stack import ExposureStack


@dataclasses.dataclass(frozen=True, eq=False)
class EstimatedPsfs:
    """PSF kernels of the exposures of a patch, as these themselves have them.

    Parameters
    ----------
    visits : `tuple` [`int`, ...]
        Identifier of each exposure.
    psf : `PsfKernels`
        Kernels of unit sum, nowhere negative; in one cell, or in the cells of
        the PSFs that were begun with.
    errors : `numpy.ndarray`
        Standard error of each pixel of the kernels, the same in all cells,
        shape ``(n, k, k)``; NaN where it is not known.
    n_stars : `int`
        Number of stars that told; 0 where it was the whole of the light.
    """

    visits: tuple[int, ...]
    psf: PsfKernels
    errors: np.ndarray
    n_stars: int

    def select(self, visits: Sequence[int]) -> EstimatedPsfs:
        """Return the PSFs of some exposures.

        Parameters
        ----------
        visits : `~collections.abc.Sequence` [`int`]
            Identifiers of these.

        Returns
        -------
        psfs : `EstimatedPsfs`
            In their order.
        """
        index = np.array([self.visits.index(visit) for visit in visits], int)
        psf = PsfKernels(self.psf.kernels[index], self.psf.box, self.psf.cell_shape)
        return EstimatedPsfs(tuple(visits), psf, self.errors[index], self.n_stars)

    def of_exposures(self, exposures: ExposureSource) -> PsfKernels:
        """Return the kernels of some exposures.

        Parameters
        ----------
        exposures : `ExposureSource`
            The exposures; those that are not known keep the PSF that they
            have in the middle.

        Returns
        -------
        psf : `PsfKernels`
            Of these, in their order.
        """
        places = [self.visits.index(visit) if visit in self.visits else -1 for visit in exposures.visits]
        kernels = self.psf.kernels[np.array(places, int)]
        if -1 in places:
            size = max(self.psf.size, exposures.psf.size)
            kernels = padded_kernels(kernels, size)
            own = padded_kernels(exposures.psf.at(*exposures.box.center), size)
            for index in np.flatnonzero(np.array(places) < 0):
                kernels[index] = own[index]
        return PsfKernels(kernels, self.psf.box, self.psf.cell_shape)


def with_psfs(exposures: ExposureSource, psfs: EstimatedPsfs | None) -> ExposureSource:
    """Return exposures with other PSFs.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    psfs : `EstimatedPsfs` or `None`
        Of all of these; `None` if their own are to be kept.

    Returns
    -------
    exposures : `ExposureSource`
        A stack of a stack, and a stream of what is streamed.
    """
    if psfs is None:
        return exposures
    if isinstance(exposures, ExposureStack):
        return dataclasses.replace(exposures, psf=psfs.of_exposures(exposures))
    return _ExposuresWithPsfs(exposures, psfs)


class _ExposuresWithPsfs(ChangedExposures):
    """An `ExposureSource` with PSFs that another one does not have."""

    def __init__(self, exposures: ExposureSource, psfs: EstimatedPsfs) -> None:
        super().__init__(exposures)
        self._psfs = psfs
        self._psf = psfs.of_exposures(exposures)

    @property
    def psf(self) -> PsfKernels:
        return self._psf

    def select(self, indices: Sequence[int] | np.ndarray) -> ExposureSource:
        return _ExposuresWithPsfs(self._exposures.select(indices), self._psfs)

    def changed(self, stack: ExposureStack) -> ExposureStack:
        return dataclasses.replace(stack, psf=self._psfs.of_exposures(stack))
