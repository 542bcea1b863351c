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


"""Which framework Keras computes with, if there is one: nobody else asks."""

from __future__ import annotations

__all__ = ("backend_facts", "backend_name", "import_keras", "supported_backend")

from typing import Any, Literal

from ..errors import MissingFrameworkError


def import_keras() -> Any:
    """Return Keras, or say what to install.

    Returns
    -------
    keras : `module`
        Keras, on the backend that KERAS_BACKEND or its own config file asks
        for.

    Raises
    ------
    MissingFrameworkError
        Raised if Keras or that backend is not installed.
    """
    try:
        import keras
    except ImportError as error:
        raise MissingFrameworkError(
            f"Training, and restoring on a device, need Keras and TensorFlow, JAX or PyTorch ({error}): "
            "pip install keras tensorflow."
        ) from error
    return keras


def backend_name() -> str:
    """Return the name of the Keras backend.

    Returns
    -------
    name : `str`
        Such as ``tensorflow``.

    Raises
    ------
    MissingFrameworkError
        Raised as by `import_keras`.
    """
    return str(import_keras().backend.backend())


def supported_backend() -> Literal["tensorflow", "jax", "torch"]:
    """Return the name of the Keras backend if gradients can be taken with it.

    Returns
    -------
    name : `str`
        One of three.

    Raises
    ------
    MissingFrameworkError
        Raised as by `import_keras`.
    RuntimeError
        Raised if it is another one.
    """
    match backend_name():
        case "tensorflow" | "jax" | "torch" as name:
            return name
        case other:
            raise RuntimeError(f"The Keras backend {other!r} is not supported; use tensorflow, jax or torch.")


def backend_facts() -> dict[str, str]:
    """Return what the provenance says of Keras.

    Returns
    -------
    facts : `dict` [`str`, `str`]
        ``backend`` and ``keras_version``.
    """
    return {"backend": backend_name(), "keras_version": import_keras().version()}
