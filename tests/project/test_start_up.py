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

"""What importing the package loads, which decides how long it takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lsst.acn

PACKAGE = Path(lsst.acn.__file__).parent

MIDDLEWARE = {
    "lsst.ctrl",
    "lsst.daf.butler",
    "lsst.images",
    "lsst.pipe",
    "networkx",
    "pydantic",
    "sqlalchemy",
}
SLOW = {"astropy", "galsim", "jax", "keras", "matplotlib", "sep", "skimage", "tensorflow", "torch"}

NUMERICAL = ("arrays", "coadd", "exposures", "forward", "machine", "methods", "metrics", "tiles")
"""Folders of what can be done without a Butler."""


def loaded_by(*statements: str) -> set[str]:
    """Return the modules that a process has loaded after some statements."""
    code = "; ".join(["import sys", *statements, "print(*sys.modules)"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_numpy_alone() -> None:
    loaded = loaded_by("import lsst.acn")
    assert "numpy" in loaded
    assert not loaded & (MIDDLEWARE | SLOW | {"lsst.pex.config", "lsst.utils", "scipy", "yaml"})


def test_all_that_restores_is_loaded_without_middleware() -> None:
    # Tables of fluxes are measured when all is restored.
    names = ", ".join(name for name in lsst.acn.__all__ if name != "measure_fluxes")
    loaded = loaded_by(f"from lsst.acn import {names}")
    assert {"lsst.acn.restoration", "lsst.pex.config", "scipy.fft"} <= loaded
    assert not loaded & (MIDDLEWARE | SLOW)


def test_numerical_parts_know_no_butler() -> None:
    paths = [path for folder in NUMERICAL for path in (PACKAGE / folder).rglob("*.py")]
    names = [".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in paths]
    assert len(names) > len(NUMERICAL)
    imports = [f"import lsst.acn.{name.removesuffix('.__init__')}" for name in names]
    assert not loaded_by(*imports) & MIDDLEWARE


@pytest.mark.parametrize("name", lsst.acn.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    value = getattr(lsst.acn, name)
    assert name in dir(lsst.acn)
    assert name.isupper() or value.__name__ == name


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="module 'lsst.acn' has no attribute 'resotre'"):
        lsst.acn.resotre  # noqa: B018
    with pytest.raises(ImportError, match="RestoreConfig"):
        exec("from lsst.acn import RestoreConfig")
