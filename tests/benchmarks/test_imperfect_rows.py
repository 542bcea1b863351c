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

"""The imperfect fields of the scoreboard and of the training."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.imperfect.rows import ROWS, SKY_ROWS, any_sky, base_config, imperfect_field
from lsst.acn.simulation import IMPERFECTIONS, SKIES, simulate_field


def test_rows_share_one_sky_of_an_ordinary_field() -> None:
    assert len(ROWS) == 22
    assert list(ROWS)[0] == "nothing"
    configs = {name: row.config(3) for name, row in ROWS.items()}
    assert configs["nothing"] == base_config(3)
    assert len(set(configs.values())) == len(ROWS)
    for name, config in configs.items():
        assert ROWS[name].label == (SKIES if name in SKIES else IMPERFECTIONS)[name].label
        assert (config.box.shape, config.visits, config.pixel_scale) == ((256, 256), 12, 0.168)
        if name not in SKIES and name != "empty":
            assert config.scene == configs["nothing"].scene
    quick = ROWS["harsh"].config(3, size=96, visits=8)
    assert (quick.box.shape, quick.visits) == ((96, 96), 8)


def test_strength_of_a_row_can_be_chosen() -> None:
    weak = ROWS["registration"].config(1, strength=0.5)
    assert weak.calibration.shift_scatter == pytest.approx(0.15)


def test_training_fields_are_ideal_faulty_or_mixed_in_thirds() -> None:
    rng = np.random.default_rng(1)
    base = base_config(5, size=96, visits=4)
    drawn = [imperfect_field(rng, base) for _ in range(300)]
    ideal = [config for config in drawn if config in (base, ROWS["warped"].config(5, size=96, visits=4))]
    assert len(ideal) / 300 == pytest.approx(1 / 3, abs=0.09)
    assert np.mean([config.warping.is_on for config in drawn]) == pytest.approx(1 / 3, abs=0.09)
    widths = [config.psf_errors.width for config in drawn]
    assert -0.08 < min(widths) < 0 < max(widths) < 0.08
    assert len(set(drawn)) > 190
    field = simulate_field(drawn[0])
    assert np.isfinite(field.stack.image).all()


def test_same_draws_give_the_same_fields() -> None:
    base = base_config(5)
    fields = [imperfect_field(np.random.default_rng(2), base) for _ in range(2)]
    assert fields[0] == fields[1]


def test_skies_have_rows_and_are_drawn_for_training() -> None:
    scenes = {row.config(2).scene for row in SKY_ROWS.values()}
    assert len(scenes) == len(SKY_ROWS) == 4
    rng, base = np.random.default_rng(3), base_config(5, size=96, visits=4)
    drawn = [any_sky(rng, base) for _ in range(200)]
    assert np.mean([config == base for config in drawn]) == pytest.approx(0.6, abs=0.11)
    assert len({config.scene for config in drawn}) == 7
