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

"""What is bright, and what is missing from it, in the restored image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras
from saturated_fields import SKY, make_field
from scipy.ndimage import uniform_filter1d

from lsst.acn import ExposureStack, RestorationConfig, restore
from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.methods.cross_exposure.family.first_model import first_model_and_points
from lsst.acn.methods.cross_exposure.family.tile_exposures import TileExposures, tile_exposures

Y, X = 48.3, 47.6
NEIGHBOURS = [(20.2, 30.4, 5e3), (70.0, 66.5, 2e4), (41.0, 77.7, 3e3)]


def star_at_target(shape: tuple[int, int], y: float, x: float) -> np.ndarray:
    """Return a star of unit flux at the target PSF."""
    variance = (RestorationConfig().target_psf_fwhm / 2.3548) ** 2
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / variance) / (2 * np.pi * variance)


@pytest.mark.parametrize(
    ("hole", "fwhm", "n"), [(2.5, (3.0, 5.0), 8), (4.5, (3.0, 5.0), 10), (5.2, (4.0, 4.0), 12)]
)
def test_a_saturated_star_is_restored_with_an_honest_error(
    hole: float, fwhm: tuple[float, float], n: int
) -> None:
    flux = 1e6
    stack = make_field([(Y, X, flux), *NEIGHBOURS], hole=hole, fwhm=fwhm, n=n)
    result = restore(stack)
    unit = star_at_target(stack.shape, Y, X)
    near = unit > 0.02 * unit.max()
    found = (result.image * unit)[near].sum() / (unit**2)[near].sum()
    assert found == pytest.approx(flux, rel=0.02)
    # Flux and shape: all of the core is that of the target PSF.
    deviation = (result.image - flux * unit)[near]
    assert np.abs(deviation).max() < 0.05 * flux * unit.max()
    error = np.sqrt(result.variance[near])
    assert np.sqrt(np.mean((deviation / error) ** 2)) < 1.5


@pytest.mark.parametrize(
    ("hole", "fwhm", "n"), [(2.5, (3.0, 5.0), 8), (4.5, (3.0, 5.0), 10), (5.2, (4.0, 4.0), 12)]
)
def test_a_star_that_was_fitted_is_not_said_to_be_unknown(
    hole: float, fwhm: tuple[float, float], n: int
) -> None:
    flux = 1e6
    stack = make_field([(Y, X, flux), *NEIGHBOURS], hole=hole, fwhm=fwhm, n=n)
    unit = star_at_target(stack.shape, Y, X)
    error = np.sqrt(restore(stack).variance[unit > 0.02 * unit.max()])
    assert error.max() < 0.1 * flux * unit.max()


def test_a_core_that_cannot_be_told_is_said_to_be_uncertain() -> None:
    galaxy = (Y, X, 5e5, 2.5)
    result = restore(make_field([galaxy], hole=4.5))
    known = restore(make_field([galaxy], hole=0.0))
    hole = np.hypot(*(np.mgrid[:96, :96] - np.array([Y, X])[:, None, None])) < 4.0
    pull = (result.image - known.image)[hole] / np.sqrt(result.variance[hole])
    assert np.abs(pull).max() < 3.0


def turned(stack: ExposureStack, turn: Any) -> ExposureStack:
    parts = (turn(plane) for plane in (stack.image, stack.variance, stack.psf.kernels[:, 0, 0], stack.valid))
    image, variance, kernels, valid = (np.ascontiguousarray(part) for part in parts)
    return ExposureStack.from_arrays(image, variance, kernels, valid=valid)


@pytest.mark.parametrize(
    "turn", [lambda planes: planes[..., ::-1, :], lambda planes: np.rot90(planes, axes=(-2, -1))]
)
def test_holes_of_turned_exposures_are_filled_alike(turn: Any) -> None:
    stack = make_field([(Y, X, 1e6), *NEIGHBOURS], hole=4.5)
    xp = numpy_arrays()
    _, ours, points = first_model_and_points(xp, tile_exposures(stack))
    _, theirs, _ = first_model_and_points(xp, tile_exposures(turned(stack, turn)))
    assert [each.is_accepted for each in points] == [True]
    assert np.abs(theirs - turn(ours)).max() < 1e-3 * ours.max()


@needs_keras
def test_a_device_begins_with_the_same_stars() -> None:
    stack = make_field([(Y, X, 1e6), *NEIGHBOURS], hole=4.5)
    latents, values = [], []
    for xp in (numpy_arrays(), keras_arrays()):
        exposures = TileExposures(*map(xp.constant, tile_exposures(stack, 3)))
        _, latent, (points,) = first_model_and_points(xp, exposures)
        latents.append(xp.to_numpy(latent))
        values.append(points.values)
    np.testing.assert_allclose(values[1], values[0], rtol=1e-6)
    assert np.abs(latents[1] - latents[0]).max() < 1e-4 * latents[0].max()


def line_contrast(image: np.ndarray, length: int = 40, beside: int = 5) -> float:
    """Return the greatest mean along rows or columns, above that of both neighbours."""
    greatest = 0.0
    for turned in (image, image.T):
        means = uniform_filter1d(turned, length, axis=1)[:, length // 2 : -length // 2]
        contrast = means[beside:-beside] - 0.5 * (means[: -2 * beside] + means[2 * beside :])
        greatest = max(greatest, float(np.abs(contrast).max()))
    return greatest


@pytest.mark.parametrize("nebula", [50.0, 2000.0])
def test_a_bright_star_in_a_nebula_has_no_box_around_it(nebula: float) -> None:
    size, flux = 160, 3e6
    star = make_field([(80.3, 70.8, flux)], hole=0.0, size=size, noise=False)
    rows, columns = np.mgrid[:size, :size]
    light = nebula * np.exp(-0.5 * ((rows - 85) ** 2 + (columns - 78) ** 2) / 60.0**2)
    image = star.image + light
    variance = SKY + image
    image = image + np.sqrt(variance) * np.random.default_rng(4).normal(size=image.shape)
    config = RestorationConfig()
    # A nebula that is nowhere dark has a floor, which is taken for sky.
    config.nuisances.common_sky = False
    result = restore(ExposureStack.from_arrays(image, variance, star.psf), config)
    residual = result.image - light - flux * star_at_target(light.shape, 80.3, 70.8)
    distance = np.hypot(rows - 80.3, columns - 70.8)
    # Beyond the star, where its box had an edge.
    pull = np.where(distance > 10.0, residual / np.sqrt(result.variance), 0.0)
    assert line_contrast(pull) < 3.0
