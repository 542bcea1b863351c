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

"""Gradients of parallel branches that wait for each other."""

from __future__ import annotations

__all__ = ("GradientQueue",)

from typing import Any

from .rectified_convolution import on_tensorflow_cpu


class GradientQueue:
    """Lets one branch of a network at a time compute its gradient.

    TensorFlow starts every operation as soon as its inputs are there, so that
    the gradients of all branches would be in memory together.  Each branch
    passes its output through `wait` and its first kernel through `leave`.
    Where Keras does not run on TensorFlow on CPU, nothing changes.
    """

    def __init__(self) -> None:
        self._enabled = on_tensorflow_cpu()
        self._last: list[Any] = []

    def wait(self, output: Any) -> Any:
        """Return the output of a branch; its gradient waits for its turn.

        Parameters
        ----------
        output : tensor
            Output of a branch.

        Returns
        -------
        output : tensor
            The same.
        """
        if not self._enabled:
            return output
        import tensorflow as tf

        def gradient(upstream: Any) -> Any:
            with tf.control_dependencies(self._last):
                return tf.identity(upstream)

        return tf.custom_gradient(lambda tensor: (tf.identity(tensor), gradient))(output)

    def leave(self, kernel: Any) -> Any:
        """Return a kernel, whose gradient is the last of its branch.

        Parameters
        ----------
        kernel : tensor
            First kernel of a branch.

        Returns
        -------
        kernel : tensor
            The same.
        """
        if not self._enabled:
            return kernel
        import tensorflow as tf

        def gradient(upstream: Any) -> Any:
            self._last = [upstream]
            return upstream

        return tf.custom_gradient(lambda tensor: (tf.identity(tensor), gradient))(kernel)
