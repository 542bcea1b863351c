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

"""The flux of a star alone, in each pixel."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from leftovers import SIGMAS, exposures_of, images_of, restored_of

from lsst.acn.fluxes.flux_table import flux_table
from lsst.acn.fluxes.point_fluxes import point_flux_map

PLACE = np.array([[48.0, 47.0]])


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0, 1.2])
def test_flux_is_that_of_the_star_whatever_the_picture(share: float) -> None:
    stack, restored = exposures_of(PLACE, 1000.0), restored_of(PLACE, share * 1000.0)
    flux, _ = point_flux_map(images_of(stack, restored))
    assert flux[48, 47] == pytest.approx(1000.0, rel=1e-3)
    # Not far away, there is none of it.
    assert abs(flux[48, 47 + 24]) < 0.5


def test_picture_of_another_shape_makes_no_difference() -> None:
    stack = exposures_of(PLACE, 1000.0, seed=5)
    maps = [point_flux_map(images_of(stack, restored_of(PLACE, 600.0, fwhm=fwhm)))[0] for fwhm in (2.0, 3.5)]
    np.testing.assert_allclose(maps[0][16:-16, 16:-16], maps[1][16:-16, 16:-16], atol=0.02)


def test_variance_is_the_bound_of_all_exposures() -> None:
    images = images_of(exposures_of(), restored_of())
    _, variance = point_flux_map(images)
    assert variance[48, 48] == pytest.approx(bound(), rel=1e-3)
    fluxes = [
        point_flux_map(images_of(exposures_of(seed=seed), restored_of()))[0][16:-16:8, 16:-16:8]
        for seed in range(60)
    ]
    assert np.var(fluxes) / bound() == pytest.approx(1.0, abs=0.05)


def bound() -> float:
    """Return the least variance of a flux that all exposures allow (Cramér and Rao)."""
    kernels = exposures_of().psf.kernels[:, 0, 0].astype(float)
    return 1.0 / float(((kernels**2).sum(axis=(1, 2)) / np.square(SIGMAS)).sum())


@pytest.mark.parametrize("factor", [1e-18, 1e-9, 1e17])
def test_fluxes_have_the_unit_of_the_images(factor: float) -> None:
    images = images_of(exposures_of(PLACE, 1000.0), restored_of(PLACE, 800.0))
    image, residual = images.image * np.float32(factor), images.residual.in_unit(factor)
    scaled = dataclasses.replace(images, image=image, residual=residual)
    places = np.array([[48.0, 47.0], [50.5, 49.2], [20.0, 30.0]])
    one, other = (flux_table(each, places, [3.0, 5.0]) for each in (images, scaled))
    for name in ("psf_flux", "psf_flux_err", "aperture_flux", "aperture_flux_err"):
        expected, found = np.asarray(one[name]), np.asarray(other[name]) / factor
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    for name in ("psf_flux_covariance", "aperture_flux_covariance", "psf_aperture_covariance"):
        np.testing.assert_allclose(np.asarray(other[name]) / factor**2, np.asarray(one[name]), rtol=1e-4)
