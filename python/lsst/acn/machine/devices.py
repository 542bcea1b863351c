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

"""Several devices that share the work."""

from __future__ import annotations

__all__ = ("Devices", "has_accelerator", "working_on")

import contextlib
import functools
import itertools
import threading
from collections.abc import Sequence
from typing import Any

JAX_PLATFORMS = ("gpu", "cuda", "rocm", "tpu")
"""What JAX calls devices that are faster than a CPU, Fourier transforms included."""


class Devices:
    """The devices of the Keras backend that a restoration may use.

    Parameters
    ----------
    number : `int`
        How many.  One is whatever the backend uses by itself.

    Raises
    ------
    ValueError
        Raised if the backend has fewer, or if it is not JAX, the one that
        shares out work here.
    """

    def __init__(self, number: int = 1) -> None:
        self.number = number
        self._devices = _find_devices(number) if number > 1 else []
        self._next = itertools.cycle(self._devices)
        self._free = threading.Semaphore(number)
        self._lock = threading.Lock()

    def __enter__(self) -> Any:
        """Wait for a device that is free; return it, or `None` for the only one."""
        self._free.acquire()
        with self._lock:
            return next(self._next, None)

    def __exit__(self, *_: object) -> None:
        self._free.release()

    def share_batch(self, batch: Sequence[Any]) -> tuple[Any, ...]:
        """Return the arrays of a batch, each spread over the devices.

        Parameters
        ----------
        batch : `~collections.abc.Sequence`
            Arrays whose first axis counts tiles.

        Returns
        -------
        shared : `tuple`
            The same values; an array whose tiles do not divide evenly, or
            that all tiles have in common, is on every device.
        """
        if self.number == 1:
            return tuple(batch)
        import jax

        split, whole = self._shardings
        return tuple(
            jax.device_put(array, whole if not array.ndim or array.shape[0] % self.number else split)
            for array in batch
        )

    def share_values(self, values: Sequence[Any]) -> list[Any]:
        """Return the values of variables, on every device.

        Parameters
        ----------
        values : `~collections.abc.Sequence`
            Tensors.

        Returns
        -------
        shared : `list`
            The same values.
        """
        if self.number == 1:
            return list(values)
        import jax

        _, whole = self._shardings
        return jax.device_put(list(values), whole)

    @functools.cached_property
    def _shardings(self) -> tuple[Any, Any]:
        """Tiles divided among the devices, and the same on all of them."""
        from jax.sharding import Mesh, NamedSharding, PartitionSpec

        mesh = Mesh(self._devices, ("tiles",))
        return NamedSharding(mesh, PartitionSpec("tiles")), NamedSharding(mesh, PartitionSpec())


def working_on(device: Any) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which the backend works on a device.

    Parameters
    ----------
    device : `typing.Any`
        From `Devices`; `None` for whatever the backend uses by itself.

    Returns
    -------
    context : `contextlib.AbstractContextManager`
        Of this thread.
    """
    if device is None:
        return contextlib.nullcontext()
    import jax

    return jax.default_device(device)


def has_accelerator() -> bool:
    """Tell whether the Keras backend has something faster than a CPU.

    Returns
    -------
    has : `bool`
        Whether there is a GPU or the like.
    """
    import keras

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return bool(tf.config.list_physical_devices("GPU"))
        case "jax":
            import jax

            return any(device.platform in JAX_PLATFORMS for device in jax.local_devices())
        case "torch":
            import torch

            return bool(torch.cuda.is_available())
        case _:
            return False


def _find_devices(number: int) -> list[Any]:
    import keras

    backend = keras.backend.backend()
    if backend != "jax":
        raise ValueError(
            f"The config asks for {number} devices; work is shared out with the Keras backend jax alone, "
            f"not with {backend} (set KERAS_BACKEND=jax)."
        )
    import jax

    devices = jax.local_devices()
    if len(devices) < number:
        raise ValueError(f"The config asks for {number} devices; JAX has {len(devices)}: {devices}.")
    return devices[:number]
