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

"""The submit files of BPS and the sites they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("lsst.ctrl.bps.parsl", reason="lsst-ctrl-bps-parsl, of the extra bps, is not installed")

from lsst.ctrl.bps import BPS_DEFAULTS, BPS_SEARCH_ORDER, BpsConfig
from lsst.ctrl.bps.parsl.site import SiteConfig
from lsst.pipe.base import Pipeline
from lsst.utils import doImport

ROOT = Path(__file__).parents[2]
# Parsl looks for the addresses of this machine, and leaves a socket open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PARSL_SITES = ("local", "local_gpu", "slurm", "slurm_gpu")


def _load(name: str, **settings: Any) -> BpsConfig:
    # The plugin of HTCondor need not be installed to read its submit files.
    service = "lsst.ctrl.bps.parsl.ParslService"
    path = str(ROOT / "bps" / name)
    config = BpsConfig(path, BPS_SEARCH_ORDER, defaults=BPS_DEFAULTS, wms_service_class_fqn=service)
    config[".bps_defined.operator"] = "someone"
    for key, value in settings.items():
        config[f".bps_cmdline.{key}"] = value
    return config


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read submit files from a folder that is not theirs."""
    monkeypatch.chdir(tmp_path)


def test_submit_file_names_a_pipeline_and_jobs_on_this_machine() -> None:
    config = _load("acn.yaml")
    assert config["pipelineYaml"] == "eups://acn/pipelines/acn.yaml"
    assert config["computeSite"] == "local"
    assert doImport(config["wmsServiceClass"])
    assert callable(doImport(config["clusterAlgorithm"]))


def test_submit_file_of_ones_own_includes_that_of_the_package(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("includeConfigs:\n  - eups://acn/bps/acn.yaml\ncomputeSite: slurm\n")
    config = _load(str(own))
    assert config["computeSite"] == "slurm"
    assert config["pipelineYaml"] == "eups://acn/pipelines/acn.yaml"


def test_every_task_whose_resources_are_stated_is_in_a_pipeline() -> None:
    tasks = {
        task
        for path in (ROOT / "pipelines").glob("*.yaml")
        for task in Pipeline.fromFile(str(path)).to_graph().tasks
    }
    config = yaml.safe_load((ROOT / "bps" / "resources.yaml").read_text())
    cluster = yaml.safe_load((ROOT / "bps" / "clustering.yaml").read_text())["cluster"]["patch"]
    assert set(config["pipetask"]) == tasks
    assert set(cluster["pipetasks"].split(",")) == tasks - {"trainRestoration"}
    assert cluster["dimensions"] == "tract,patch,band"


@pytest.mark.parametrize("name", PARSL_SITES)
def test_parsl_accepts_every_site(name: str) -> None:
    site = SiteConfig.from_config(_load("acn.yaml", computeSite=name))
    # To Parsl's plugin it would be a flag, to BPS itself a section.
    assert "environment" not in site.site
    config = site.get_parsl_config()
    assert config.retries == 1
    (executor,) = config.executors
    pinned = {"local_gpu": ["0"], "slurm_gpu": ["0", "1", "2", "3"]}
    assert executor.available_accelerators == pinned.get(name, [])


def test_local_site_runs_two_jobs_of_one_thread() -> None:
    site = SiteConfig.from_config(_load("acn.yaml"))
    (executor,) = site.get_executors()
    assert executor.max_workers_per_node == 2
    assert "TF_NUM_INTRAOP_THREADS=1" in site.get_command_prefix()


@pytest.mark.parametrize(("name", "asked"), [("slurm", False), ("slurm_gpu", True)])
def test_slurm_is_asked_for_gpus_where_they_are_wanted(name: str, asked: bool) -> None:
    config = _load("acn.yaml", computeSite=name)
    config[f".site.{name}.scheduler_options"] = "#SBATCH --partition=some"
    (executor,) = SiteConfig.from_config(config).get_executors()
    directives = executor.provider.scheduler_options.splitlines()
    assert ("#SBATCH --gpus-per-node=4" in directives) is asked
    assert "#SBATCH --partition=some" in directives


@pytest.mark.parametrize(("name", "wants_gpu"), [("htcondor.yaml", False), ("htcondor_gpu.yaml", True)])
def test_submit_files_of_htcondor_build_on_the_other(name: str, wants_gpu: bool) -> None:
    config = _load(name)
    assert config["computeSite"] == "htcondor"
    assert config["cluster"]["patch"]["dimensions"] == "tract,patch,band"
    assert config.search("numberOfRetries")[1] == 2
    condor = config[".cluster.patch.profile.condor"] if wants_gpu else {}
    assert dict(condor) == ({"+RequestGPUs": 1, "requirements": "(TARGET.GPUs >= 1)"} if wants_gpu else {})
    assert (".cluster.patch.profile" in config) is wants_gpu
    written = yaml.safe_load((ROOT / "bps" / "htcondor.yaml").read_text())
    assert written["wmsServiceClass"] == "lsst.ctrl.bps.htcondor.HTCondorService"
