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

import numpy as np
import pytest

from lsst.acn import gaussian_kernel
from lsst.acn.metrics import SourceFluxes, classify_pixels, flux_ratios, measure_sources

FLUXES = {(20, 24): 8000.0, (60, 30): 2000.0, (40, 70): 500.0}


@pytest.fixture
def scene() -> np.ndarray:
    """Three stars of known flux on an empty sky, at the PSF of the coadd."""
    image = np.zeros((90, 100))
    for (y, x), flux in FLUXES.items():
        image[y - 12 : y + 13, x - 12 : x + 13] += flux * gaussian_kernel(4.0, 25)
    return image


def measure(scene: np.ndarray, prediction: np.ndarray) -> SourceFluxes:
    coadd = scene + np.random.default_rng(4).normal(0.0, 1.0, scene.shape) + 3.0
    variance = np.ones(scene.shape)
    return measure_sources(coadd, variance, prediction, classify_pixels(coadd, variance, 4.0), radius=4.0)


def test_sources_are_found_with_their_fluxes(scene: np.ndarray) -> None:
    sources = measure(scene, scene)
    assert len(sources.x) == len(FLUXES)
    sigma = 4.0 / 2.354820045
    inside = 1 - np.exp(-0.5 * (4.0 / sigma) ** 2)
    for x, y, flux, error in zip(sources.x, sources.y, sources.coadd, sources.coadd_error, strict=True):
        true = FLUXES[round(float(y)), round(float(x))]
        assert error == pytest.approx(np.sqrt(np.pi * 4.0**2), rel=0.02)
        assert flux == pytest.approx(true * inside, rel=0.03, abs=5 * error)


def test_ratio_is_that_of_the_images_whatever_their_sky(scene: np.ndarray) -> None:
    np.testing.assert_allclose(measure(scene, scene).ratio, 1.0, atol=0.05)
    np.testing.assert_allclose(measure(scene, 0.8 * scene - 5.0).ratio, 0.8, atol=0.05)


def test_apertures_with_masked_pixels_or_beyond_the_edge_are_incomplete(scene: np.ndarray) -> None:
    coadd = scene + np.random.default_rng(4).normal(0.0, 1.0, scene.shape)
    coadd[61, 31] = np.nan
    coadd = coadd[18:]
    variance = np.ones(coadd.shape)
    pixels = classify_pixels(coadd, variance, 4.0)
    sources = measure_sources(coadd, variance, scene[18:], pixels, radius=4.0)
    assert len(sources.x) == 3
    (complete,) = np.flatnonzero(sources.is_complete)
    assert (round(float(sources.y[complete])) + 18, round(float(sources.x[complete]))) == (40, 70)


def test_empty_sky_has_no_sources() -> None:
    empty = np.zeros((90, 100))
    sources = measure(empty, empty)
    assert len(sources.x) == len(sources.ratio) == 0
    ratios = flux_ratios(sources, np.array([20.0, 21.0]), 30.0)
    assert ratios.count.tolist() == [0]
    assert np.isnan(ratios.median).all()


def test_ratios_by_magnitude_by_hand() -> None:
    # The last three are too faint, negative, and incomplete.
    coadd = np.array([100.0, 100.0, 100.0, 10.0, 10.0, 10.0, -1.0, 100.0])
    restored = coadd * np.array([1.0, 1.2, 1.1, 0.5, 0.9, 9.0, 1.0, 9.0])
    error = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 1.0, 1.0])
    position, is_complete = np.zeros(8), np.arange(8) < 7
    sources = SourceFluxes(position, position, coadd, error, restored, is_complete, radius=3.0)
    # Flux 100 is magnitude 25, flux 10 magnitude 27.5 with this zero point.
    ratios = flux_ratios(sources, np.array([24.0, 26.0, 27.0, 28.0]), zero_point=30.0)
    assert ratios.magnitude.tolist() == [25.0, 26.5, 27.5]
    assert ratios.count.tolist() == [3, 0, 2]
    np.testing.assert_allclose(ratios.median, [1.1, np.nan, 0.7])
    np.testing.assert_allclose(ratios.scatter, [0.1 * 1.4826, np.nan, 0.2 * 1.4826], rtol=1e-4)


def test_scatter_of_one_source_is_not_known() -> None:
    position, one = np.zeros(1), np.ones(1)
    sources = SourceFluxes(position, position, 100 * one, one, 90 * one, one > 0, radius=3.0)
    ratios = flux_ratios(sources, np.array([24.0, 26.0]), zero_point=30.0)
    assert (ratios.count.tolist(), ratios.median.tolist()) == ([1], [pytest.approx(0.9)])
    assert np.isnan(ratios.scatter).all()
