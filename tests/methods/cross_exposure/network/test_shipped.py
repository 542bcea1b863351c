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

"""The network that ships inside the package."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from lsst.acn import Box, restore
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.methods.cross_exposure.network.shipped import FILE, load_default_network
from lsst.acn.methods.cross_exposure.network.weights import unpack_network
from lsst.acn.simulation import SimulationConfig, simulate_field


def test_it_is_small_and_says_where_it_comes_from():
    assert (files("lsst.acn") / "data" / FILE).stat().st_size < 100_000
    packed = load_default_network()
    assert packed["provenance"]["script"] == "benchmarks/shipped/train_default_network.py"
    network = unpack_network(packed)
    assert network.n_parameters == sum(np.prod(shape) for shape in packed["shapes"])


def test_restoring_with_it_is_better_than_the_coadd():
    field = simulate_field(SimulationConfig(seed=3, box=Box.from_shape((128, 128)), visits=6))
    result = restore(field.stack)
    truth = field.truth_image(2.5)
    known = field.stack.valid.all(axis=0)
    coadd = assemble_coadd(field.stack).image
    noise = np.median(np.sqrt(field.stack.variance[field.stack.valid])) / np.sqrt(6)
    sky = known & (truth < 0.05 * noise)
    errors = [np.sqrt(np.mean((image - truth)[sky] ** 2)) for image in (result.image, coadd)]
    assert errors[0] < 0.3 * errors[1]
    sources = known & (truth > noise)
    errors = [np.sqrt(np.mean((image - truth)[sources] ** 2)) for image in (result.image, coadd)]
    assert errors[0] < 0.5 * errors[1]
    assert abs(result.image[known].sum() / truth[known].sum() - 1) < 0.05
    assert len(result.history["epoch"]) == 0
