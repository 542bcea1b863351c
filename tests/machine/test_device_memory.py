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

"""Tests of what happens when the memory of a device is full."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from array_libraries import needs_keras

from lsst.acn import Box
from lsst.acn.machine.device_memory import ShrinkingBatches, TakeSteps, UntilOutOfMemory, is_out_of_memory

TILES = [Box.from_shape((4, 4), (0, 4 * number)) for number in range(8)]


class XlaRuntimeError(RuntimeError):
    """Looks like the error of JAX."""


class SmallDevice:
    """Has room for so many tiles, and remembers what it was given."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.done: list[Sequence[Box]] = []
        self.failures = 0

    def take_step(self, tiles: Sequence[Box]) -> float:
        if len(tiles) > self.room:
            self.failures += 1
            raise XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes.")
        self.done.append(tiles)
        return float(len(tiles))


def test_batches_are_halved_until_they_fit_and_stay_so(caplog: pytest.LogCaptureFixture) -> None:
    device = SmallDevice(3)
    steps = ShrinkingBatches(device.take_step, logging.getLogger("test"))
    with caplog.at_level(logging.WARNING):
        assert steps(TILES) == [2.0] * 4
    assert [tile for batch in device.done for tile in batch] == TILES
    assert [record.getMessage() for record in caplog.records] == [
        "Out of memory with 8 tiles in a batch: going on with 4.",
        "Out of memory with 4 tiles in a batch: going on with 2.",
    ]
    assert steps(TILES[:5]) == [2.0, 2.0, 1.0]
    assert device.failures == 2


def test_nothing_changes_with_room_enough() -> None:
    assert ShrinkingBatches(SmallDevice(8).take_step, logging.getLogger("test"))(TILES) == [8.0]


def test_one_tile_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(MemoryError, match=r"paper\.tile_size"):
        ShrinkingBatches(SmallDevice(0).take_step, logging.getLogger("test"))(TILES)


def test_other_errors_are_left_alone() -> None:
    def take_step(tiles: Sequence[Box]) -> float:
        raise ValueError("Shapes do not fit.")

    with pytest.raises(ValueError, match="Shapes"):
        ShrinkingBatches(take_step, logging.getLogger("test"))(TILES)


def test_another_way_is_taken_for_good_once_memory_runs_out(caplog: pytest.LogCaptureFixture) -> None:
    made = []

    def make(name: str, room: int) -> TakeSteps:
        made.append(name)
        return lambda batches: [SmallDevice(room).take_step(tiles) for tiles in batches]

    steps = UntilOutOfMemory(lambda: make("first", 2), lambda: make("second", 4), logging.getLogger("test"))
    assert steps([TILES[:2], TILES[:1]]) == [2.0, 1.0]
    with caplog.at_level(logging.WARNING):
        assert steps([TILES[:2], TILES[:3]]) == [2.0, 3.0]
    assert steps([TILES[:4]]) == [4.0]
    assert made == ["first", "second"]
    assert len(caplog.records) == 1
    with pytest.raises(XlaRuntimeError):
        steps([TILES])


@needs_keras
def test_the_error_of_tensorflow_is_known() -> None:
    import tensorflow as tf

    assert is_out_of_memory(tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"))
    assert not is_out_of_memory(tf.errors.InvalidArgumentError(None, None, "Shapes"))
