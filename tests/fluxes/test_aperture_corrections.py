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

"""Corrections of a PSF that is known, against stars that are measured."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import sep

from lsst.acn import gaussian_kernel
from lsst.acn.fluxes.aperture_corrections import star_corrections

FLUX = 1000.0
FINER = 6
# Where in a pixel the star is.
PLACES = [(0.0, 0.0), (0.5, 0.0), (0.25, 0.4), (-0.3, 0.1)]


def moffat(finer: int = 1, size: int = 61) -> np.ndarray:
    """Return an elliptical PSF with wings, perhaps on finer pixels."""
    y, x = np.indices((size * finer, size * finer)) / finer - size // 2 - (finer - 1) / 2 / finer
    profile = (1.0 + (1.2 * y**2 + 0.3 * x * y + 0.9 * x**2) / 3.0**2) ** -2.5
    return profile / profile.sum()


def light_inside(fine: np.ndarray, place: tuple[float, float], radius: float) -> float:
    """Measure a star on pixels so fine that it matters not how the circle cuts them."""
    middle = (len(fine) - 1) / 2 + FINER * np.array(place)
    (light,), _, _ = sep.sum_circle(fine, [middle[1]], [middle[0]], FINER * radius, subpix=0)
    return float(light)


def gaussian_star(sigma: float, place: tuple[float, float], size: int = 61) -> np.ndarray:
    y, x = (np.indices((size * FINER, size * FINER)) + 0.5) / FINER - size / 2
    profile = np.exp(-0.5 * ((y - place[0]) ** 2 + (x - place[1]) ** 2) / sigma**2)
    return FLUX * profile / (2.0 * np.pi * sigma**2 * FINER**2)


@pytest.mark.parametrize("fwhm", [2.5, 4.0])
@pytest.mark.parametrize("radius", [3.0, 4.5, 9.0, 12.0])
def test_light_in_circles_is_that_of_stars(fwhm: float, radius: float) -> None:
    sigma = fwhm / np.sqrt(8.0 * np.log(2.0))
    name = f"base_CircularApertureFlux_{radius:.1f}".replace(".", "_")
    correction = star_corrections(gaussian_kernel(fwhm, dtype=np.float64))[name]
    assert correction == pytest.approx(1.0 / -np.expm1(-0.5 * (radius / sigma) ** 2), abs=5e-4)
    for place in PLACES:
        measured = light_inside(gaussian_star(sigma, place), place, radius)
        assert measured * correction == pytest.approx(FLUX, rel=5e-4)


def test_a_psf_with_wings_lacks_more() -> None:
    corrections = star_corrections(moffat())
    for radius in (6.0, 9.0, 17.0):
        measured = light_inside(moffat(FINER), (0.0, 0.0), radius)
        name = f"base_CircularApertureFlux_{radius:.0f}_0"
        assert corrections[name] * measured == pytest.approx(1.0, abs=1e-3)
    assert corrections["base_CircularApertureFlux_6_0"] > 1.05
    assert corrections["ext_photometryKron_KronFlux"] > 1.05


def test_gaussian_flux_has_the_shape_that_fits_best() -> None:
    # The Gaussian that adaptive moments find is the one that fits best.
    kernel = moffat()
    y, x = np.indices(kernel.shape) - 30.0

    def weight(parameters: np.ndarray) -> np.ndarray:
        yy, yx, xx = parameters
        return np.exp(-0.5 * (yy * y**2 + 2.0 * yx * y * x + xx * x**2))

    def misfit(parameters: np.ndarray) -> np.ndarray:
        return (parameters[3] * weight(parameters[:3]) - kernel).ravel()

    fitted = scipy.optimize.least_squares(misfit, [0.2, 0.0, 0.2, kernel.max()], xtol=1e-12, ftol=1e-14).x
    flux = 2.0 * (weight(fitted[:3]) * kernel).sum()
    assert star_corrections(kernel)["base_GaussianFlux"] == pytest.approx(1.0 / flux, abs=2e-3)
    assert 1.0 / flux > 1.1


@pytest.mark.parametrize("fwhm", [2.5, 3.0, 6.0])
def test_a_gaussian_psf_is_its_own_model(fwhm: float) -> None:
    corrections = star_corrections(gaussian_kernel(fwhm, dtype=np.float64))
    for name in ("base_PsfFlux", "modelfit_CModel", "modelfit_CModel_exp", "base_GaussianFlux"):
        assert corrections[name] == pytest.approx(1.0, abs=3e-4)
    # Kron's radius is (pi / 2)**.5 sigma, and the light in 2.5 of them 99.26 %.
    kron = 1.0 / -np.expm1(-0.5 * 2.5**2 * np.pi / 2.0)
    assert corrections["ext_photometryKron_KronFlux"] == pytest.approx(kron, abs=4e-4)


def test_what_has_no_shape_has_no_correction_by_shape() -> None:
    kernel = -gaussian_kernel(3.0, 15, np.float64)
    kernel[7, 7] += 2.0
    corrections = star_corrections(kernel)
    assert corrections["base_PsfFlux"] == 1.0
    assert np.isnan(corrections["base_GaussianFlux"]) or corrections["base_GaussianFlux"] > 0
