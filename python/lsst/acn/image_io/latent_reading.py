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

"""Latent images as they come from the Butler."""

from __future__ import annotations

__all__ = ("read_latent_image",)

import numpy as np

from lsst.images import Image

from ..exposures.boxes import Box
from .geometry import box_from_images


def read_latent_image(image: Image) -> tuple[np.ndarray, Box, str]:
    """Return the parts of a latent image.

    Parameters
    ----------
    image : `lsst.images.Image`
        Latent image, as `make_latent_image` makes it.

    Returns
    -------
    latent : `numpy.ndarray`
        Pixel values, shape ``box.shape``.
    box : `Box`
        Pixels of ``latent``, padding included.
    unit : `str`
        Unit of ``latent``, in a form that astropy reads.
    """
    return image.array, box_from_images(image.bbox), "" if image.unit is None else image.unit.to_string()
