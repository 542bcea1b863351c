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

"""Faults by name: what they change, how strongly, and that all can be drawn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.simulation import (
    IMPERFECTIONS,
    ConditionsConfig,
    SceneConfig,
    SimulationConfig,
    imperfect,
    mixture,
    simulate_field,
)

BASE = SimulationConfig(
    seed=7,
    box=Box.from_shape((64, 64)),
    visits=2,
    psf_size=41,
    scene=SceneConfig(crowding=300.0, star_share=0.5, star_bright_limit=18.5),
    conditions=ConditionsConfig(seeing=(0.504, 0.84)),
)


@pytest.mark.parametrize("name", IMPERFECTIONS)
def test_every_fault_can_be_drawn_and_changes_the_field(name: str) -> None:
    config = imperfect(BASE, name)
    field, plain = simulate_field(config), simulate_field(BASE)
    same = all(
        getattr(field, plane).tobytes() == getattr(plain, plane).tobytes()
        for plane in ("image", "variance", "mask")
    )
    same &= field.psf.kernels.tobytes() == plain.psf.kernels.tobytes()
    assert same == (name == "nothing")
    assert np.isfinite(field.stack.image).all()
    assert (field.stack.variance > 0).all()
    if name != "empty":
        np.testing.assert_array_equal(field.truth_image(2.5), plain.truth_image(2.5))


def test_strength_is_in_units_of_the_label() -> None:
    assert imperfect(BASE, "psf-narrow-3").psf_errors.width == pytest.approx(-0.03)
    assert imperfect(BASE, "psf-narrow-3", 2.0).psf_errors.width == pytest.approx(-0.06)
    assert np.hypot(*imperfect(BASE, "psf-elliptical").psf_errors.ellipticity) == pytest.approx(0.03)
    assert imperfect(BASE, "sky-low-in-half").sky.some_level == -1.0
    assert imperfect(BASE, "variance-low", 2.0).noise.variance_factor == pytest.approx(1.3**-2)
    assert imperfect(BASE, "undersampled").conditions.seeing[1] / 0.168 == pytest.approx(1.2)
    donuts = imperfect(BASE, "donuts", 1.5)
    assert donuts.optics.donut_diameter == pytest.approx(3.75)
    assert donuts.psf_size * 0.168 >= 3.75 + 4 * 0.84
    assert imperfect(BASE, "aureole").psf_size == 51


def test_mixtures_hold_what_they_are_made_of() -> None:
    config = mixture(BASE, {"registration": 0.5, "sky-low": 2.0, "sky-gradient": 1.0})
    assert config.calibration.shift_scatter == pytest.approx(0.15)
    assert (config.sky.level, config.sky.gradient) == pytest.approx((-0.6, 0.3))
    mild, harsh = imperfect(BASE, "mild"), imperfect(BASE, "harsh")
    assert mild.warping.is_on
    assert 0 < mild.calibration.shift_scatter < harsh.calibration.shift_scatter
    assert mild.noise.electrons_per_njy > harsh.noise.electrons_per_njy
    assert mixture(BASE, {}) == BASE


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_noise_of_the_variance_plane_biases_weighted_means_by_an_electron(strength: float) -> None:
    config = dataclasses.replace(
        imperfect(imperfect(BASE, "noisy-variance", strength), "empty"),
        box=Box.from_shape((150, 150)),
        visits=6,
        defects=BASE.defects.none(),
    )
    field = simulate_field(config)
    weight = 1.0 / field.variance
    mean = ((weight * field.image).sum(axis=0) / weight.sum(axis=0)).mean()
    # To first order in the noise, of a mean of n: one electron less, but for 1 / n of it.
    expected = -(1 - 1 / 6) / config.noise.electrons_per_njy
    assert mean == pytest.approx(expected, rel=0.2)


def test_faults_and_strengths_must_exist() -> None:
    with pytest.raises(ValueError, match=r"Imperfections are nothing, .*got 'rain'"):
        imperfect(BASE, "rain")
    with pytest.raises(ValueError, match="strength"):
        imperfect(BASE, "warped", 0.0)
