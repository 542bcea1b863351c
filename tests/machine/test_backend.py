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


"""Tests of the one place that asks for the Keras backend."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from array_libraries import needs_keras

import lsst.acn
from lsst.acn import MissingFrameworkError, RestorationConfig
from lsst.acn.machine import backend
from lsst.acn.machine.backend import backend_facts, backend_name, import_keras, supported_backend
from lsst.acn.machine.backend_setup import prepare_backend
from lsst.acn.machine.devices import has_accelerator
from lsst.acn.machine.training_step import make_training_step
from lsst.acn.methods.paper.network import PaperNetwork

PACKAGE = Path(lsst.acn.__file__).parent
ASKING = ("backend.backend(", "config.backend(")


@pytest.fixture
def without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Python looks up before it imports.
    monkeypatch.setitem(sys.modules, "keras", None)


def use(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let Keras say that it has a certain backend."""
    keras = import_keras()
    monkeypatch.setattr(keras.backend, "backend", lambda: name)


def test_nobody_else_asks_for_the_backend() -> None:
    modules = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}
    asking = {name for name, text in modules.items() if any(words in text for words in ASKING)}
    assert asking == {"machine/backend.py"}


@pytest.mark.parametrize("name", ["tensorflow", "jax", "torch"])
@needs_keras
def test_three_backends_are_supported(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    use(monkeypatch, name)
    assert backend_name() == supported_backend() == backend_facts()["backend"] == name


@needs_keras
def test_others_are_refused_where_gradients_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "numpy")
    assert backend_name() == "numpy"
    assert not has_accelerator()
    words = "The Keras backend 'numpy' is not supported; use tensorflow, jax or torch"
    with pytest.raises(RuntimeError, match=words):
        supported_backend()
    with pytest.raises(RuntimeError, match=words):
        make_training_step(None, None, sum)


@pytest.mark.parametrize(
    "call",
    [backend.import_keras, backend_name, backend_facts, supported_backend, prepare_backend],
)
@pytest.mark.usefixtures("without_keras")
def test_without_keras_one_sentence_says_what_to_install(call: Any) -> None:
    with pytest.raises(
        MissingFrameworkError, match=r"^Training.* need Keras.*pip install keras tensorflow\.$"
    ):
        call()


@pytest.mark.usefixtures("without_keras")
def test_without_keras_there_is_no_accelerator_and_no_network_to_train() -> None:
    assert not has_accelerator()
    with pytest.raises(MissingFrameworkError, match="pip install"):
        PaperNetwork(RestorationConfig(), 3)
