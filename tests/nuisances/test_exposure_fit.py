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


"""Linearised least squares of one exposure."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn.nuisances.corrections import PARAMETERS
from lsst.acn.nuisances.exposure_fit import (
    REACH,
    SOURCE_ERRORS,
    exposure_equations,
    prediction_changes,
    solve,
    source_errors,
)

EVERYTHING = np.ones(len(PARAMETERS), bool)


def stars(shape=(64, 64), dx=0.0, dy=0.0, xx=0.0, yy=0.0, xy=0.0):
    """Return some Gaussian stars, moved and with other second moments."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    covariance = np.array([[4.0 + xx, xy], [xy, 4.0 + yy]])
    inverse = np.linalg.inv(covariance)
    image = np.zeros(shape)
    for _ in range(12):
        at_y, at_x = rng.uniform(8, 56, 2)
        u, v = x - at_x - dx, y - at_y - dy
        exponent = inverse[0, 0] * u**2 + 2 * inverse[0, 1] * u * v + inverse[1, 1] * v**2
        image += 3000 * np.exp(-0.5 * exponent) / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))
    return image


def coordinates(shape):
    return np.linspace(-1, 1, shape[0])[:, None], np.linspace(-1, 1, shape[1])[None]


def fit(image, model, variance=1.0, free=EVERYTHING):
    inside = np.s_[REACH:-REACH, REACH:-REACH]
    image = image[inside]
    return solve(
        exposure_equations(image, np.full(image.shape, variance), model, *coordinates(image.shape)), free
    )


def test_changes_are_the_derivatives_of_a_prediction():
    step = 1e-3
    inside = np.s_[REACH:-REACH, REACH:-REACH]
    change = prediction_changes(stars())
    scale = np.abs(change[4]).max()
    for number, moved in (
        (1, {"dx": step}),
        (2, {"dy": step}),
        (3, {"xx": step, "yy": step}),
        (4, {"xx": step, "yy": -step}),
        (5, {"xy": step}),
    ):
        expected = (stars(**moved) - stars())[inside] / step
        assert np.abs(change[number] - expected).max() < 0.05 * max(scale, np.abs(expected).max())


@pytest.mark.parametrize(
    ("name", "value", "moved"),
    [
        ("shift_x", 0.05, {"dx": 0.05}),
        ("shift_y", -0.04, {"dy": -0.04}),
        ("psf_width", 0.1, {"xx": 0.1, "yy": 0.1}),
        ("psf_plus", 0.08, {"xx": 0.08, "yy": -0.08}),
        ("psf_cross", -0.06, {"xy": -0.06}),
    ],
)
def test_what_is_moved_or_blurred_is_found_and_nothing_else(name, value, moved):
    values, errors = fit(stars(**moved), stars())
    expected = np.zeros(len(PARAMETERS))
    expected[PARAMETERS.index(name)] = value
    pull = (values - expected) / errors
    assert np.abs(pull).max() < 1.0
    assert values[PARAMETERS.index(name)] == pytest.approx(value, rel=0.1)


def test_a_sky_a_slope_and_a_scale_are_found():
    v, u = coordinates((60, 60))
    image = 1.03 * stars()
    image[REACH:-REACH, REACH:-REACH] += 0.5 + 0.3 * u - 0.2 * v
    values, _ = fit(image, stars())
    np.testing.assert_allclose(values[:4], [0.5, 0.3, -0.2, 0.03], atol=0.01)


def test_errors_are_those_of_white_noise_and_of_an_allowance_for_the_model():
    rng = np.random.default_rng(8)
    found = np.array([fit(stars() + rng.normal(size=(64, 64)), stars())[0] for _ in range(60)])
    _, errors = fit(stars() + rng.normal(size=(64, 64)), stars())
    made = found.std(axis=0) / errors
    np.testing.assert_allclose(made[:3], 1.0, atol=0.3)
    assert (made[3:] < 1.2).all()
    assert (made[3:] > 0.3).all()


def test_correlated_noise_makes_larger_errors():
    rng = np.random.default_rng(9)
    noise = rng.normal(size=(65, 65))
    correlated = 0.5 * (noise[1:, 1:] + noise[:-1, 1:] + noise[1:, :-1] + noise[:-1, :-1])
    _, white = fit(stars() + noise[1:, 1:], stars())
    _, larger = fit(stars() + correlated, stars())
    assert 1.5 < larger[0] / white[0] < 2.5


def test_a_bright_artefact_has_little_say():
    image = stars()
    image[30, 20:40] += 500
    values, errors = fit(image, stars())
    assert abs(values[PARAMETERS.index("shift_x")]) < 0.05
    assert np.isfinite(errors).all()


def test_what_is_not_free_is_not_fitted():
    free = EVERYTHING.copy()
    free[PARAMETERS.index("sky")] = False
    values, errors = fit(stars() + 1.0, stars(), free=free)
    assert values[0] == 0.0
    assert errors[0] == np.inf


def test_pixels_without_data_say_nothing():
    image = np.zeros((20, 20))
    model = np.zeros((24, 24))
    equations = exposure_equations(image, np.full((20, 20), np.inf), model, *coordinates((20, 20)))
    values, errors = solve(equations, EVERYTHING)
    assert not values.any()
    assert np.isinf(errors).all()


def test_the_model_of_one_source_is_less_sure_than_those_of_many():
    def errors(number):
        model = np.zeros((100, 100))
        model[8 : 8 + 24 * number : 24, 20::24] = 1e3
        shape = (96, 96)
        equations = exposure_equations(np.zeros(shape), np.ones(shape), model, *coordinates(shape))
        return source_errors(equations)

    one, four = errors(1), errors(4)
    # Four sources in each row, each in one part of the exposure.
    np.testing.assert_allclose(one[3], SOURCE_ERRORS[3] / 2.0, rtol=1e-5)
    np.testing.assert_allclose(four[3], SOURCE_ERRORS[3] / 4.0, rtol=1e-5)
    assert not one[:3].any()


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, lambda image: np.rot90(image, 2)])
def test_a_turned_exposure_has_the_same_errors(turn):
    # Neither side is a whole number of blocks or of parts.
    shape, rng = (61, 53), np.random.default_rng(4)
    model = stars((shape[0] + 2 * REACH, shape[1] + 2 * REACH))
    image = model[REACH:-REACH, REACH:-REACH] + rng.normal(size=shape)

    def equations(turn):
        return exposure_equations(turn(image), np.ones(shape), turn(model), *coordinates(shape))

    one, other = equations(np.asarray), equations(turn)
    np.testing.assert_allclose(source_errors(other), source_errors(one), rtol=1e-5)
    assert other.inflation == pytest.approx(one.inflation, rel=1e-6)
