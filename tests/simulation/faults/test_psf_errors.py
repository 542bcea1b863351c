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

"""PSF models that are wrong, measured with adaptive moments."""

from __future__ import annotations

import dataclasses

import galsim
import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.simulation import (
    DefectsConfig,
    PsfErrors,
    PsfErrorsConfig,
    SceneConfig,
    SimulatedField,
    SimulationConfig,
    draw_psf_errors,
    simulate_field,
)

CONFIG = SimulationConfig(
    seed=3,
    box=Box.from_shape((60, 60)),
    visits=3,
    scene=SceneConfig(crowding=0.0),
    defects=DefectsConfig.none(),
)


def simulate(**errors: object) -> SimulatedField:
    return simulate_field(dataclasses.replace(CONFIG, psf_errors=PsfErrorsConfig(**errors)))


def pairs(field: SimulatedField) -> list[tuple[galsim.hsm.ShapeData, galsim.hsm.ShapeData]]:
    """Return adaptive moments of the model and of the PSF of each exposure."""
    right = field.psf_on(field.box, field.box.shape, is_right=True)
    return [
        tuple(
            galsim.hsm.FindAdaptiveMom(galsim.Image(kernel[0, 0].astype(float), scale=1.0)) for kernel in pair
        )
        for pair in zip(field.psf.kernels, right.kernels, strict=True)
    ]


@pytest.mark.parametrize("width", [-0.05, 0.05])
def test_models_have_a_common_error_of_the_width(width: float) -> None:
    field = simulate(width=width)
    for model, psf in pairs(field):
        assert model.moments_sigma / psf.moments_sigma == pytest.approx(1 + width, abs=2e-3)
        assert model.observed_shape.g == pytest.approx(psf.observed_shape.g, abs=1e-3)
    assert [each.psf.width for each in field.nuisances] == [width] * 3


def test_models_are_off_by_a_common_shear() -> None:
    field = simulate(ellipticity=(0.02, -0.015))
    for model, psf in pairs(field):
        expected = galsim.Shear(g1=0.02, g2=-0.015) + psf.observed_shape
        assert model.observed_shape.g1 == pytest.approx(expected.g1, abs=1e-3)
        assert model.observed_shape.g2 == pytest.approx(expected.g2, abs=1e-3)


def test_each_exposure_has_errors_of_its_own_and_they_are_told() -> None:
    field = simulate(width_scatter=0.04, ellipticity_scatter=0.03)
    for (model, psf), truth in zip(pairs(field), field.nuisances, strict=True):
        assert model.moments_sigma / psf.moments_sigma - 1 == pytest.approx(truth.psf.width, abs=3e-3)
        shape = galsim.Shear(g1=truth.psf.g1, g2=truth.psf.g2) + psf.observed_shape
        assert model.observed_shape.g1 == pytest.approx(shape.g1, abs=2e-3)
    assert np.std([truth.psf.width for truth in field.nuisances]) > 0.005


def test_models_are_off_centre() -> None:
    field = simulate(offset_scatter=0.3)
    for (model, _), truth in zip(pairs(field), field.nuisances, strict=True):
        # HSM counts from 1.
        found = model.moments_centroid.y - 21, model.moments_centroid.x - 21
        assert found == pytest.approx(truth.psf.offset, abs=2e-3)
    assert np.abs([truth.psf.offset for truth in field.nuisances]).max() > 0.1


def test_model_that_is_cut_has_no_wings_and_unit_sum() -> None:
    field = simulate(cut_radius=8.0)
    kernel = field.psf.kernels[0, 0, 0]
    right = field.psf_on(field.box, field.box.shape, is_right=True).kernels[0, 0, 0]
    offset = np.arange(41) - 20
    outside = np.hypot(offset[:, None], offset) > 8.0
    assert (kernel[outside] == 0).all()
    np.testing.assert_allclose(kernel[~outside], right[~outside] / right[~outside].sum(), rtol=1e-4)


def test_errors_of_the_models_leave_the_exposures_alone() -> None:
    wrong = simulate(
        width=-0.1, width_scatter=0.1, ellipticity=(0.1, 0.0), offset_scatter=1.0, cut_radius=6.0
    )
    assert wrong.image.tobytes() == simulate().image.tobytes()
    assert wrong.psf_on(wrong.box, (30, 30)).kernels.tobytes() == wrong.psf.kernels.tobytes()


def test_scatter_of_the_draws_is_what_was_asked_for() -> None:
    config = PsfErrorsConfig(width=0.01, width_scatter=0.02, ellipticity_scatter=0.03, offset_scatter=0.4)
    many = [draw_psf_errors(config, 1, visit) for visit in range(500)]
    assert np.mean([each.width for each in many]) == pytest.approx(0.01, abs=4 * 0.02 / np.sqrt(500))
    for values, scatter in (
        ([each.width for each in many], 0.02),
        ([(each.g1, each.g2) for each in many], 0.03),
        ([each.offset for each in many], 0.4),
    ):
        assert np.std(values) == pytest.approx(scatter, rel=0.12)
    assert draw_psf_errors(PsfErrorsConfig(), 1, 2) == PsfErrors()


@pytest.mark.parametrize(
    "changes",
    [{"width": -0.6}, {"ellipticity": (0.4, 0.4)}, {"width_scatter": -0.1}, {"cut_radius": 0.0}],
)
def test_errors_refuse_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        PsfErrorsConfig(**changes)
