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

"""Training on a patch that is in the memory of the device."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras
from other_backends import OTHERS, run_elsewhere
from small_fields import make_config, make_stack, make_varying_stack

from lsst.acn import Box, ExposureStack
from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.forward.paired_forward_model import PairedForwardModel
from lsst.acn.methods.paper.inputs import PatchInputs
from lsst.acn.methods.paper.network import PaperNetwork
from lsst.acn.methods.paper.resident_patch import ResidentPatch
from lsst.acn.methods.paper.training import train

pytestmark = needs_keras

MARGIN = 3
SIZE = 24
TILES = [Box.from_shape((SIZE, SIZE), start) for start in [(0, 0), (16, 24), (5, 7), (11, 2)]]


def constant_stack() -> ExposureStack:
    stack: ExposureStack = make_stack()[0]
    return stack


@pytest.mark.parametrize("make", [constant_stack, make_varying_stack])
def test_tiles_are_the_same_as_those_handed_over(make: Any) -> None:
    stack = make()
    inputs = PatchInputs(stack, MARGIN)
    model = PairedForwardModel((SIZE, SIZE), stack.psf.size, len(stack), keras_arrays())
    patch = ResidentPatch(inputs, model)
    corners, cells = patch.places([TILES[:2], TILES[2:]])
    for number in (0, 1):
        found = patch.cut([corners[number], cells[number], *patch.tensors])
        expected = inputs.batch(TILES[2 * number : 2 * number + 2], model)
        for tensor, array in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.asarray(tensor), array)


def losses(resident: str, batch_size: int = 2) -> list[float]:
    """Return the losses of a few epochs."""
    config = make_config(paper__training__resident=resident, paper__training__batch_size=batch_size)
    stack = make_varying_stack()
    network = PaperNetwork(config, len(stack))
    history = train(network, PatchInputs(stack, network.margin), config, logging.getLogger(__name__))
    return [float(loss) for loss in history["loss"]]


def test_training_is_the_same_wherever_the_patch_is() -> None:
    np.testing.assert_allclose(losses("always"), losses("never"), rtol=1e-5)


def test_a_cpu_is_handed_its_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("lsst.acn.methods.paper.training.ResidentPatch", fail)
    assert losses("auto") == losses("never")
    with pytest.raises(AssertionError):
        losses("always")


def test_a_device_without_room_is_handed_its_tiles(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 byte.")

    monkeypatch.setattr("lsst.acn.methods.paper.training.ResidentPatch", fail)
    with caplog.at_level(logging.WARNING):
        assert losses("always") == losses("never")
    assert caplog.text.count("no room for the patch") == 1


def both_losses() -> dict[str, list[float]]:
    return {resident: losses(resident) for resident in ("always", "never")}


@pytest.mark.parametrize("backend", OTHERS)
def test_training_is_the_same_with_other_backends_too(backend: str) -> None:
    found = run_elsewhere(backend, "methods/paper/test_resident_patch.both_losses")
    np.testing.assert_allclose(found["always"], found["never"], rtol=1e-4)
    assert len(set(found["always"])) == len(found["always"]) > 1
