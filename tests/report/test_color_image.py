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

"""Colour pictures of three bands."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lsst.acn.report.color_image import ColorScale, choose_bands, draw_color
from lsst.acn.report.thumbnails import NO_DATA_COLOR


@pytest.mark.parametrize(
    ("bands", "chosen"),
    [
        ({"u", "g", "r", "i", "z"}, ("i", "r", "g")),
        ({"r", "z", "y"}, ("y", "z", "r")),
        ({"u", "g", "r", "y"}, ("y", "r", "u")),
        ({"N921", "g", "r"}, ("N921", "r", "g")),
        ({"g", "r"}, None),
    ],
)
def test_bands_go_from_red_to_blue(bands: set[str], chosen: tuple[str, str, str] | None) -> None:
    assert choose_bands(bands) == chosen


def make_images(*fluxes: float) -> list[np.ndarray]:
    """Return noise with a square of light in red, green and blue."""
    rng = np.random.default_rng(3)
    images = [rng.normal(10.0, 1.0, (40, 50)) for _ in fluxes]
    for image, flux in zip(images, fluxes, strict=True):
        image[5:15, 20:30] += flux
    return images


def decoded(png: bytes) -> np.ndarray:
    """Return a picture with its first row at the bottom, as images have it."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), int)[::-1]


def test_light_of_all_bright_pixels_is_white() -> None:
    images = make_images(1000.0, 500.0, 200.0)
    scale = ColorScale.from_images(images)
    assert scale.skies == pytest.approx((10.0,) * 3, abs=0.1)
    assert scale.weights == pytest.approx((0.5, 1.0, 2.5), rel=0.01)
    color = decoded(draw_color(images, scale))[10, 25]
    assert np.ptp(color) <= 6
    assert color.min() > 100


def test_colours_are_those_of_the_light_and_the_sky_is_dark() -> None:
    scale = ColorScale((10.0,) * 3, (1.0,) * 3, 8.0)
    picture = decoded(draw_color(make_images(400.0, 100.0, 20.0), scale))
    red, green, blue = picture[10, 25]
    assert red > 2 * green > 4 * blue
    assert picture[30:].mean() < 40


def test_pixel_without_data_in_one_band_is_grey() -> None:
    images = make_images(100.0, 100.0, 100.0)
    images[1][2, 3] = np.nan
    picture = decoded(draw_color(images, ColorScale.from_images(images)))
    assert tuple(picture[2, 3]) == NO_DATA_COLOR


def test_images_of_nothing_can_be_drawn() -> None:
    for images in ([np.zeros((3, 4))] * 3, [np.full((3, 4), np.nan)] * 3):
        assert decoded(draw_color(images, ColorScale.from_images(images))).shape == (3, 4, 3)
