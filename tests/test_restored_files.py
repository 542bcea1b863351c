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


"""Restored images for other programs."""

from __future__ import annotations

from pathlib import Path

import astropy.io.fits
import astropy.units as u
import numpy as np
import pytest
from astropy.wcs import WCS

from lsst.acn import ExposureStack, RestorationConfig, RestorationResult, gaussian_kernel, restore
from lsst.acn.image_io import tangent_plane_wcs
from lsst.acn.repository.warp_files import read_warp_file
from lsst.acn.warps.reader import WarpInputs

SHAPE = (40, 44)


def result_of(geometry: WCS | None) -> RestorationResult:
    rng = np.random.default_rng(1)
    psf = np.stack([gaussian_kernel(fwhm, 9) for fwhm in (2.5, 3.0, 3.5)])
    image, variance = rng.normal(size=(3, *SHAPE)), np.ones((3, *SHAPE))
    stack = ExposureStack.from_arrays(image, variance, psf, unit="adu", band="r", geometry=geometry)
    config = RestorationConfig()
    config.nuisances.passes = 0
    return restore(stack, config)


@pytest.fixture(scope="module")
def result() -> RestorationResult:
    """A restoration of a stack that says where it is on the sky."""
    return result_of(tangent_plane_wcs(30.0, -5.0, 0.2, y=20.0, x=22.0))


def test_fits_has_wcs_unit_band_psf_and_method(result: RestorationResult, tmp_path: Path) -> None:
    result.write(tmp_path / "restored.fits")
    with astropy.io.fits.open(tmp_path / "restored.fits") as hdus:
        header = hdus["IMAGE"].header
        assert (header["BUNIT"], header["BAND"], header["METHOD"]) == ("adu", "r", "cross_exposure")
        assert header["PSFFWHM"] == pytest.approx(2.5, rel=0.02)
        sky = WCS(header).pixel_to_world(22.0, 20.0)
        assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0))
        np.testing.assert_array_equal(hdus["IMAGE"].data, result.image)
        np.testing.assert_array_equal(hdus["VARIANCE"].data, result.variance)
        assert hdus["RESIDUAL"].data.shape == SHAPE
    with pytest.raises(OSError, match="already exists"):
        result.write(tmp_path / "restored.fits")
    result.write(tmp_path / "restored.fits", overwrite=True)


def test_what_is_written_can_be_ingested(result: RestorationResult, tmp_path: Path) -> None:
    result.write(tmp_path / "restored.fits")
    warp = read_warp_file(tmp_path / "restored.fits")
    assert warp.unit == "adu"
    assert warp.box == result.box
    np.testing.assert_array_equal(warp.image, result.image)


def test_ccd_data_has_psf_and_uncertainty(result: RestorationResult) -> None:
    data = result.to_ccd_data()
    assert data.unit == u.adu
    np.testing.assert_array_equal(data.uncertainty.array, result.variance)
    np.testing.assert_array_equal(data.psf, result.target_psf)
    assert data.wcs.pixel_to_world(22.0, 20.0).ra.deg == pytest.approx(30.0)


def test_stack_without_a_place_on_the_sky_has_no_wcs(tmp_path: Path) -> None:
    result_of(None).write(tmp_path / "restored.fits")
    header = astropy.io.fits.getheader(tmp_path / "restored.fits", "IMAGE")
    assert not WCS(header).has_celestial
    assert header["BUNIT"] == "adu"


def test_geometry_of_a_patch_becomes_a_wcs(warp_inputs: WarpInputs) -> None:
    exposures = warp_inputs.exposures
    config = RestorationConfig()
    config.nuisances.passes = 0
    config.keep_residual = False
    facts = restore(exposures, config)._facts()
    wcs = facts.wcs()
    box = exposures.box
    sky = wcs.pixel_to_world(0.0, 0.0)
    expected = exposures.geometry.sky_projection.pixel_to_sky(x=float(box.x_start), y=float(box.y_start))
    assert sky.separation(expected).arcsec < 1e-3
