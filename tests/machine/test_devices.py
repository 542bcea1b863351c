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

import logging
from typing import Any

import numpy as np
import pytest
from other_backends import run_elsewhere
from small_fields import make_config, make_stack

from lsst.acn import RestorationConfig
from lsst.acn.machine.devices import Devices
from lsst.acn.machine.threads import cores
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.paper.method import PaperMethod

pytest.importorskip("jax")

CROSS = {
    "method": "cross_exposure",
    "cross_exposure__network": "fresh",
    "cross_exposure__steps": 4,
    "cross_exposure__samples": 4,
    "cross_exposure__tile_size": 24,
    "cross_exposure__channels": 8,
    "cross_exposure__dilations": [1],
    "tiles__restoring_size": 40,
}
PAPER = {"paper__training__epochs": 3, "paper__training__batch_size": 2, "paper__tile_size": 24}


def fit(config: RestorationConfig) -> dict[str, Any]:
    """Return the losses and the light of a restoration."""
    log = logging.getLogger(__name__)
    stack, _ = make_stack(n=5)
    kind = CrossExposureMethod if config.method == "cross_exposure" else PaperMethod
    method = kind(stack, config)
    losses = method.fit(log)["loss"]
    with cores(2):
        restored, _ = method.restore(None, log)
    return {"losses": losses.tolist(), "light": restored.sum(axis=0).tolist()}


def fit_all(devices: int) -> dict[str, Any]:
    """Return the same of each method on some devices."""
    configs = {
        "cross_exposure": make_config(**CROSS),
        "whole tiles": make_config(**CROSS, cross_exposure__engine="backend"),
        "paper": make_config(**PAPER),
    }
    for config in configs.values():
        config.devices = devices
    return {name: fit(config) for name, config in configs.items()}


def shares() -> dict[str, Any]:
    """Return the tiles that each of two devices holds of batches of four and of one."""
    shared = Devices(2).share_batch([np.zeros((4, 3)), np.zeros((1, 3))])
    return {
        name: [len(shard.data) for shard in array.addressable_shards]
        for name, array in zip(("even", "common"), shared, strict=True)
    }


def fit_and_share() -> list[dict[str, Any]]:
    """Return fits on one and on two devices, and how batches are shared."""
    return [fit_all(1), fit_all(2), shares()]


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """Fits on one and on two devices, by a process with two of them."""
    one, two, shares = run_elsewhere(
        "jax", "machine/test_devices.fit_and_share", XLA_FLAGS="--xla_force_host_platform_device_count=2"
    )
    return {"one": one, "two": two, "shares": shares}


@pytest.mark.parametrize("method", ["cross_exposure", "whole tiles", "paper"])
def test_two_devices_do_what_one_does(found: dict[str, dict[str, Any]], method: str) -> None:
    one, two = found["one"][method], found["two"][method]
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    np.testing.assert_allclose(two["light"], one["light"], rtol=1e-2, atol=1e-3 * max(one["light"]))


def test_tiles_are_split_and_what_they_share_is_everywhere(found: dict[str, dict[str, Any]]) -> None:
    assert found["shares"] == {"even": [2, 2], "common": [1, 1]}


def test_other_backends_say_that_they_share_nothing_out() -> None:
    with pytest.raises(ValueError, match=r"2 devices.*not with tensorflow"):
        CrossExposureMethod(make_stack(n=3)[0], make_config(**CROSS, devices=2))


def test_one_device_leaves_batches_as_they_are() -> None:
    devices = Devices()
    batch = [np.zeros((2, 3)), np.ones(2)]
    assert all(shared is array for shared, array in zip(devices.share_batch(batch), batch, strict=True))
    with devices as device:
        assert device is None
