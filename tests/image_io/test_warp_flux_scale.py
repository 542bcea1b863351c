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

"""Aperture corrections of warps, wherever these are."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import afw_stand_ins
import numpy as np
import pytest
from afw_butler import handle_of
from noise_warps import PATCH, two_exposures, warp
from small_warps import BOX

from lsst.acn.image_io import CoaddInput, make_provenance, point_flux_scale
from lsst.daf.butler import Butler
from lsst.images.cells import CellField, CellPointSpreadFunction
from lsst.pipe.base import InMemoryDatasetHandle

INPUTS = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (1, 2)]
PROVENANCE = make_provenance(two_exposures(), INPUTS)


def with_corrections(seed: int, value: float, error: float) -> Any:
    """Return a warp whose PSF flux has to be multiplied by a number, which grows to the right."""

    def fields(psf: CellPointSpreadFunction) -> dict[str, CellField]:
        rows = np.full((2, 3), value) + [0.0, 0.01, 0.02]
        return {
            "base_PsfFlux_instFlux": CellField(psf.bounds, rows),
            "base_PsfFlux_instFluxErr": CellField(psf.bounds, np.full((2, 3), error)),
        }

    return warp(seed, aperture_corrections=fields)


def weight_of(visit: int, cell: tuple[int, int]) -> float:
    rows = PROVENANCE.contributions
    (row,) = rows[(rows["visit"] == visit) & (rows["cell_i"] == cell[0]) & (rows["cell_j"] == cell[1])]
    return float(row["weight"])


def test_scale_is_that_of_the_stack_s_cell_coadds() -> None:
    warps = {1: with_corrections(1, 1.02, 0.003), 2: with_corrections(2, 1.05, 0.001)}
    scale = point_flux_scale(warps, PROVENANCE, PATCH, BOX)
    one, two = (weight_of(visit, (1, 1)) for visit in (1, 2))
    expected = (one + two) / (one / 1.03 + two / 1.06)
    error = np.hypot(one * 0.003 / 1.03**2, two * 0.001 / 1.06**2) * expected**2 / (one + two)
    assert scale.value[1, 1] == pytest.approx(expected)
    assert scale.error[1, 1] == pytest.approx(error)
    # The second warp has no pixel on the right.
    assert scale.value[:, 2] == pytest.approx([1.04, 1.04])


def test_warps_without_corrections_say_nothing() -> None:
    scale = point_flux_scale({1: warp(1), 2: warp(2)}, PROVENANCE, PATCH, BOX)
    assert (scale.value == 1).all()
    assert (scale.error == 0).all()
    known = point_flux_scale({1: warp(1), 2: with_corrections(2, 1.05, 0.0)}, PROVENANCE, PATCH, BOX)
    assert known.value[0] == pytest.approx([1.05, 1.06, 1.0])


def test_warps_may_be_in_a_butler(make_repository: Callable[[dict[int, Any]], str]) -> None:
    image = with_corrections(1, 1.02, 0.003)
    with Butler.from_config(make_repository({1: image}), collections="warps") as butler:
        (reference,) = butler.query_datasets("direct_warp")
        for form in (image, InMemoryDatasetHandle(image, visit=1), butler.getDeferred(reference)):
            scale = point_flux_scale({1: form}, PROVENANCE, PATCH, BOX)
            assert scale.value[0] == pytest.approx([1.02, 1.03, 1.04])
            assert scale.error == pytest.approx(np.full((2, 3), 0.003))


def test_warps_may_be_of_afw(monkeypatch: pytest.MonkeyPatch) -> None:
    afw_stand_ins.install(monkeypatch)

    def evaluate(point: afw_stand_ins.Point2D) -> float:
        if point.x > 240:
            raise afw_stand_ins.PexError("no input images at that point")
        return 1.0 + 1e-3 * (point.y - 100)

    field = types.SimpleNamespace(evaluate=evaluate)
    exposure = afw_stand_ins.ExposureF()
    exposure.info.ap_corr_map = {"base_PsfFlux_instFlux": field}
    handle, butler = handle_of(exposure, "ExposureF", visit=1)
    for form in (exposure, handle):
        scale = point_flux_scale({1: form, 7: None}, PROVENANCE, PATCH, BOX)
        np.testing.assert_allclose(scale.value, [[1.0095, 1.0095, 1.0], [1.0295, 1.0295, 1.0]])
    assert butler.gets == [("apCorrMap", False)]
