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

from __future__ import annotations

import importlib.metadata
import json
import sys
import types

import pytest

from lsst.acn import RestorationConfig, UnknownRestorationError
from lsst.acn.records.task_record import (
    config_digest,
    config_text,
    package_versions,
    provenance_record,
    recorded_restoration_config,
)
from lsst.acn.restore_coadd import RestoreCoaddConfig
from lsst.utils.packages import getPythonPackages


def test_digest_depends_on_values_alone() -> None:
    one, other = RestorationConfig(), RestorationConfig()
    one.seed, one.target_psf_fwhm = 1, 3.0
    other.target_psf_fwhm, other.seed = 3.0, 1
    assert config_digest(one) == config_digest(other)
    other.paper.training.epochs += 1
    assert config_digest(one) != config_digest(other)


def test_text_holds_every_field() -> None:
    config = RestorationConfig(seed=5)
    assert json.loads(config_text(config)) == config.toDict()


def test_versions_are_short() -> None:
    versions = package_versions()
    assert {"acn", "numpy", "python"} <= versions.keys()
    assert all(" " not in version for version in versions.values())


def test_versions_are_those_that_the_middleware_finds() -> None:
    found, versions = getPythonPackages(), package_versions()
    assert {"acn", "daf_butler", "images", "numpy", "pipe_base", "python", "scipy"} <= versions.keys()
    assert versions == {name: found[name].split()[0] for name in versions}


def test_a_package_that_is_not_installed_as_one_tells_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("torch")
    module.__version__ = "9.9"
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setattr(importlib.metadata, "version", _not_installed)
    assert package_versions()["torch"] == "9.9"


def _not_installed(name: str) -> str:
    raise importlib.metadata.PackageNotFoundError(name)


def test_record_keeps_the_summary() -> None:
    record = provenance_record(RestorationConfig(), [7, 3], {"seed": 9})
    assert (record["seed"], record["visits"], record["n_exposures"]) == (9, "[7, 3]", 2)
    assert all(isinstance(value, int | float | str) for value in record.values())


def test_recorded_config_is_the_one_that_was_used() -> None:
    used = RestoreCoaddConfig()
    used.restoration.method = "image_mm"
    used.restoration.paper.network.kernel_sizes = [3, 9]
    metadata = {"config": json.dumps(used.toDict())}
    assert recorded_restoration_config(metadata).toDict() == used.restoration.toDict()


@pytest.mark.parametrize(
    "record", ["", "{}", '{"restoration": {"warp_speed": 9}}', '{"restoration": {"seed": -1}}']
)
def test_config_that_is_not_understood_is_an_error(record: str) -> None:
    with pytest.raises(UnknownRestorationError, match="does not tell how it was restored"):
        recorded_restoration_config({"config": record})
    with pytest.raises(UnknownRestorationError):
        recorded_restoration_config({})
