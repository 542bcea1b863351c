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

import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.tiles.grid import TileBlender, draw_tiles, tile_grid


@pytest.mark.parametrize(
    ("shape", "size", "overlap"), [((50, 70), 16, 4), ((16, 16), 16, 4), ((9, 40), 16, 0)]
)
def test_a_grid_covers_the_box_with_equal_tiles_that_overlap(shape, size, overlap):
    box = Box.from_shape(shape, (-3, 100))
    tiles = tile_grid(box, size, overlap)
    count = np.zeros(shape, int)
    for tile in tiles:
        assert box.contains(tile)
        assert tile.shape == tiles[0].shape
        assert all(side <= min(size, length) for side, length in zip(tile.shape, shape, strict=True))
        count[tile.slices_within(box)] += 1
    assert count.min() >= 1
    rows = sorted({tile.y_start for tile in tiles})
    assert all(a + tiles[0].shape[0] - b >= overlap for a, b in zip(rows, rows[1:], strict=False))


def test_tiles_are_no_larger_than_as_many_need_to_be():
    tiles = tile_grid(Box.from_shape((300, 100)), 256, 16)
    assert [(tile.y_start, tile.shape) for tile in tiles] == [(0, (158, 100)), (142, (158, 100))]


def test_blending_equal_pieces_of_an_image_gives_the_image():
    box = Box.from_shape((50, 70), (5, 5))
    image = np.random.default_rng(0).normal(size=box.shape).astype("f4")
    blender = TileBlender(box, 4)
    for tile in tile_grid(box, 16, 4):
        blender.add(tile, image[tile.slices_within(box)])
    np.testing.assert_allclose(blender.result(), image, atol=1e-6)


def test_a_step_between_tiles_is_spread_over_the_overlap():
    box = Box.from_shape((8, 28))
    blender = TileBlender(box, 4)
    for value, tile in enumerate(tile_grid(box, 16, 4)):
        blender.add(tile, np.full(tile.shape, float(value)))
    steps = np.diff(blender.result()[0])
    assert (steps >= 0).all()
    assert steps.max() == pytest.approx(0.2, abs=1e-6)


def test_uncovered_pixels_are_an_error():
    blender = TileBlender(Box(0, 8, 0, 8), 2)
    blender.add(Box(0, 8, 0, 4), np.ones((8, 4)))
    with pytest.raises(ValueError, match="do not cover"):
        blender.result()


def test_drawn_tiles_depend_on_the_seed_alone_and_see_the_whole_box():
    box = Box.from_shape((60, 60))
    assert draw_tiles(box, 16, np.random.default_rng(1)) == draw_tiles(box, 16, np.random.default_rng(1))
    assert draw_tiles(box, 16, np.random.default_rng(1)) != draw_tiles(box, 16, np.random.default_rng(2))
    rng = np.random.default_rng(3)
    count = np.zeros(box.shape, int)
    for _ in range(40):
        for tile in draw_tiles(box, 16, rng):
            assert box.contains(tile)
            count[tile.slices_within(box)] += 1
    assert count.min() > 5
