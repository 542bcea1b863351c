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

"""Fluxes inside circles."""

from __future__ import annotations

import numpy as np
import pytest
from leftovers import TARGET, exposures_of, images_of, restored_of

from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.fluxes.aperture_fluxes import aperture_covariance, aperture_flux_map
from lsst.acn.fluxes.point_fluxes import point_flux_map

PLACE = np.array([[48.0, 47.0]])


def enclosed(radius: float, fwhm: float = 3.0) -> float:
    """Return what part of a Gaussian is inside a circle around it."""
    return float(-np.expm1(-0.5 * (radius * FWHM_PER_SIGMA / fwhm) ** 2))


@pytest.mark.parametrize("radius", [2.0, 3.5, 6.0])
@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_star_in_the_middle_is_measured_without_bias(radius: float, share: float) -> None:
    images = images_of(exposures_of(PLACE, 1000.0), restored_of(PLACE, share * 1000.0))
    flux, _ = aperture_flux_map(images, radius)
    assert flux[48, 47] == pytest.approx(1000.0 * enclosed(radius), rel=2e-3)


def test_a_star_that_is_restored_too_broad_is_measured_as_well() -> None:
    images = images_of(exposures_of(PLACE, 1000.0), restored_of(PLACE, 900.0, fwhm=2.6))
    flux, _ = aperture_flux_map(images, 3.5)
    # The picture alone lacks 17 % of it.
    assert flux[48, 47] == pytest.approx(1000.0 * enclosed(3.5), rel=5e-3)


def test_errors_are_those_of_many_draws() -> None:
    radii = (2.0, 3.5, 5.0)
    values, points = [], []
    for seed in range(80):
        images = images_of(exposures_of(seed=seed), restored_of())
        grid = np.s_[20:-20:9, 20:-20:9]
        values.append([aperture_flux_map(images, radius)[0][grid] for radius in radii])
        points.append(point_flux_map(images)[0][grid])
    drawn = np.moveaxis(np.array(values), 1, -1).reshape(-1, len(radii))
    variance = point_flux_map(images)[1][48, 48]
    among, with_point = aperture_covariance(images, radii, 48.0, 48.0)
    np.testing.assert_allclose(np.cov(drawn.T) / variance, among, rtol=0.08)
    shared = [np.cov(each, np.ravel(points))[0, 1] / variance for each in drawn.T]
    np.testing.assert_allclose(shared, with_point, rtol=0.08)
    for number, radius in enumerate(radii):
        claimed = aperture_flux_map(images, radius)[1][48, 48] / variance
        assert claimed == pytest.approx(among[number, number], rel=1e-3)
    np.testing.assert_allclose(with_point, [enclosed(radius) for radius in radii], rtol=2e-3)


def test_target_psf_is_the_one_of_the_numbers_here() -> None:
    assert TARGET.max() == pytest.approx((FWHM_PER_SIGMA / 3.0) ** 2 / (2.0 * np.pi), rel=1e-3)
