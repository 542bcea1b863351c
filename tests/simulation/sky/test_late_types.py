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

"""Arms, bars, knots and edge-on discs, against GalSim and closed forms."""

from __future__ import annotations

import galsim
import numpy as np
import pytest
from astropy.table import Table

from lsst.acn import Box
from lsst.acn.simulation import (
    LateTypesConfig,
    SceneConfig,
    SkyScene,
    become_late_types,
    draw_scene,
    draw_truth,
    make_sources,
)

PIXEL = 0.168
BOX = Box.from_shape((161, 161), (-80, -80))
ORIGIN = (np.array([0.0]), np.array([0.0]), np.array([1e5]))


def galaxy(**columns: object) -> SkyScene:
    values = {"half_light_radius": 2.0, "sersic_index": 1.0, "kind": "late_type", "shape_seed": 5}
    return SkyScene(make_sources(*ORIGIN, **values | columns), PIXEL)


def many(count: int = 2000) -> Table:
    ones = np.ones(count)
    mag = np.linspace(18.0, 26.0, count)
    return make_sources(ones, ones, ones, mag=mag, half_light_radius=0.5, sersic_index=2.0, g1=0.1, g2=-0.2)


@pytest.mark.parametrize(
    "shares",
    [
        {"arm_share": 0.3},
        {"knot_share": 0.25},
        {"bar_share": 0.25},
        {"bar_share": 0.2, "arm_share": 0.3, "knot_share": 0.2, "g1": 0.3, "g2": 0.1},
    ],
)
def test_galaxy_has_its_flux_and_place(shares: dict) -> None:
    truth = draw_truth(galaxy(**shares), 2.5, BOX)
    assert truth.sum() == pytest.approx(1e5, rel=5e-3)
    assert truth.min() > -1e-3 * truth.max()
    rows, columns = np.mgrid[-80:81, -80:81]
    # Twenty-five knots lie where they lie: their mean is off by a fifth of their spread.
    assert np.hypot((truth * rows).sum(), (truth * columns).sum()) / truth.sum() < 2.0
    half = truth[np.hypot(rows, columns) < 2.0 / PIXEL].sum() / truth.sum()
    assert half == pytest.approx(0.5, abs=0.12)


def test_without_parts_a_late_type_is_its_disc() -> None:
    smooth = draw_truth(galaxy(kind="sersic"), 2.5, BOX)
    np.testing.assert_allclose(draw_truth(galaxy(), 2.5, BOX), smooth, atol=1e-4 * smooth.max())


def test_two_arms_look_the_same_turned_by_half() -> None:
    truth = draw_truth(galaxy(arm_share=0.4), 2.5, BOX)
    disc = draw_truth(galaxy(), 2.5, BOX)
    np.testing.assert_allclose(truth, truth[::-1, ::-1], atol=1e-3 * truth.max())
    arms = truth - 0.6 * disc
    assert arms.sum() / truth.sum() == pytest.approx(0.4, abs=0.01)
    # By a quarter they do not.
    assert np.abs(arms - np.rot90(arms)).sum() > 0.7 * arms.sum()


def test_knots_are_points_on_the_disc() -> None:
    truth, disc = (draw_truth(galaxy(knot_share=share), 2.0, BOX) for share in (0.25, 0.0))
    knots = truth - 0.75 * disc
    assert knots.sum() == pytest.approx(0.25e5, rel=0.02)
    # One of 25 knots alone has the peak of a Gaussian of its flux.
    sigma = 2.0 / 2.3548
    assert knots.max() >= 0.95 * 0.25e5 / 25 / (2 * np.pi * sigma**2)
    assert np.abs(draw_truth(galaxy(knot_share=0.25, shape_seed=6), 2.0, BOX) - truth).max() > 50


def test_edge_on_disc_is_thin_and_lies_along_its_direction() -> None:
    angle = 0.6
    flat = {"g1": 0.78 * np.cos(2 * angle), "g2": 0.78 * np.sin(2 * angle)}
    truth = draw_truth(galaxy(kind="edge_on", **flat), 2.0, BOX)
    assert truth.sum() == pytest.approx(1e5, rel=0.02)
    shape = galsim.hsm.FindAdaptiveMom(galsim.Image(truth))
    assert float(shape.observed_shape.beta.rad) == pytest.approx(angle, abs=0.01)
    assert shape.observed_shape.q < 0.35
    # Along the disc, an exponential seen edge-on has R^2 = 4 scale lengths squared of second moment, halved.
    rows, columns = np.mgrid[-80:81, -80:81]
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = rows * np.cos(angle) - columns * np.sin(angle)
    length = 2.0 / 1.678 / PIXEL
    assert (truth * along**2).sum() / truth.sum() == pytest.approx(3 * length**2, rel=0.06)
    # Across it, sech^2 of the height has pi^2 / 12 of its square.
    expected = (0.12 * length) ** 2 * np.pi**2 / 12 + (2.0 / 2.3548) ** 2
    assert (truth * across**2).sum() / truth.sum() == pytest.approx(expected, rel=0.06)


def test_kinds_have_their_shares_among_bright_galaxies() -> None:
    config = LateTypesConfig(share=0.3, edge_on_share=0.2, faint_limit=24.0, bar_probability=0.5)
    galaxies = become_late_types(many(), config, 3)
    bright = galaxies[galaxies["mag"] <= 24.0]
    assert set(galaxies["kind"][galaxies["mag"] > 24.0]) == {"sersic"}
    for kind, share in (("late_type", 0.3), ("edge_on", 0.2)):
        assert np.mean(bright["kind"] == kind) == pytest.approx(share, abs=0.04)
    late = bright[bright["kind"] == "late_type"]
    assert np.mean(late["bar_share"] > 0) == pytest.approx(0.5, abs=0.08)
    assert late["arm_share"].min() >= 0.15
    assert late["knot_share"].max() <= 0.25
    assert len(set(late["shape_seed"])) == len(late)
    flat = bright[bright["kind"] == "edge_on"]
    np.testing.assert_allclose(flat["g2"] / flat["g1"], -2.0)
    np.testing.assert_allclose(np.hypot(flat["g1"], flat["g2"]), 0.88 / 1.12)


def test_no_share_changes_nothing_else() -> None:
    box = Box.from_shape((300, 300))
    plain = draw_scene(SceneConfig(), 4, box, PIXEL).catalog
    changed = draw_scene(SceneConfig(late_types=LateTypesConfig(share=1.0)), 4, box, PIXEL).catalog
    for name in ("x", "y", "flux", "half_light_radius", "g1", "g2"):
        np.testing.assert_array_equal(plain[name], changed[name])
    assert "late_type" in set(changed["kind"])


@pytest.mark.parametrize(
    "changes",
    [{"share": 0.7, "edge_on_share": 0.6}, {"bar_probability": 2.0}, {"arm_share": (0.5, 0.9)}],
)
def test_late_types_refuse_nonsense(changes: dict) -> None:
    with pytest.raises(ValueError, match=list(changes)[-1]):
        LateTypesConfig(**changes)
