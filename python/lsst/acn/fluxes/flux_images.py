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

"""A restored image with its residual, as fluxes are measured on them."""

from __future__ import annotations

__all__ = ("FluxImages",)

import dataclasses

import numpy as np

from ..exposures.boxes import Box
from ..residual_image import ResidualImage


@dataclasses.dataclass(frozen=True, eq=False)
class FluxImages:
    """What fluxes are measured on.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image, shape ``residual.box.shape``.
    target_psf : `numpy.ndarray`
        Its PSF kernel, of unit sum.
    residual : `ResidualImage`
        What it leaves over of its exposures.
    unit : `str`, optional
        Unit of both images, in a form that astropy reads.

    Raises
    ------
    ValueError
        Raised if the two are not of the same pixels.
    """

    image: np.ndarray
    target_psf: np.ndarray
    residual: ResidualImage
    unit: str = "nJy"

    def __post_init__(self) -> None:
        if self.image.shape != self.box.shape:
            raise ValueError(
                f"A restored image of shape {self.image.shape} and a residual on {self.box} do not belong "
                "together."
            )

    @property
    def box(self) -> Box:
        """Pixels of both images (`Box`)."""
        return self.residual.box
