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

"""The trained network that ships inside the package."""

from __future__ import annotations

__all__ = ("compiled_default_network", "default_restorer", "load_default_network")

import functools
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np

from ....machine.compiled_inference import compile_inference
from ....machine.devices import Devices
from ....on_device.tile_restorer import TileRestorer
from ....restoration_config import RestorationConfig
from .mixing_network import MIX_CHANNELS, MixingNetwork
from .weights import unpack_network

FILE = "mixing_network.json"


@functools.cache
def load_default_network() -> dict[str, Any]:
    """Return the shipped network as plain data.

    Returns
    -------
    packed : `dict`
        What `lsst.acn.methods.cross_exposure.network.weights.unpack_network` takes; made by
        ``benchmarks/shipped/train_default_network.py``.
    """
    return json.loads((files("lsst.acn") / "data" / FILE).read_text())


@functools.cache
def compiled_default_network() -> tuple[MixingNetwork, Callable[..., np.ndarray]]:
    """Return the shipped network, and its mixing compiled once for all patches.

    Returns
    -------
    network : `~lsst.acn.methods.cross_exposure.network.mixing_network.MixingNetwork`
        Not to be trained further, for others use it, too.
    mix : `~collections.abc.Callable`
        Takes features and members as arrays, with a first axis for tiles, and
        returns latent images.
    """
    network = unpack_network(load_default_network(), RestorationConfig())
    return network, compile_inference(network.mix, MIX_CHANNELS)


@functools.cache
def default_restorer(updates: int, n_devices: int) -> TileRestorer:
    """Return what restores tiles on a device with the shipped network, compiled
    once for all patches.

    Parameters
    ----------
    updates : `int`
        Number of updates of the refinement.
    n_devices : `int`
        Devices that share the tiles.

    Returns
    -------
    restorer : `~lsst.acn.on_device.tile_restorer.TileRestorer`
        Shared, as the network is.
    """
    network, _ = compiled_default_network()
    return TileRestorer(network.mix, updates, Devices(n_devices))
