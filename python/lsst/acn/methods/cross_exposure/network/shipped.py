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

__all__ = ("load_default_network", "shipped_network")

import functools
import json
from importlib.resources import files
from typing import Any

from .mixing_network import MixingNetwork
from .weights import unpack_network

FILE = "mixing_network.json"


@functools.cache
def load_default_network() -> dict[str, Any]:
    """Return the shipped network as plain data.

    Returns
    -------
    packed : `dict`
        What `lsst.acn.methods.cross_exposure.network.weights.unpack_network`
        takes; made by ``benchmarks/shipped/train_default_network.py``.
    """
    return json.loads((files("lsst.acn") / "data" / FILE).read_text())


@functools.cache
def shipped_network() -> MixingNetwork:
    """Return the shipped network.

    Returns
    -------
    network : `~lsst.acn.methods.cross_exposure.network.mixing_network.MixingNetwork`
        Always the same.
    """
    return unpack_network(load_default_network(), FILE)
