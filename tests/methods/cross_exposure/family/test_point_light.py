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

"""The light of points, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from saturated_fields import KERNEL_SIZE, draw_light, moffat
from scipy.interpolate import BSpline

from lsst.acn import Box, gaussian_kernel
from lsst.acn.methods.cross_exposure.family import point_light
from lsst.acn.methods.cross_exposure.family.point_light import (
    FittedPoints,
    PointTemplates,
    points_image,
    points_variance,
    told_coverage,
)
from lsst.acn.methods.cross_exposure.family.sampling import SAMPLING_VARIANCE

SHAPE = (40, 44)
FWHMS = (3.0, 4.5)


def templates_at(y: float, x: float) -> np.ndarray:
    templates = PointTemplates(np.stack([gaussian_kernel(fwhm, 31) for fwhm in FWHMS]))
    return templates(np.full(2, y), np.full(2, x), SHAPE)


def gaussian_at(y: float, x: float, fwhm: float) -> np.ndarray:
    variance = (fwhm / 2.3548) ** 2
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / variance) / (2 * np.pi * variance)


@pytest.mark.parametrize("place", [(20.0, 22.0), (19.6, 22.4), (20.25, 21.51)])
def test_light_between_pixels_is_that_of_a_gaussian(place: tuple[float, float]) -> None:
    light = templates_at(*place)[0]
    for found, fwhm in zip(light, FWHMS, strict=True):
        expected = gaussian_at(*place, fwhm)
        assert np.abs(found - expected).max() < 2e-3 * expected.max()


def test_weights_are_those_of_every_pair_of_pixels_to_the_last_bit() -> None:
    shifts, places = np.array([0.0, -0.3, 1.7, 0.25]), np.arange(21)
    basis = BSpline.basis_element(np.arange(7) - 3.0, extrapolate=False)
    distance = places[:, None] - places - shifts[:, None, None]
    weights, slopes = point_light._weights(shifts, len(places))
    np.testing.assert_array_equal(weights, np.nan_to_num(basis(distance)))
    np.testing.assert_array_equal(slopes, -np.nan_to_num(basis.derivative()(distance)))


def test_derivatives_are_those_of_a_gaussian() -> None:
    y, x, step = 19.6, 22.4, 1e-3
    _, by_row, by_column, by_width = templates_at(y, x)
    for number, fwhm in enumerate(FWHMS):
        rows = (gaussian_at(y + step, x, fwhm) - gaussian_at(y - step, x, fwhm)) / (2 * step)
        columns = (gaussian_at(y, x + step, fwhm) - gaussian_at(y, x - step, fwhm)) / (2 * step)
        widths = (gaussian_at(y, x, fwhm * (1 + step)) - gaussian_at(y, x, fwhm * (1 - step))) / (2 * step)
        for found, expected in ((by_row, rows), (by_column, columns), (by_width, widths)):
            assert np.abs(found[number] - expected).max() < 0.01 * np.abs(expected).max()


def test_wings_of_a_narrow_psf_are_right_where_its_core_is_hardly_sampled() -> None:
    psf = moffat(3.0)
    kernel = draw_light(psf, [(20.0, 20.0, 1.0)], KERNEL_SIZE)
    found = PointTemplates(kernel[None])(np.array([20.3]), np.array([19.6]), (41, 41))[0, 0]
    expected = draw_light(psf, [(20.3, 19.6, 1.0)], KERNEL_SIZE)
    rows, columns = np.ogrid[:41, :41]
    distance = np.hypot(rows - 20.3, columns - 19.6)
    wings = (distance > 4.0) & (distance < 12.0)
    assert np.abs(found / expected - 1.0)[wings].max() < 0.01


def test_exposures_have_places_of_their_own() -> None:
    templates = PointTemplates(np.stack([gaussian_kernel(3.0, 31)] * 2))
    both = templates(np.array([20.2, 19.5]), np.array([22.0, 22.9]), SHAPE)
    for number, place in enumerate([(20.2, 22.0), (19.5, 22.9)]):
        alone = templates(*(np.full(2, axis) for axis in place), SHAPE)
        np.testing.assert_allclose(both[:, number], alone[:, number], atol=1e-6)


def test_a_point_beyond_the_window_leaves_its_wings_there() -> None:
    light = templates_at(-2.0, 22.0)[0]
    np.testing.assert_allclose(light[1], gaussian_at(-2.0, 22.0, 4.5), atol=1e-4)
    assert not templates_at(-60.0, 22.0).any()


def test_image_of_points_has_their_flux_place_and_width() -> None:
    points = FittedPoints(np.array([[50.0, 13.3, 9.6]]), np.eye(3))
    image = points_image([points], Box(5, 25, 2, 20)).astype(float)
    rows, columns = np.arange(5, 25), np.arange(2, 20)
    assert image.sum() == pytest.approx(50.0, rel=0.005)
    y = rows @ image.sum(axis=1) / image.sum()
    assert y == pytest.approx(13.3, abs=0.01)
    assert columns @ image.sum(axis=0) / image.sum() == pytest.approx(9.6, abs=0.01)
    assert (rows - y) ** 2 @ image.sum(axis=1) / image.sum() == pytest.approx(SAMPLING_VARIANCE, rel=0.02)


def test_variance_is_that_of_points_drawn_from_the_covariance() -> None:
    values = np.array([[100.0, 10.2, 9.7], [60.0, 12.0, 12.1]])
    rng = np.random.default_rng(1)
    root = rng.normal(size=(6, 6)) * np.array([3.0, 0.02, 0.02, 3.0, 0.02, 0.02])[:, None]
    profile = gaussian_kernel(2.0).sum(axis=0)
    box = Box.from_shape((22, 22))
    found = points_variance([FittedPoints(values, root @ root.T)], box, profile)
    width = SAMPLING_VARIANCE + (np.arange(len(profile)) - len(profile) // 2) ** 2 @ profile
    rows, columns = np.ogrid[:22, :22]
    images = []
    for _ in range(2000):
        drawn = values + (root @ rng.normal(size=6)).reshape(2, 3)
        images.append(
            sum(
                flux * np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / width) / (2 * np.pi * width)
                for flux, y, x in drawn
            )
        )
    expected = np.var(images, axis=0)
    bright = expected > 0.05 * expected.max()
    np.testing.assert_allclose(found[bright], expected[bright], rtol=0.15)


def test_what_a_hole_may_hide_may_be_in_any_of_its_pixels() -> None:
    hole = FittedPoints(np.array([[10.0, 5.0, 5.0], [20.0, 5.0, 6.0]]), None)
    assert not hole.is_accepted
    profile = gaussian_kernel(2.0).sum(axis=0)
    variance = points_variance([hole], Box.from_shape((11, 12)), profile)
    width = SAMPLING_VARIANCE + (np.arange(len(profile)) - len(profile) // 2) ** 2 @ profile
    peak = 1 / (2 * np.pi * width)
    expected = (10.0 * peak) ** 2 + (20.0 * peak * np.exp(-0.5 / width)) ** 2
    assert variance[5, 5] == pytest.approx(expected, rel=1e-4)


def test_what_accepted_stars_fill_is_told_and_nothing_else() -> None:
    coverage = np.full((6, 7), 0.25, np.float32)
    star = FittedPoints(np.array([[9.0, 2.0, 3.0]]), np.eye(3), np.array([[2, 3], [2, 4]]))
    galaxy = FittedPoints(np.array([[9.0, 4.0, 1.0]]), None, np.array([[4, 1]]))
    told = told_coverage([star.moved(1, 2), galaxy], coverage)
    assert np.argwhere(told != 0.25).tolist() == [[3, 5], [3, 6]]
    assert told.max() == 1.0
    assert (coverage == 0.25).all()
