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

"""What is left of the sky, against the means of empty and crowded exposures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.simulation import (
    ConditionsConfig,
    DefectsConfig,
    SceneConfig,
    SimulatedField,
    SimulationConfig,
    SkyConfig,
    SkyResidual,
    mesh_background,
    simulate_field,
)

CONFIG = SimulationConfig(
    seed=3,
    box=Box.from_shape((100, 90), (300, -20)),
    visits=4,
    scene=SceneConfig(crowding=0.0),
    conditions=ConditionsConfig(sky_offset=0.3),
    defects=DefectsConfig.none(),
)


def simulate(**sky: object) -> SimulatedField:
    return simulate_field(dataclasses.replace(CONFIG, sky=SkyConfig(**sky)))


def test_levels_are_in_units_of_the_sky_noise() -> None:
    plain, field = simulate(), simulate(level=-0.3, some_level=-1.0, some_share=0.5)
    change = (field.image - plain.image).mean(axis=(1, 2)) / [each.sky_noise for each in field.nuisances]
    np.testing.assert_allclose(np.sort(change), [-1.3, -1.3, -0.3, -0.3], atol=1e-4)
    for index, truth in enumerate(field.nuisances):
        image = field.image[index]
        assert image.std() == pytest.approx(truth.sky_noise, rel=0.03)
        assert image.mean() == pytest.approx(truth.sky.level, abs=4 * truth.sky_noise / np.sqrt(image.size))
        assert (field.sky_image(index) == truth.sky.level).all()


def test_plane_runs_from_edge_to_edge() -> None:
    plain, field = simulate(), simulate(gradient=2.0)
    for index, truth in enumerate(field.nuisances):
        change = (field.image - plain.image)[index]
        slopes = np.diff(change, axis=0).mean() * 100, np.diff(change, axis=1).mean() * 90
        assert slopes == pytest.approx(truth.sky.gradient, rel=1e-3)
        np.testing.assert_allclose(field.sky_image(index) - truth.sky.level, change, atol=1e-4)
    part = field.cutout(Box(320, 350, 0, 40))
    np.testing.assert_array_equal(part.sky_image(1), field.sky_image(1)[20:50, 20:60])


def test_mesh_digs_a_moat_around_bright_light() -> None:
    scene = SceneConfig(crowding=60.0, star_share=1.0, star_bright_limit=17.0, faint_limit=20.0)
    config = dataclasses.replace(CONFIG, scene=scene)
    plain = simulate_field(config)
    field = simulate_field(dataclasses.replace(config, sky=SkyConfig(mesh_size=25)))
    np.testing.assert_allclose(plain.image - field.image, field.background, atol=1e-2)
    np.testing.assert_allclose(field.sky_image(0), plain.sky_image(0) - field.background[0], atol=1e-4)
    truth, noise = field.truth_image(3.0), field.nuisances[0].sky_noise
    # The medians are those of all light, and so highest where there is most of it.
    assert field.background[0].mean() > 0.1 * noise
    assert np.corrcoef(field.background[0].ravel(), truth.ravel())[0, 1] > 0.1
    np.testing.assert_array_equal(
        field.cutout(Box(320, 350, 0, 40)).background, field.background[:, 20:50, 20:60]
    )
    assert plain.background is None


def test_medians_of_a_plane_are_the_plane() -> None:
    rows, columns = np.mgrid[:80, :60]
    plane = 3.0 * rows - columns + 5.0
    background = mesh_background(plane, 20)
    np.testing.assert_allclose(background[10:70, 10:50], plane[10:70, 10:50], atol=1e-9)
    spike = plane.copy()
    spike[40, 30] = 1e9
    assert np.abs(mesh_background(spike, 20) - background).max() < 2.0
    assert np.ptp(mesh_background(plane, 500)) == 0


def test_residual_is_a_plane_in_any_unit() -> None:
    residual = SkyResidual(1.0, (2.0, -4.0)).times(3.0)
    field = Box(0, 11, 0, 21)
    assert residual.at(np.float64(5), np.float64(10), field) == 3.0
    assert residual.at(np.float64(10.5), np.float64(10), field) == pytest.approx(6.0)
    assert residual.at(np.float64(5), np.float64(20.5), field) == pytest.approx(-3.0)
    assert SkyResidual(2.0).at(np.float64(5), np.float64(20.5), field) == 2.0


@pytest.mark.parametrize("changes", [{"some_share": 1.5}, {"gradient": -1.0}, {"mesh_size": 4}])
def test_sky_refuses_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        SkyConfig(**changes)
