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

"""Tests of what keeps a process to the cores that it may use."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from array_libraries import needs_keras

from lsst.acn.machine.threads import side_thread

pytestmark = needs_keras

USE = """
import sys
from lsst.acn import ExposureStack, RestorationConfig, gaussian_kernel
from lsst.acn.restoration import make_method
import numpy as np

image = np.ones((2, 20, 20), np.float32)
stack = ExposureStack.from_arrays(image, image, np.stack([gaussian_kernel(3.0, 9)] * 2))
config = RestorationConfig()
config.method = "paper"
make_method(stack, config, n_cores=int(sys.argv[1]))
import tensorflow as tf

print(tf.config.threading.get_intra_op_parallelism_threads())
"""


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow", reason="Of TensorFlow.")
@pytest.mark.parametrize("number", [1, 3])
def test_backend_keeps_to_its_cores(number: int) -> None:
    command = [sys.executable, "-c", USE, str(number)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert run.stdout.split() == [str(number)]


@pytest.mark.parametrize(("n_cores", "is_beside"), [(1, False), (2, True)])
def test_side_thread_is_the_caller_s_own_with_one_core(n_cores: int, is_beside: bool) -> None:
    with side_thread("test", n_cores) as executor:
        found = executor.submit(threading.current_thread).result()
    assert (found is not threading.current_thread()) == is_beside


@pytest.mark.parametrize("n_cores", [1, 2])
def test_errors_come_with_the_result(n_cores: int) -> None:
    with side_thread("test", n_cores) as executor:
        future = executor.submit(int, "none")
    with pytest.raises(ValueError, match="none"):
        future.result()
