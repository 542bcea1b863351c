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

"""Keep the Keras backend to the cores that it may use."""

from __future__ import annotations

__all__ = ("limit_backend_threads",)

import logging


def limit_backend_threads(number: int) -> None:
    """Let TensorFlow or PyTorch compute with so many threads.

    Parameters
    ----------
    number : `int`
        Cores that this process may use.

    Notes
    -----
    Either takes all cores otherwise, whatever OMP_NUM_THREADS says in the case
    of TensorFlow, so that processes side by side get in each other's way.
    TensorFlow decides once, when it begins to compute; JAX cannot be told
    after it has been imported.
    """
    import keras

    match keras.backend.backend():
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
