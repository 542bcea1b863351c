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

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lsst.acn.report.blink_views import blink_views, most_changed_box
from lsst.acn.report.patch_data import PatchImages
from lsst.acn.report.thumbnails import (
    NO_DATA_COLOR,
    AsinhScale,
    average_blocks,
    data_uri,
    draw_image,
    draw_scale,
    shrink_plot,
)


def decode(png: bytes) -> np.ndarray:
    """Return the colours of a PNG file, its last row first."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))[::-1].astype(int)


def content(uri: str) -> bytes:
    head, _, text = uri.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(text, validate=True)


def test_scale_begins_below_the_sky_and_ends_at_the_sources() -> None:
    image = np.random.default_rng(2).normal(5.0, 2.0, (100, 100))
    image[10:20, 10:20] = 900.0
    scale = AsinhScale.from_images(image, np.full((4, 4), np.nan))
    assert scale.low == pytest.approx(1.0, abs=0.2)
    assert scale.softening == pytest.approx(4.0, abs=0.2)
    assert scale.high == 900.0


def test_scale_is_that_of_asinh_and_its_own_inverse() -> None:
    scale = AsinhScale(6.0, 107.0, 7.0, 2.0)
    expected = (np.arcsinh(5.0) + np.arcsinh(0.5)) / (np.arcsinh(50.0) + np.arcsinh(0.5))
    assert scale.fraction(np.array([6.0, 17.0, 107.0])) == pytest.approx([0.0, expected, 1.0])
    assert scale.value(expected) == pytest.approx(17.0)


@pytest.mark.parametrize("image", [np.zeros((5, 5)), np.full((5, 5), np.nan), np.full((5, 5), 1e30)])
def test_scale_of_an_image_without_structure(image: np.ndarray) -> None:
    scale = AsinhScale.from_images(image)
    assert scale.high > scale.low
    assert decode(draw_image(image, scale)).shape == (5, 5, 3)


def test_picture_gets_brighter_with_the_pixels_and_is_grey_without_data() -> None:
    image = np.array([[0.0, 1.0, 10.0], [100.0, 1e6, np.nan]])
    drawn = decode(draw_image(image, AsinhScale(0.0, 100.0, 0.0, 1.0)))
    brightness = drawn.sum(axis=2)
    assert brightness[0, 0] < brightness[0, 1] < brightness[0, 2] < brightness[1, 0]
    assert brightness[1, 0] == brightness[1, 1]
    assert tuple(drawn[1, 2]) == NO_DATA_COLOR
    assert (np.diff(decode(draw_scale())[0].sum(axis=1)) >= -3).all()


def test_means_of_blocks_leave_out_what_is_missing() -> None:
    image = np.arange(15.0).reshape(3, 5)
    image[0, 0] = np.nan
    image[2, 4] = np.nan
    expected = [[(1 + 5 + 6) / 3, (2 + 3 + 7 + 8) / 4, (4 + 9) / 2], [10.5, 12.5, np.nan]]
    np.testing.assert_allclose(average_blocks(image, 2), expected)
    assert average_blocks(image, 1) is image


def test_small_patch_is_shown_pixel_by_pixel() -> None:
    coadd, restored = np.zeros((20, 30)), np.eye(20, 30)
    (view,) = blink_views(PatchImages(coadd, restored), 30).views
    assert (view.width, view.height, view.binning) == (30, 20, 1)
    pictures = [decode(content(uri)) for uri in (view.coadd, view.restored)]
    assert [picture.shape for picture in pictures] == [(20, 30, 3)] * 2
    assert ((pictures[0] != pictures[1]).any(axis=2) == np.eye(20, 30, dtype=bool)).all()


def test_large_patch_is_shown_binned_and_in_part() -> None:
    rng = np.random.default_rng(3)
    coadd = rng.normal(size=(70, 100))
    restored = coadd.copy()
    restored[40:60, 80:95] += 50.0
    whole, detail = blink_views(PatchImages(coadd, restored), 40).views
    assert (whole.width, whole.height, whole.binning) == (34, 24, 3)
    assert (detail.width, detail.height, detail.binning) == (40, 40, 1)
    assert decode(content(whole.restored)).shape == (24, 34, 3)
    box = most_changed_box([coadd, restored], 40, AsinhScale.from_images(coadd))
    assert box.y_start <= 40
    assert box.y_stop >= 60
    assert box.x_start <= 80
    assert box.x_stop >= 95


def test_patch_with_one_image_or_none() -> None:
    (view,) = blink_views(PatchImages(None, np.eye(6)), 30).views
    assert view.coadd == ""
    assert view.restored
    assert blink_views(PatchImages(None, None), 30).views == ()


def test_wide_plot_is_made_narrower_and_others_stay_as_they_are() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (300, 100), (250, 20, 20, 255)).save(stream, format="png")
    png = stream.getvalue()
    assert shrink_plot(png, 300) is png
    assert decode(shrink_plot(png, 150)).shape == (50, 150, 3)


@pytest.mark.parametrize(("png", "reason"), [(b"%PDF-1.4", "not a PNG"), (draw_scale()[:60], "damaged")])
def test_plot_of_another_kind(png: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        shrink_plot(png, 100)


def test_pictures_are_the_same_every_time() -> None:
    image = np.random.default_rng(4).normal(size=(20, 20))
    scale = AsinhScale.from_images(image)
    assert data_uri(draw_image(image, scale)) == data_uri(draw_image(image.copy(), scale))
