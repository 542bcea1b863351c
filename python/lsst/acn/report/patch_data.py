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

"""What a page shows of one patch, as it is read."""

from __future__ import annotations

__all__ = ("PatchId", "PatchImages", "PatchNumbers")

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .numbers import Number

if TYPE_CHECKING:
    from lsst.daf.butler import DatasetRef


@dataclasses.dataclass(frozen=True, order=True)
class PatchId:
    """Identity of a restored patch.

    Parameters
    ----------
    skymap : `str`
        Name of the skymap.
    tract, patch : `int`
        Identifiers of tract and patch.
    band : `str`
        Name of the band.
    """

    skymap: str
    tract: int
    patch: int
    band: str

    def __str__(self) -> str:
        return f"tract {self.tract}, patch {self.patch}, band {self.band}"

    @classmethod
    def from_reference(cls, reference: DatasetRef) -> PatchId:
        """Return the patch that a dataset belongs to.

        Parameters
        ----------
        reference : `lsst.daf.butler.DatasetRef`
            Dataset with all four dimensions.

        Returns
        -------
        patch : `PatchId`
            The patch.
        """
        data_id = reference.dataId
        return cls(str(data_id["skymap"]), int(data_id["tract"]), int(data_id["patch"]), str(data_id["band"]))


@dataclasses.dataclass(frozen=True, eq=False)
class PatchNumbers:
    """Numbers of one patch.

    Parameters
    ----------
    numbers : `~collections.abc.Mapping` [`str`, `Number`]
        Numbers by name; empty if there are none.
    problems : `tuple` [`str`]
        What is missing or damaged, in words.
    """

    numbers: Mapping[str, Number]
    problems: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class PatchImages:
    """Images of one patch, on the same pixels.

    Parameters
    ----------
    coadd, restored : `numpy.ndarray` or `None`
        Images, shape ``(height, width)``, NaN where there is nothing; `None`
        if there is no such image.
    unit : `str`
        Unit of the pixels.
    pixel_scale : `float` or `None`
        Side of a pixel in arcseconds, if the image says it.
    problems : `tuple` [`str`]
        What is missing or damaged, in words.
    """

    coadd: np.ndarray | None
    restored: np.ndarray | None
    unit: str = ""
    pixel_scale: float | None = None
    problems: tuple[str, ...] = ()
