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

"""Exposures that a picture predicts, with noise of their own."""

from __future__ import annotations

import numpy as np
import pytest
from leftovers import MATCHING, MIDDLE, SIGMAS, TARGET, exposures_of, restored_of
from scipy.ndimage import gaussian_filter
from small_fields import make_varying_stack

from lsst.acn import Box, gaussian_kernel
from lsst.acn.residual.cell_residual import PictureSpectra
from lsst.acn.residual.noise_exposures import NoiseExposures

SPECTRA = PictureSpectra(MATCHING, TARGET)


def drawn(layer: int = 0, flux: float = 0.0, seed: int = 7) -> NoiseExposures:
    return NoiseExposures(exposures_of(), restored_of(MIDDLE, flux), SPECTRA, seed=seed, layer=layer)


def test_noise_is_that_of_the_variance_planes() -> None:
    stack = drawn().cutout(drawn().box)
    np.testing.assert_allclose(stack.image.std(axis=(1, 2)), SIGMAS, rtol=0.03)
    np.testing.assert_array_equal(drawn().median_variances(), np.square(SIGMAS))


def test_stars_are_those_of_the_picture() -> None:
    change = drawn(flux=1000.0).cutout(drawn().box).image - drawn().cutout(drawn().box).image
    expected = exposures_of(fluxes=1000.0).image
    np.testing.assert_allclose(change, expected, atol=2e-3 * expected.max())


def test_noise_goes_by_seed_layer_and_visit() -> None:
    box = drawn().box
    image = drawn().cutout(box).image
    np.testing.assert_array_equal(image, drawn().cutout(box).image)
    for other in (drawn(layer=1), drawn(seed=8)):
        assert abs(np.corrcoef(image.ravel(), other.cutout(box).image.ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(image[0].ravel(), image[1].ravel())[0, 1]) < 0.05


def test_a_pixel_has_the_same_noise_however_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsst.acn.residual.patch_residual.CELL_SIZE", 20)
    stack = make_varying_stack()
    pixels = np.random.default_rng(0).random([side + 8 for side in stack.shape])
    restored = gaussian_filter(pixels, 1.0).astype(np.float32)
    spectra = PictureSpectra(gaussian_kernel(2.0), gaussian_kernel(2.5))
    source = NoiseExposures(stack, restored, spectra, seed=3, layer=0)
    whole = source.cutout(stack.box)
    part = source.cutout(Box(7, 31, 9, 40))
    np.testing.assert_allclose(part.image, whole.image[:, 7:31, 9:40], atol=2e-3)
    np.testing.assert_allclose(source.select([2, 0]).cutout(stack.box).image, whole.image[[2, 0]], atol=2e-3)
    np.testing.assert_allclose(source.exposure(1).image, whole.image[1:2], atol=2e-3)
    assert (whole.image[~stack.valid] == 0).all()
    ((rows, strip),) = source.strips(4)
    assert rows == stack.box
    np.testing.assert_array_equal(strip.image, whole.image)


class HalfWarped:
    """Noise that is the same pattern in all of the first exposure's left half."""

    def standard_noise(self, visit: int, box: Box) -> np.ndarray | None:
        if visit != exposures_of().visits[0]:
            return None
        noise = np.full(box.shape, 1.5, np.float32)
        noise[:, max(40 - box.x_start, 0) :] = np.nan
        return noise


def test_noise_is_that_of_the_warps_of_noise_where_there_is_any() -> None:
    exposures = exposures_of()
    restored = restored_of(MIDDLE, 0.0)
    source = NoiseExposures(exposures, restored, SPECTRA, seed=7, layer=0, warped=HalfWarped())
    image, plain = source.cutout(source.box).image, drawn().cutout(source.box).image
    sigma = np.sqrt(exposures.variance[0, :, :40])
    np.testing.assert_allclose(image[0, :, :40] - 1.5 * sigma, 0.0, atol=1e-3 * sigma.max())
    np.testing.assert_array_equal(image[0, :, 40:], plain[0, :, 40:])
    np.testing.assert_array_equal(image[1:], plain[1:])
    assert (source.select([0]).cutout(source.box).image == image[:1]).all()
