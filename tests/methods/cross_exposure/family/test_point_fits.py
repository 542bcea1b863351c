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

"""Stars without cores, fitted to their wings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from saturated_fields import make_field

from lsst.acn import Box, ExposureStack
from lsst.acn.methods.cross_exposure.family.point_fits import fit_points
from lsst.acn.methods.cross_exposure.family.point_light import FittedPoints

Y, X = 48.3, 47.6


def fit(
    stack: ExposureStack, significance: float = 1e3, unknown: np.ndarray | None = None
) -> list[FittedPoints]:
    unknown = ~stack.valid.any(axis=0) if unknown is None else unknown

    def cut(box: Box) -> tuple[np.ndarray, np.ndarray]:
        pixels = np.s_[:, *box.slices_within(stack.box)]
        return stack.image[pixels], stack.variance[pixels]

    return fit_points(cut, stack.psf.at(*stack.box.center), unknown, np.full(stack.shape, significance))


def fluxes_and_error(points: FittedPoints) -> tuple[np.ndarray, float]:
    """Return the fluxes of stars, and the error of their sum."""
    assert points.is_accepted
    return points.values[:, 0], float(np.sqrt(points.covariance[::3, ::3].sum()))


@pytest.mark.parametrize(
    ("hole", "fwhm"), [(2.5, (3.0, 5.0)), (4.5, (3.0, 5.0)), (3.9, (3.0, 3.0)), (6.5, (5.0, 5.0))]
)
@pytest.mark.parametrize("flux", [1e6, 5e6])
def test_flux_and_place_of_a_star_come_from_its_wings(
    hole: float, fwhm: tuple[float, float], flux: float
) -> None:
    (points,) = fit(make_field([(Y, X, flux)], hole=hole, fwhm=fwhm))
    fluxes, error = fluxes_and_error(points)
    assert fluxes.sum() == pytest.approx(flux, rel=0.02)
    assert abs(fluxes.sum() - flux) < 2.0 * error < 0.06 * flux
    np.testing.assert_allclose(points.values[fluxes.argmax(), 1:], [Y, X], atol=0.05)


def test_errors_are_those_of_many_fields() -> None:
    pulls = []
    for seed in range(8):
        (points,) = fit(make_field([(Y, X, 3e4)], hole=4.5, size=64 + 32, n=6, seed=seed))
        fluxes, error = fluxes_and_error(points)
        pulls.append((fluxes.sum() - 3e4) / error)
    assert 0.2 < np.sqrt(np.mean(np.square(pulls))) < 1.5


@pytest.mark.parametrize("distance", [2.0, 3.0, 4.0])
def test_two_stars_in_a_hole_are_two(distance: float) -> None:
    lights = [(Y, X, 3e5), (Y + distance, X, 2e5)]
    (points,) = fit(make_field(lights, hole=4.5))
    fluxes, error = fluxes_and_error(points)
    assert fluxes.sum() == pytest.approx(5e5, rel=0.02)
    order = points.values[:, 1].argsort()
    np.testing.assert_allclose(points.values[order, 1], [Y, Y + distance], atol=0.15)
    assert abs(fluxes.sum() - 5e5) < 3 * error


def test_a_neighbour_beside_the_hole_is_not_taken_for_light_in_it() -> None:
    (points,) = fit(make_field([(Y, X, 3e5), (Y + 8.0, X + 1.0, 1e5)], hole=4.5))
    fluxes, _ = fluxes_and_error(points)
    assert fluxes.sum() == pytest.approx(3e5, rel=0.02)


@pytest.mark.parametrize("radius", [1.7, 3.5])
@pytest.mark.parametrize("hole", [2.5, 4.5])
def test_a_galaxy_is_not_taken_for_a_star(radius: float, hole: float) -> None:
    (points,) = fit(make_field([(Y, X, 5e5, radius)], hole=hole))
    assert not points.is_accepted
    # What may be hidden is of the order of what is.
    assert points.values[:, 0].max() > 1e5


def test_wrong_widths_and_places_are_within_the_errors() -> None:
    for changes in ({"kernel_scale": 0.98}, {"kernel_scale": 1.02}, {"shift": 0.2}):
        (points,) = fit(make_field([(Y, X, 1e6)], hole=4.5, **changes))
        fluxes, error = fluxes_and_error(points)
        assert abs(fluxes.sum() - 1e6) < 2.5 * error


@pytest.mark.parametrize("number", [1, 3])
def test_a_core_that_few_exposures_know(number: int) -> None:
    whole = make_field([(Y, X, 3e5)], hole=0.0)
    core = np.hypot(*(np.mgrid[:96, :96] - np.array([Y, X])[:, None, None])) <= 4.5
    valid = np.ones(whole.image.shape, bool)
    valid[number:, core] = False
    stack = ExposureStack.from_arrays(whole.image, whole.variance, whole.psf, valid=valid)
    (points,) = fit(stack, unknown=core)
    fluxes, error = fluxes_and_error(points)
    assert fluxes.sum() == pytest.approx(3e5, rel=0.02)
    # A galaxy is none of a star, but no flux is hidden where it is seen.
    galaxy = make_field([(Y, X, 3e5, 2.5)], hole=0.0)
    seen = ExposureStack.from_arrays(galaxy.image, galaxy.variance, galaxy.psf, valid=valid)
    (points,) = fit(seen, unknown=core)
    assert not points.is_accepted
    assert len(points.values) == 0


def test_an_empty_hole_hides_no_more_than_its_surroundings_allow() -> None:
    (points,) = fit(make_field([(Y, X, 1.0)], hole=2.5))
    assert not points.is_accepted
    # A point of a hundred standard deviations would be seen.
    assert points.values[:, 0].max() < 2e3


def test_holes_in_the_dark_are_not_looked_at() -> None:
    assert fit(make_field([(Y, X, 1e5)], hole=2.5), significance=1.0) == []


@pytest.mark.parametrize(
    "turn", [lambda image: image[..., ::-1, :], lambda image: np.swapaxes(image, -1, -2)]
)
def test_turned_exposures_have_turned_stars(turn: Any) -> None:
    stack = make_field([(Y, X, 3e5), (Y - 2.0, X + 3.0, 1e5)], hole=4.5)
    parts = (turn(plane) for plane in (stack.image, stack.variance, stack.psf.kernels[:, 0, 0], stack.valid))
    image, variance, kernels, valid = (np.ascontiguousarray(part) for part in parts)
    (ours,) = fit(stack)
    (theirs,) = fit(ExposureStack.from_arrays(image, variance, kernels, valid=valid))
    np.testing.assert_allclose(np.sort(theirs.values[:, 0]), np.sort(ours.values[:, 0]), rtol=1e-4)
