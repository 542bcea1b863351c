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

"""Runs functions of test modules by other Keras backends: a process has only one."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]

OTHERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed."),
    )
    for name in ("jax", "torch")
]


def run_elsewhere(backend: str, call: str, given: Any = None, **environment: str) -> Any:
    """Return what a call of a function in a test module returns elsewhere.

    Parameters
    ----------
    backend : `str`
        Keras backend.
    call : `str`
        ``folder/module.function``, as seen from the folder of the tests; called
        without arguments, or with ``given``.
    given : object, optional
        For the function; goes through JSON, as the result does.
    **environment : `str`
        Further variables of the environment.

    Returns
    -------
    result : object
        In plain values.
    """
    path, function = call.split(".")
    folder, module = (TESTS / path).parent, Path(path).name
    argument = "" if given is None else "json.load(sys.stdin)"
    code = f"import json, sys, {module}; print(json.dumps({module}.{function}({argument})))"
    paths = [str(folder), str(TESTS / "stand_ins"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=os.environ
        | {"KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])
