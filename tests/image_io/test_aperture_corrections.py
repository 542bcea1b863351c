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

"""Aperture corrections of images whose PSF is known, on their way to measurement."""

from __future__ import annotations

import functools
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from noise_warps import two_exposures
from small_warps import BOX

from lsst.acn import Box, ExposureStack, PsfKernels, gaussian_kernel
from lsst.acn.fluxes.aperture_corrections import star_corrections
from lsst.acn.image_io import CoaddInput, make_cell_coadd, make_provenance, psf_corrections, with_pixels
from lsst.acn.image_io.aperture_corrections import make_correction_map
from lsst.acn.image_io.flux_scale import PointFluxScale
from lsst.images.cells import CellCoadd, CellIJ

INPUTS = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (2, 1)]
SCALE = PointFluxScale(np.array([[1.01, 1.02, 1.03]] * 2), np.full((2, 3), 0.004))
CIRCLE = "base_CircularApertureFlux_3_0_instFlux"


def coadd_of(stack: ExposureStack, psf: PsfKernels | None = None) -> CellCoadd:
    return make_cell_coadd(
        image=stack.image[0],
        variance=stack.variance[0],
        mask=np.zeros(BOX.shape, np.uint32),
        mask_planes={},
        psf=psf or PsfKernels.constant(gaussian_kernel(2.5)[None], BOX),
        exposures=stack,
        provenance=make_provenance(stack, INPUTS),
        mask_fractions={"REJECTED": np.full(BOX.shape, 0.25)},
        aperture_corrections=functools.partial(psf_corrections, corrections=star_corrections, scale=SCALE),
    )


def expected(name: str, fwhm: float) -> float:
    return star_corrections(gaussian_kernel(fwhm))[name.removesuffix("_instFlux")]


def test_corrections_survive_a_file(tmp_path: Path) -> None:
    # The second exposure alone has nothing on the right.
    coadd = coadd_of(two_exposures().select([1]))
    coadd.write(str(tmp_path / "coadd.fits"))
    again = CellCoadd.read(str(tmp_path / "coadd.fits"))
    assert set(again.aperture_corrections) == set(coadd.aperture_corrections)
    assert {name.rpartition("_")[2] for name in again.aperture_corrections} == {"instFlux", "instFluxErr"}
    field = again.aperture_corrections["base_PsfFlux_instFlux"]
    assert [field.value_in_cell(CellIJ(i=1, j=j)) for j in (0, 1)] == pytest.approx([1.01, 1.02])
    assert field.bounds.missing == {CellIJ(i=0, j=2), CellIJ(i=1, j=2)}
    circle = again.aperture_corrections[CIRCLE](x=225.0, y=105.0)
    assert circle == pytest.approx(1.02 * expected(CIRCLE, 2.5))
    assert again.aperture_corrections[f"{CIRCLE}Err"](x=225.0, y=105.0) == pytest.approx(
        0.004 * expected(CIRCLE, 2.5)
    )
    assert (again.mask_fractions["REJECTED"].array == 0.25).all()


def test_kernels_of_all_cells_are_looked_at() -> None:
    widths = (3.0, 4.0, 5.0)
    kernels = np.stack([gaussian_kernel(fwhm, 25) for fwhm in widths]).reshape(1, 1, 3, 25, 25)
    corrections = coadd_of(two_exposures(), PsfKernels(kernels, BOX, (40, 20))).aperture_corrections
    for column, fwhm in enumerate(widths):
        found = corrections[CIRCLE].value_in_cell(CellIJ(i=0, j=column))
        assert found == pytest.approx(SCALE.value[0, column] * expected(CIRCLE, fwhm), rel=1e-5)


def test_another_psf_has_other_corrections() -> None:
    coadd = coadd_of(two_exposures())
    psf = PsfKernels.constant(gaussian_kernel(4.0)[None], BOX)
    other = with_pixels(coadd, coadd.image.array, coadd.variance.array, psf, corrections=star_corrections)
    here = CellIJ(i=0, j=2)
    assert other.aperture_corrections["base_PsfFlux_instFlux"].value_in_cell(here) == pytest.approx(1.03)
    found = other.aperture_corrections[CIRCLE].value_in_cell(here)
    assert found == pytest.approx(1.03 * expected(CIRCLE, 4.0))
    assert (other.mask_fractions["REJECTED"].array == 0.25).all()
    # Those of the old PSF would be wrong.
    plain = with_pixels(coadd, coadd.image.array, coadd.variance.array, psf)
    assert not plain.aperture_corrections


@pytest.fixture
def afw(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``lsst.afw`` needs to have of maps and polynomials."""
    geom = types.SimpleNamespace(
        Box2I=lambda x, y: Box(y[0], y[1] + 1, x[0], x[1] + 1), IntervalI=lambda min, max: (min, max)
    )
    monkeypatch.setitem(sys.modules, "lsst.geom", geom)
    monkeypatch.setitem(sys.modules, "lsst.afw", types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "lsst.afw.image", types.SimpleNamespace(ApCorrMap=dict))
    polynomial = types.SimpleNamespace(ChebyshevBoundedField=lambda box, coefficients: (box, coefficients))
    monkeypatch.setitem(sys.modules, "lsst.afw.math", polynomial)


@pytest.mark.usefixtures("afw")
def test_measurement_gets_a_polynomial_of_each_correction() -> None:
    others: Any = {"base_PsfFlux_instFlux": "not this", "ext_gaap_GaapFlux_instFlux": "this"}
    found = make_correction_map(coadd_of(two_exposures()), others)
    assert found["ext_gaap_GaapFlux_instFlux"] == "this"
    box, coefficients = found["base_PsfFlux_instFlux"]
    assert box == BOX
    # Three cells are enough for a slope along x, two for nothing along y.
    np.testing.assert_allclose(coefficients, [[1.02, 0.015]], rtol=1e-6)
    assert len(found) == 1 + len(coadd_of(two_exposures()).aperture_corrections)


@pytest.mark.usefixtures("afw")
def test_coadd_without_corrections_leaves_those_of_others() -> None:
    coadd = coadd_of(two_exposures())
    psf = PsfKernels.constant(gaussian_kernel(4.0)[None], BOX)
    plain = with_pixels(coadd, coadd.image.array, coadd.variance.array, psf)
    others = object()
    assert make_correction_map(plain, others) is others
