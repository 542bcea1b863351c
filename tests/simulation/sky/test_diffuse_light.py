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

"""Faint light without edges: its flux and its surface brightness."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.simulation import (
    DiffuseLightConfig,
    SkyScene,
    draw_diffuse_light,
    draw_truth,
    flux_of_disc,
    join_sources,
    magnitude_of,
)

PIXEL = 0.2
BOX = Box.from_shape((201, 211), (1000, -50))


def draw(seed: int = 3, **changes: object) -> SkyScene:
    tables = draw_diffuse_light(DiffuseLightConfig(**changes), seed, BOX, PIXEL)
    return SkyScene(join_sources(tables), PIXEL)


@pytest.mark.parametrize("brightness", [26.0, 27.0, 27.5])
def test_disc_has_its_mean_surface_brightness_within_its_half_light_radius(brightness: float) -> None:
    scene = draw(discs=1, disc_brightness=(brightness, brightness), disc_radius=(3.0, 3.0))
    truth = draw_truth(scene, 2.0, BOX)
    row = scene.catalog[0]
    # Exponentials that end at four half-light radii lose what is beyond to the normalisation.
    assert truth.sum() == pytest.approx(row["flux"], rel=5e-3)
    y, x = scene.position(0)
    rows, columns = np.mgrid[BOX.y_start : BOX.y_stop, BOX.x_start : BOX.x_stop]
    # The ellipse that the shear makes of the circle has the same area and holds half of the light.
    g = complex(row["g1"], row["g2"])
    z = (columns - x) + 1j * (rows - y)
    radius = np.abs(z - g * z.conj()) / np.sqrt(1 - abs(g) ** 2) * PIXEL
    inside = radius < 3.0
    assert truth[inside].sum() / row["flux"] == pytest.approx(0.5, abs=0.01)
    mean = truth[inside].mean() / PIXEL**2
    assert magnitude_of(mean) == pytest.approx(brightness, abs=0.02)


def test_discs_spread_over_brightness_and_field() -> None:
    scene = draw(discs=5, disc_brightness=(26.0, 27.5))
    catalog = scene.catalog
    brightness = magnitude_of(catalog["flux"] / (2 * np.pi * catalog["half_light_radius"] ** 2))
    np.testing.assert_allclose(np.sort(brightness), [26.0, 26.375, 26.75, 27.125, 27.5], atol=1e-9)
    for name, start, stop in (("x", BOX.x_start, BOX.x_stop), ("y", BOX.y_start, BOX.y_stop)):
        assert catalog[name].min() > start + 15
        assert catalog[name].max() < stop - 15
    assert draw(seed=4, discs=5).catalog["x"][0] != catalog["x"][0]


def test_nebula_has_its_mean_surface_brightness_and_is_smooth() -> None:
    fields = [draw_truth(draw(seed, nebula_brightness=26.0), 2.0, BOX) for seed in range(3)]
    mean = np.mean([truth.mean() for truth in fields]) / PIXEL**2
    assert magnitude_of(mean) == pytest.approx(26.0, abs=0.15)
    for truth in fields:
        assert truth.min() >= 0
        assert 0.1 < truth.std() / truth.mean() < 2.0
        # A Gaussian of half-light radius 2" falls by 0.6 of its peak in one standard deviation at most.
        steepest = max(np.abs(np.diff(truth, axis=axis)).max() for axis in (0, 1))
        assert steepest < 0.1 * truth.max()


def test_intracluster_light_is_one_large_disc_in_the_middle() -> None:
    scene = draw(intracluster_brightness=26.0, intracluster_radius=8.0)
    assert len(scene) == 1
    assert scene.position(0) == BOX.center
    assert scene.catalog["flux"][0] == pytest.approx(flux_of_disc(26.0, 8.0))
    truth = draw_truth(scene, 2.0, BOX)
    assert np.unravel_index(truth.argmax(), truth.shape) == (100, 105)
    assert magnitude_of(scene.catalog["flux"][0]) == pytest.approx(26.0 - 2.5 * np.log10(2 * np.pi * 64))


def test_nothing_shines_by_default() -> None:
    assert draw_diffuse_light(DiffuseLightConfig(), 1, BOX, PIXEL) == []


@pytest.mark.parametrize(
    "changes", [{"discs": -1}, {"disc_radius": (3.0, 2.0)}, {"nebula_radius": (0.0, 2.0)}]
)
def test_diffuse_light_refuses_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        DiffuseLightConfig(**changes)
