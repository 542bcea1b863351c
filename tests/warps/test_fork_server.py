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

"""Imports that quanta of one run share."""

from __future__ import annotations

import importlib.util
import multiprocessing
import sys

import pytest
from array_libraries import needs_keras
from other_backends import OTHERS, run_elsewhere

from lsst.acn.warps.fork_server import MODULES


@pytest.mark.parametrize("name", MODULES)
def test_what_is_shared_exists(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


def work() -> tuple[bool, bool, float]:
    """Return whether a process begins with Keras and the tasks, and what Keras computes in it."""
    had_keras, had_tasks = "keras" in sys.modules, "lsst.acn.restore_coadd" in sys.modules
    import keras

    return had_keras, had_tasks, float(keras.ops.sum(keras.ops.ones((300, 300)) @ keras.ops.ones((300, 2))))


def work_of_a_quantum() -> tuple[bool, bool, float]:
    """Return what such a process says where a task is known, as it is to ``pipetask``."""
    import lsst.acn.assemble_reference_coadd  # noqa: F401

    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        return pool.apply(work)


@pytest.mark.parametrize("backend", [pytest.param("tensorflow", marks=needs_keras), *OTHERS])
def test_processes_begin_with_the_imports_and_any_backend_can_compute(backend: str) -> None:
    assert run_elsewhere(backend, "warps/test_fork_server.work_of_a_quantum") == [False, True, 180000.0]


def imported() -> list[bool]:
    """Return which of these a process begins with."""
    return [name in sys.modules for name in ("lsst.acn.restore_coadd", "keras", "tensorflow", "jax")]


def test_processes_begin_without_a_network_framework() -> None:
    import lsst.acn.assemble_reference_coadd  # noqa: F401

    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        assert pool.apply(imported) == [True, False, False, False]
