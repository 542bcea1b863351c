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

"""One colour picture of images in three bands."""

from __future__ import annotations

__all__ = ("ColorScale", "choose_bands", "draw_color")

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np

from ..exposures.robust import robust_sigma
from .thumbnails import NO_DATA_COLOR, encode_colors

WAVELENGTHS = ("u", "g", "r", "i", "z", "y")
"""Bands that are known, from blue to red."""

USUAL = ("i", "r", "g")
"""What is red, green and blue where a patch has these."""

SOFTENING = 8.0
"""Q of Lupton et al. (2004): from which brightness on the scale is logarithmic."""

STRETCH = 8.0
"""In standard deviations of the sky."""

BRIGHT = 20.0
"""Standard deviations of the sky from which a pixel says what is white."""

LARGEST_WEIGHT = 10.0


def choose_bands(bands: Collection[str]) -> tuple[str, str, str] | None:
    """Return the bands that are red, green and blue.

    Parameters
    ----------
    bands : `~collections.abc.Collection` [`str`]
        Names of the bands that there are.

    Returns
    -------
    chosen : `tuple` [`str`, `str`, `str`] or `None`
        The bands i, r and g where there are all of them, else the reddest,
        the one in the middle and the bluest, those with unknown names after
        the known; `None` if there are fewer than three.
    """
    if set(USUAL) <= set(bands):
        return USUAL
    order = [*WAVELENGTHS, *sorted(set(bands) - set(WAVELENGTHS))]
    there = [band for band in order if band in bands]
    if len(there) < 3:
        return None
    return there[-1], there[len(there) // 2], there[0]


@dataclasses.dataclass(frozen=True)
class ColorScale:
    """How bright and how coloured pixels are shown.

    Parameters
    ----------
    skies : `tuple` [`float`, ...]
        Pixel values in red, green and blue that are black.
    weights : `tuple` [`float`, ...]
        What these bands are multiplied by.
    stretch : `float`
        Brightness up to which the scale is about linear.
    """

    skies: tuple[float, ...]
    weights: tuple[float, ...]
    stretch: float

    @classmethod
    def from_images(cls, images: Sequence[np.ndarray]) -> ColorScale:
        """Return the scale in which the light of all bright pixels together is white.

        Parameters
        ----------
        images : `~collections.abc.Sequence` [`numpy.ndarray`]
            Images in red, green and blue, on the same pixels, NaN where there
            is nothing.

        Returns
        -------
        scale : `ColorScale`
            By the sky of each band, and the noise of all three.
        """
        skies, noises = zip(*map(_sky, images), strict=True)
        light = [image - sky for image, sky in zip(images, skies, strict=True)]
        bright = np.all([plane > BRIGHT * noise for plane, noise in zip(light, noises, strict=True)], axis=0)
        sums = [float(plane[bright].sum()) for plane in light] if bright.any() else [1.0] * len(light)
        weights = tuple(float(np.clip(sums[1] / each, 1 / LARGEST_WEIGHT, LARGEST_WEIGHT)) for each in sums)
        noise = float(np.mean([weight * noise for weight, noise in zip(weights, noises, strict=True)]))
        return cls(skies, weights, STRETCH * noise)


def _sky(image: np.ndarray) -> tuple[float, float]:
    """Return sky and noise of an image."""
    known = image[np.isfinite(image)]
    if not known.size:
        return 0.0, 1.0
    sky = float(np.median(known))
    noise = robust_sigma(known) or float(np.std(known)) or 1.0
    return sky, noise


def draw_color(images: Sequence[np.ndarray], scale: ColorScale) -> bytes:
    """Return images of three bands as one PNG file, its first row at the bottom.

    Parameters
    ----------
    images : `~collections.abc.Sequence` [`numpy.ndarray`]
        Images in red, green and blue, shape ``(height, width)``; a pixel that
        is not finite in one of them is grey.
    scale : `ColorScale`
        What brightness and colour mean.

    Returns
    -------
    png : `bytes`
        Content of the file.

    Notes
    -----
    This is `astropy.visualization.make_lupton_rgb`, after Lupton et al.
    (2004): the mean of the bands decides the brightness, so that the colour of
    a star is that of its core, too.
    """
    from astropy.visualization import make_lupton_rgb

    known = np.isfinite(images).all(axis=0)
    planes = [
        np.where(known, weight * (image - sky), 0.0)
        for image, sky, weight in zip(images, scale.skies, scale.weights, strict=True)
    ]
    # Where all is dark, astropy divides by zero, and takes 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        colors = make_lupton_rgb(*planes, minimum=0.0, stretch=scale.stretch, Q=SOFTENING)
    return encode_colors(np.where(known[..., None], colors, np.array(NO_DATA_COLOR, np.uint8))[::-1])
