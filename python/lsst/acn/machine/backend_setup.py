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

"""Keep the Keras backend to the memory and the cores that it needs and may use."""

from __future__ import annotations

__all__ = ("prepare_backend",)

import logging

from .backend import backend_name
from .device_memory import grow_memory_on_demand


def prepare_backend(n_cores: int | None = None) -> None:
    """Make the Keras backend ready for being one process among others.

    It takes the memory of a GPU as it needs it, and TensorFlow and PyTorch
    compute with so many threads.

    Parameters
    ----------
    n_cores : `int`, optional
        Cores that this process may use; by default the backend decides.

    Raises
    ------
    MissingFrameworkError
        Raised if Keras or its backend is not installed.

    Notes
    -----
    TensorFlow and PyTorch take all cores otherwise, whatever OMP_NUM_THREADS
    says in the case of TensorFlow, so that processes side by side get in each
    other's way.  TensorFlow decides once, when it begins to compute; JAX
    cannot be told after it has been imported.
    """
    grow_memory_on_demand()
    if n_cores is not None:
        _limit_threads(n_cores)


def _limit_threads(number: int) -> None:
    match backend_name():
        case "tensorflow":
            import tensorflow as tf

            try:
                tf.config.threading.set_intra_op_parallelism_threads(number)
                tf.config.threading.set_inter_op_parallelism_threads(number)
            except RuntimeError:
                logging.getLogger(__name__).debug("TensorFlow has its threads already.")
        case "torch":
            import torch

            torch.set_num_threads(number)
