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

"""`lsst.acn.measure_fluxes` on arrays and on coadds."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from leftovers import KERNEL_SIZE, TARGET, exposures_of, images_of, restored_of

import lsst.acn
from lsst.acn import Box, ExposureStack, PsfKernels, RestorationResult, measure_fluxes
from lsst.acn.image_io import (
    CoaddInput,
    make_cell_coadd,
    make_patch_geometry,
    make_provenance,
    make_residual_coadd,
    tangent_plane_wcs,
)
from lsst.acn.nuisances.corrections import ExposureCorrections
from lsst.images.cells import CellCoadd

PAIR = np.array([[48.3, 47.6], [48.9, 51.4], [20.2, 70.7]])
FLUXES = np.array([1000.0, 400.0, 50.0])


def result_of(stack: ExposureStack, restored: np.ndarray) -> RestorationResult:
    images = images_of(stack, restored)
    return RestorationResult(
        image=images.image,
        variance=np.ones_like(images.image),
        detection_variance=np.ones_like(images.image),
        latent=restored,
        latent_box=stack.box.grown_by(KERNEL_SIZE // 2),
        target_psf=TARGET,
        corrections=ExposureCorrections.nothing(stack.box, stack.visits),
        history={},
        summary={},
        residual=images.residual,
    )


@pytest.fixture(scope="module")
def result() -> RestorationResult:
    """A picture that has two stars to 70 %, and the third not at all."""
    restored = restored_of(PAIR[:2], 0.7 * FLUXES[:2], fwhm=2.3)
    return result_of(exposures_of(PAIR, FLUXES), restored)


def coadds_of(result: RestorationResult) -> tuple[CellCoadd, CellCoadd]:
    box = Box(1000, 1096, 2000, 2096)
    geometry = make_patch_geometry(
        tangent_plane_wcs(30.0, -5.0, 0.2), skymap="test", tract=1, patch=2, outer_box=box, cell_size=48
    )
    shape = result.image.shape
    stack = ExposureStack.from_arrays(
        np.ones((2, *shape)), np.ones((2, *shape)), np.stack([TARGET] * 2), box=box, geometry=geometry
    )
    inputs = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (0, 1)]
    common = {
        "mask": np.zeros(shape, np.uint32),
        "mask_planes": {"INEXACT_PSF": 0},
        "exposures": stack,
        "provenance": make_provenance(stack, inputs),
    }
    residual = result.residual
    assert residual is not None
    psf = PsfKernels.constant(residual.psf.kernels[:, 0, 0], box)
    restored = make_cell_coadd(
        image=result.image,
        variance=result.variance,
        psf=PsfKernels.constant(TARGET[None], box),
        **common,
    )
    return restored, make_residual_coadd(dataclasses.replace(residual, psf=psf, box=box), **common)


def test_planted_stars_are_measured_at_their_fluxes(result: RestorationResult) -> None:
    table = measure_fluxes(result, positions=PAIR, aperture_radii=(4.0,))
    np.testing.assert_allclose(table["psf_flux"], FLUXES, rtol=1e-3)
    assert table["psf_flux"].unit == "nJy"
    assert sorted(table["members"][0][:2]) == [0, 1]
    assert table["members"][2].tolist() == [2, -1]
    # The light of its neighbour is in a circle, too.
    assert table["aperture_flux"][0, 0] > 1.1 * FLUXES[0]
    assert table["aperture_flux"][2, 0] == pytest.approx(FLUXES[2], rel=0.02)
    assert table.meta["aperture_radii"] == [4.0]


def test_errors_and_covariances_are_those_of_many_draws() -> None:
    drawn, tables = [], []
    for seed in range(150):
        table = measure_fluxes(
            result_of(exposures_of(PAIR, FLUXES, seed=seed), restored_of()), positions=PAIR
        )
        drawn.append(np.asarray(table["psf_flux"]) - FLUXES)
        tables.append(table)
    scatter, table = np.cov(np.transpose(drawn)), tables[0]
    np.testing.assert_allclose(np.diag(scatter) / np.square(table["psf_flux_err"]), 1.0, atol=0.25)
    shared = table["psf_flux_covariance"][0][np.flatnonzero(table["members"][0] == 1)[0]]
    assert scatter[0, 1] == pytest.approx(shared, rel=0.4)
    assert np.mean(np.abs(drawn) < np.asarray(table["psf_flux_err"])) == pytest.approx(0.683, abs=0.04)


def test_coadds_say_what_arrays_say(result: RestorationResult) -> None:
    restored, residual = coadds_of(result)
    places = PAIR + (1000.0, 2000.0)
    by_arrays = measure_fluxes(result, positions=PAIR)
    by_coadds = measure_fluxes(restored, residual, places)
    sky = restored.sky_projection.pixel_to_sky(x=places[:, 1], y=places[:, 0])
    by_sky = measure_fluxes(restored, residual, sky)
    for name in ("psf_flux", "psf_flux_err", "aperture_flux", "aperture_flux_err"):
        np.testing.assert_allclose(by_coadds[name], by_arrays[name], rtol=2e-3)
        np.testing.assert_allclose(by_sky[name], by_coadds[name], rtol=1e-5)
    text = io.StringIO()
    by_sky.write(text, format="ascii.ecsv")
    again = Table.read(text.getvalue(), format="ascii.ecsv")
    np.testing.assert_allclose(again["aperture_flux_covariance"], by_sky["aperture_flux_covariance"])


def test_no_positions_make_no_rows(result: RestorationResult) -> None:
    table = measure_fluxes(result, positions=[])
    assert len(table) == 0
    assert "psf_flux" in table.colnames


def test_where_nothing_is_known_nothing_is_said() -> None:
    valid = np.ones((3, 96, 96), bool)
    valid[:, :40, :40] = False
    result = result_of(exposures_of(seed=4, valid=valid), restored_of())
    table = measure_fluxes(result, positions=[[5.0, 5.0], [70.0, 70.0]])
    assert np.isnan(table["psf_flux"][0])
    assert np.isinf(table["psf_flux_err"][0])
    assert np.isfinite(table["psf_flux"][1])
    assert table["members"][0].tolist() == [-1]


def test_what_does_not_fit_is_refused(result: RestorationResult) -> None:
    restored, residual = coadds_of(result)
    with pytest.raises(ValueError, match="Position 1"):
        measure_fluxes(result, positions=[[3.0, 3.0], [96.0, 3.0]])
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        measure_fluxes(result, positions=[3.0, 3.0])
    with pytest.raises(ValueError, match="are the same"):
        measure_fluxes(result, positions=[[30.0, 30.0], [30.0, 30.0]])
    with pytest.raises(TypeError, match="keep_residual"):
        measure_fluxes(dataclasses.replace(result, residual=None), positions=PAIR)
    with pytest.raises(TypeError, match="on the sky"):
        measure_fluxes(result, positions=SkyCoord([30.0], [-5.0], unit="deg"))
    with pytest.raises(TypeError, match="restored_coadd_residual is a CellCoadd"):
        measure_fluxes(restored, None, PAIR)
    with pytest.raises(ValueError, match="is no restored_coadd_residual"):
        measure_fluxes(restored, restored, PAIR)
    with pytest.raises(ValueError, match="do not belong together"):
        measure_fluxes(restored, residual[residual.bbox.padded(-1)], PAIR)


def test_it_is_there_when_it_is_asked_for() -> None:
    assert lsst.acn.measure_fluxes is measure_fluxes
    assert "measure_fluxes" in dir(lsst.acn)
