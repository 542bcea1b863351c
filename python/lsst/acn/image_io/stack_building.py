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

"""Grow a stack by one warp at a time, so that no two have to be in memory."""

from __future__ import annotations

__all__ = ("StackBuilder",)

from collections.abc import Sequence

import numpy as np

from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.mask_planes import NO_DATA, plane_bitmask
from ..exposures.stack import ExposureStack
from ..exposures.variances import MOST_SIGMA, are_measurements, have_errors
from .psf_grid import PsfSampler
from .shared_terms import SharedTerms
from .warp_arrays import WarpArrays


class StackBuilder:
    """A stack in the making.

    Parameters
    ----------
    box : `Box`
        Pixels of the stack.
    capacity : `int`
        Largest number of warps to come.
    terms : `SharedTerms`
        What the warps have in common; grows with them.
    bad_mask_planes : `~collections.abc.Sequence` [`str`]
        Planes whose pixels are not valid.
    cell_size : `int`
        Side of the cells in which the PSF is constant, in pixels.
    """

    def __init__(
        self,
        box: Box,
        capacity: int,
        terms: SharedTerms,
        bad_mask_planes: Sequence[str],
        cell_size: int,
    ) -> None:
        self.visits: list[int] = []
        self._box = box
        self._terms = terms
        self._bad_mask_planes = bad_mask_planes
        self._psfs = PsfSampler(box, terms.geometry, cell_size)
        shape = (capacity, *box.shape)
        self._image = np.zeros(shape, np.float32)
        self._variance = np.full(shape, np.inf, np.float32)
        self._valid = np.zeros(shape, bool)
        self._mask = np.full(shape, 1 << terms.planes[NO_DATA], np.uint32)

    def add(self, visit: int, arrays: WarpArrays) -> bool:
        """Add a warp, unless it has no valid pixel.

        Parameters
        ----------
        visit : `int`
            Identifier of the exposure.
        arrays : `WarpArrays`
            The warp.

        Returns
        -------
        added : `bool`
            Whether the warp has a valid pixel.

        Raises
        ------
        InvalidExposureError
            Raised if the warp does not fit those before it.
        """
        if not self._box.contains(arrays.box):
            raise InvalidExposureError(f"Its pixels {arrays.box} are not inside the patch's {self._box}.")
        self._terms.check(arrays)
        factor = self._terms.factor(arrays.unit, self.visits)
        bad = np.uint32(plane_bitmask(self._bad_mask_planes, arrays.mask_planes))
        valid = are_measurements(arrays.image, arrays.variance)
        if 2 * valid.sum() < have_errors(arrays.image, arrays.variance).sum():
            raise InvalidExposureError(
                f"Most of its pixels are more than {MOST_SIGMA:.0e} times their errors."
            )
        valid &= (arrays.mask & bad) == 0
        if not valid.any():
            return False
        self._psfs.add(arrays.kernel_at, valid, arrays.box, arrays.psf_oversampling)
        here = np.s_[len(self.visits), *arrays.box.slices_within(self._box)]
        self._image[here] = np.where(valid, arrays.image * np.float32(factor), 0)
        self._variance[here] = np.where(valid, arrays.variance * np.float32(factor**2), np.inf)
        self._valid[here] = valid
        self._mask[here] = self._terms.translate(arrays)
        self.visits.append(visit)
        return True

    def finish(self, band: str | None = None) -> ExposureStack:
        """Return the stack of all warps that were added, at least one.

        Parameters
        ----------
        band : `str`, optional
            Name of the band; by default what the warps say.

        Returns
        -------
        stack : `ExposureStack`
            The stack.
        """
        count = len(self.visits)
        return ExposureStack(
            image=self._image[:count],
            variance=self._variance[:count],
            valid=self._valid[:count],
            psf=self._psfs.finish(),
            box=self._box,
            visits=tuple(self.visits),
            unit=self._terms.unit,
            mask=self._mask[:count],
            mask_planes=dict(self._terms.planes),
            band=band or self._terms.band,
            geometry=self._terms.geometry,
        )
