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

"""The pictures between which the page blinks."""

from __future__ import annotations

__all__ = ("BlinkView", "PatchPictures", "blink_views", "most_changed_box")

import dataclasses

import numpy as np

from ..exposures.boxes import Box
from .patch_data import PatchImages
from .thumbnails import AsinhScale, average_blocks, data_uri, draw_image


@dataclasses.dataclass(frozen=True)
class BlinkView:
    """One view of a patch, before and after.

    Parameters
    ----------
    name : `str`
        What part of the patch it shows.
    width, height : `int`
        Size of the pictures in their own pixels.
    binning : `int`
        Pixels of the patch along one side of a pixel of the pictures.
    coadd, restored : `str`
        Pictures as data URIs, empty if there is no such image.
    """

    name: str
    width: int
    height: int
    binning: int
    coadd: str
    restored: str


@dataclasses.dataclass(frozen=True)
class PatchPictures:
    """All views of a patch, on one scale.

    Parameters
    ----------
    views : `tuple` [`BlinkView`]
        The whole patch and, if that had to be made smaller, a detail of it;
        empty if there are no images.
    scale : `AsinhScale`
        Scale of the colours.
    """

    views: tuple[BlinkView, ...]
    scale: AsinhScale


def blink_views(images: PatchImages, max_side: int) -> PatchPictures:
    """Draw the images of a patch.

    Parameters
    ----------
    images : `PatchImages`
        The images.
    max_side : `int`
        Largest height and width of a picture in pixels.

    Returns
    -------
    pictures : `PatchPictures`
        The pictures.
    """
    there = [image for image in (images.coadd, images.restored) if image is not None]
    scale = AsinhScale.from_images(*there)
    if not there:
        return PatchPictures((), scale)
    shape = there[0].shape
    binning = -(-max(shape) // max_side)
    name = "Whole patch" if binning == 1 else f"Whole patch, means of {binning} × {binning} pixels"
    views = [_draw(name, images, Box.from_shape((shape[0], shape[1])), binning, scale)]
    if binning > 1:
        detail = most_changed_box(there, max_side, scale)
        views.append(_draw("Detail at full resolution", images, detail, 1, scale))
    return PatchPictures(tuple(views), scale)


def _draw(name: str, images: PatchImages, box: Box, binning: int, scale: AsinhScale) -> BlinkView:
    cut = np.s_[box.y_start : box.y_stop, box.x_start : box.x_stop]

    def draw(image: np.ndarray | None) -> str:
        return "" if image is None else data_uri(draw_image(average_blocks(image[cut], binning), scale))

    height, width = (-(-side // binning) for side in box.shape)
    return BlinkView(name, width, height, binning, draw(images.coadd), draw(images.restored))


def most_changed_box(images: list[np.ndarray], side: int, scale: AsinhScale) -> Box:
    """Return the square in which images differ most, as the eye sees it.

    Parameters
    ----------
    images : `list` [`numpy.ndarray`]
        One or two images of shape ``(height, width)``; of a single one, the
        square that is brightest.
    side : `int`
        Side of the square; smaller where the images are.
    scale : `AsinhScale`
        Scale of the colours.  What is within the noise does not count.

    Returns
    -------
    box : `Box`
        The square, from the first pixel of the images.
    """
    levels = [scale.fraction(np.nan_to_num(image)) for image in images]
    change = np.abs(levels[-1] - levels[0]) if len(levels) > 1 else levels[0]
    seen = np.where(change > 2 * float(np.median(change)), change, 0.0)
    total = np.pad(seen.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    height, width = (min(side, length) for length in seen.shape)
    sums = (
        total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    )
    y, x = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return Box.from_shape((height, width), (int(y), int(x)))
