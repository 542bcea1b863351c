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

"""The star cluster, against the counts of King's profile."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from lsst.acn import Box
from lsst.acn.simulation import SceneConfig, StarClusterConfig, draw_scene, draw_star_cluster, king_counts

PIXEL = 0.168
BOX = Box.from_shape((301, 301), (50, -20))


def test_counts_are_the_integral_of_the_surface_density() -> None:
    def density(r: float) -> float:
        return r * (1 / np.sqrt(1 + (r / 4) ** 2) - 1 / np.sqrt(1 + (25 / 4) ** 2)) ** 2

    whole = quad(density, 0, 25)[0]
    for radius in (0.0, 1.0, 4.0, 12.0, 25.0):
        expected = quad(density, 0, radius)[0] / whole
        assert king_counts(np.array(radius), 4.0, 25.0) == pytest.approx(expected, abs=1e-9)


def test_stars_follow_the_profile_and_their_counts() -> None:
    config = StarClusterConfig(stars=4000, core_radius=3.0, tidal_radius=20.0, bright_limit=19.0, slope=0.3)
    stars = draw_star_cluster(config, 2, BOX, PIXEL, 26.0)
    assert len(stars) == 4000
    assert stars["is_star"].all()
    y, x = BOX.center
    radius = np.sort(np.hypot(stars["y"] - y, stars["x"] - x)) * PIXEL
    assert radius.max() < 20.0
    # Kolmogorov and Smirnov: 1.63 / sqrt(n) is exceeded once in a hundred times.
    shares = king_counts(radius, 3.0, 20.0)
    assert np.abs(shares - np.arange(4000) / 4000).max() < 1.63 / np.sqrt(4000)
    assert 19.0 <= stars["mag"].min() < stars["mag"].max() <= 26.0
    counts = [np.count_nonzero(np.abs(stars["mag"] - mag) < 0.5) for mag in (23.5, 25.5)]
    assert np.log10(counts[1] / counts[0]) / 2 == pytest.approx(0.3, abs=0.04)


def test_cluster_comes_on_top_of_the_field() -> None:
    box = Box.from_shape((200, 200))
    plain = draw_scene(SceneConfig(), 4, box, PIXEL).catalog
    crowded = draw_scene(SceneConfig(star_cluster=StarClusterConfig(stars=300)), 4, box, PIXEL).catalog
    assert len(crowded) == len(plain) + 300
    np.testing.assert_array_equal(crowded["x"][: len(plain)], plain["x"])


@pytest.mark.parametrize("changes", [{"stars": -1}, {"core_radius": 30.0}, {"slope": 0.0}])
def test_cluster_refuses_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        StarClusterConfig(**changes)
    with pytest.raises(ValueError, match="not brighter"):
        SceneConfig(star_cluster=StarClusterConfig(stars=5, bright_limit=27.0))
