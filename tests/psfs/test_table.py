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


"""Fitted PSFs are kept in a table, whole."""

from __future__ import annotations

import numpy as np
import pytest
from small_fields import make_varying_stack

from lsst.acn.errors import UnknownPsfError
from lsst.acn.exposures.estimated_psfs import EstimatedPsfs
from lsst.acn.psfs.table import make_psf_table, read_psf_table


def make_psfs():
    stack = make_varying_stack()
    errors = np.full((len(stack), stack.psf.size, stack.psf.size), 0.5, np.float32)
    return EstimatedPsfs((7, 8, 9, 11), stack.psf, errors, 6)


def test_what_is_written_is_read():
    psfs = make_psfs()
    table = make_psf_table(psfs, {"seed": 3})
    again = read_psf_table(table)
    assert (again.visits, again.n_stars) == (psfs.visits, 6)
    np.testing.assert_array_equal(again.psf.kernels, psfs.psf.kernels)
    assert (again.psf.box, again.psf.cell_shape) == (psfs.psf.box, psfs.psf.cell_shape)
    np.testing.assert_array_equal(again.errors, psfs.errors)
    assert table.meta["seed"] == 3
    assert all(table[name].description for name in table.colnames)
    assert (table["fwhm"] > 2).all()


def test_nothing_is_read_where_nothing_was_fitted():
    assert read_psf_table(make_psf_table(None, {})) is None


def test_another_table_is_refused():
    table = make_psf_table(make_psfs(), {})
    table.remove_column("kernel")
    with pytest.raises(UnknownPsfError, match="kernel"):
        read_psf_table(table)
