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

"""Shifts and flux scales of exposures, measured on their stars."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from astropy.table import Table

from lsst.acn import Box
from lsst.acn.simulation import (
    CalibrationConfig,
    CalibrationErrors,
    PixelGrid,
    SimulationConfig,
    SkyScene,
    draw_calibration,
    draw_exposure,
    draw_noiseless,
    simulate_field,
)

BOX = Box.from_shape((61, 61), (100, 50))
ERRORS = CalibrationConfig(shift_scatter=0.3, scale_scatter=0.05)


def star(y: float, x: float) -> SkyScene:
    row = {"x": x, "y": y, "flux": 1e7, "mag": 13.9, "is_star": True}
    return SkyScene(Table({name: [value] for name, value in row.items()}), 0.168)


@pytest.mark.parametrize("is_warped", [False, True])
def test_star_is_shifted_and_too_bright_as_the_truth_says(is_warped: bool) -> None:
    config = SimulationConfig(seed=4, box=BOX, visits=3, calibration=ERRORS)
    config = dataclasses.replace(
        config,
        warping=dataclasses.replace(config.warping, is_on=is_warped),
        defects=dataclasses.replace(config.defects.none()),
    )
    field = simulate_field(config)
    for index, truth in enumerate(field.nuisances):
        image = draw_exposure(star(130.0, 80.0), field.psf_model(index), truth, config).image.astype(float)
        assert image.sum() / 1e7 == pytest.approx(truth.calibration.scale, abs=1e-3)
        rows, columns = np.mgrid[:61, :61]
        weight = image * (np.hypot(rows - 30, columns - 30) < 15)
        found = [(weight * places).sum() / weight.sum() - 30 for places in (rows, columns)]
        assert found == pytest.approx(truth.calibration.shift, abs=0.01)
        assert truth.calibration.scale != 1.0


def test_scatter_is_what_was_asked_for() -> None:
    many = [draw_calibration(ERRORS, 1, visit) for visit in range(500)]
    assert np.std([each.shift for each in many]) == pytest.approx(0.3, rel=0.1)
    assert np.std([each.scale for each in many]) == pytest.approx(0.05, rel=0.12)
    assert draw_calibration(CalibrationConfig(), 1, 2) == CalibrationErrors()


def test_shift_along_the_tract_is_one_on_a_turned_grid() -> None:
    grid = PixelGrid(BOX, shift=(3.0, -2.0), angle=0.7, pivot=BOX.center).shifted_by((0.4, -0.1))
    plain = dataclasses.replace(grid, shift=(3.0, -2.0))
    y, x = plain.to_tract(*grid.from_tract(120.0, 70.0))
    assert (y, x) == pytest.approx((120.4, 69.9))
    scene = star(120.0, 70.0)
    psf = simulate_field(SimulationConfig(seed=4, box=BOX, visits=1)).psf_model(0)
    np.testing.assert_allclose(
        draw_noiseless(scene, psf, PixelGrid(BOX).shifted_by((1.0, 2.0))),
        draw_noiseless(star(121.0, 72.0), psf, BOX),
        atol=1e-6 * 1e7,
    )


@pytest.mark.parametrize("changes", [{"shift_scatter": -1.0}, {"scale_scatter": 0.4}])
def test_calibration_refuses_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        CalibrationConfig(**changes)
