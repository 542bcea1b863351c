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


"""The sky that all exposures share."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.nuisances.common_sky import common_sky
from lsst.acn.nuisances.evidence import TileEvidence
from lsst.acn.nuisances.smooth_sky import SmoothSky

BOX = Box.from_shape((256, 256))
NOTHING = SmoothSky.nothing(BOX)


def evidence(light, seed=2):
    """Return the evidence of a tile with unit noise, and some light."""
    sky = np.random.default_rng(seed).normal(size=BOX.shape) + light
    return [TileEvidence(BOX, {}, [], sky, 1.0)]


def nebula():
    """Return smooth light that is nowhere below zero."""
    y, x = np.mgrid[: BOX.shape[0], : BOX.shape[1]]
    return 1.5 + np.sin(x / 40.0) + 0.4 * np.cos(y / 25.0)


def test_a_sky_that_is_too_low_is_found():
    found = common_sky(evidence(-1.0), NOTHING, 3.0)
    assert found.sky.levels.mean() == pytest.approx(-1.0, abs=0.05)
    assert 0 < found.error < 0.05


def test_a_sky_that_is_too_high_everywhere_is_found():
    assert common_sky(evidence(1.0), NOTHING, 3.0).sky.levels.mean() == pytest.approx(1.0, abs=0.05)


def test_a_nebula_is_no_sky():
    assert not common_sky(evidence(nebula()), NOTHING, 3.0).sky


def test_a_sky_that_is_right_is_left_alone():
    assert not common_sky(evidence(0.0), NOTHING, 3.0).sky


def test_a_little_light_everywhere_may_be_that_of_faint_sources():
    assert not common_sky(evidence(0.08), NOTHING, 3.0).sky


def test_what_is_left_of_a_sky_that_was_found_before_is_taken_off_as_well():
    before = SmoothSky(BOX, np.array([[1.0]]))
    found = common_sky(evidence(0.08), before, 3.0)
    assert found.sky.levels.mean() == pytest.approx(0.08, abs=0.03)


def test_a_slope_that_dips_below_zero_is_found_as_a_whole():
    slope = np.linspace(-0.8, 0.8, 256)[None, :]
    found = common_sky(evidence(slope), NOTHING, 3.0).sky.on(BOX)
    assert np.abs(found - slope).max() < 0.15


def test_no_evidence_finds_nothing():
    assert not common_sky([], NOTHING, 3.0).sky
    empty = [TileEvidence(BOX, {}, [], np.full(BOX.shape, np.nan), 1.0)]
    assert not common_sky(empty, NOTHING, 3.0).sky
