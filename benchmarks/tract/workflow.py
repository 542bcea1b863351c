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


"""What BPS makes of a submission before anything runs: graph, jobs and what they ask for."""

from __future__ import annotations

__all__ = ("RESTORED", "Submission", "WorkflowSummary", "plan_workflow", "write_submit_file")

import contextlib
import dataclasses
import io
from pathlib import Path

from lsst.acn.demo.run import RESOURCES

from .tract_grid import SKYMAP, WARPS

RESTORED = "tract/restored"
PIPELINE = "eups://acn/pipelines/acn.yaml"
PARSL = "lsst.ctrl.bps.parsl.ParslService"
QUICK = f"-C restoreCoadd:{RESOURCES / 'config' / 'quick.py'}"


@dataclasses.dataclass(frozen=True)
class Submission:
    """What is submitted.

    Parameters
    ----------
    base : `str`
        Submit file of the package that it builds on.
    subset, task : `str`, optional
        Part of the pipeline, and its only task.
    patches : `int`, optional
        Patches that share a job, with all their bands.
    cores : `int`, optional
        Jobs at a time on this machine.
    """

    base: str = "acn.yaml"
    subset: str = "restoration"
    task: str = "restoreCoadd"
    patches: int = 1
    cores: int = 2

    @property
    def options(self) -> str:
        """Options of the command that builds the graph (`str`)."""
        return QUICK if self.task == "restoreCoadd" else ""

    @property
    def clusters(self) -> str:
        """Which quanta share a job, as YAML (`str`)."""
        if self.patches == 1:
            return "    dimensions: tract,patch\n"
        return (
            f"    dimensions: tract\n    partitionDimensions: patch\n    partitionMaxSize: {self.patches}\n"
        )


@dataclasses.dataclass(frozen=True)
class WorkflowSummary:
    """The jobs of a workflow.

    Parameters
    ----------
    quanta, jobs : `int`
        Number of quanta, and of jobs that have them.
    memory : `int`
        MiB that a job asks for.
    memory_multiplier : `float`
        What that is multiplied with when a job ran out of it.
    cores, retries : `int`
        Cores that a job asks for, and how often it is tried again.
    gpus : `int`
        GPUs that a job asks for.
    site : `str`
        Where the jobs run.
    """

    quanta: int
    jobs: int
    memory: int
    memory_multiplier: float
    cores: int
    retries: int
    gpus: int
    site: str


def write_submit_file(path: Path, submission: Submission) -> None:
    """Write a submit file that builds on one of the package.

    Parameters
    ----------
    path : `pathlib.Path`
        File to write.
    submission : `Submission`
        What is submitted.
    """
    path.write_text(
        "includeConfigs:\n"
        f"  - {RESOURCES / 'bps' / submission.base}\n"
        f"pipelineYaml: {PIPELINE}#{submission.subset}\n"
        "cluster:\n"
        "  patch:\n"
        f"    pipetasks: {submission.task}\n"
        f"{submission.clusters}"
        "site:\n"
        "  local:\n"
        f"    cores: {submission.cores}\n"
    )


def plan_workflow(submit_file: Path, repo: Path, *, where: str = "") -> WorkflowSummary:
    """Build the quantum graph and the jobs of a submission, and run nothing.

    Parameters
    ----------
    submit_file : `pathlib.Path`
        As `write_submit_file` writes it; the folder ``submit`` is made where
        this process is.
    repo : `pathlib.Path`
        Repository with the warps.
    where : `str`, optional
        Further part of the data query.

    Returns
    -------
    summary : `WorkflowSummary`
        The jobs.  All of them ask for the same.

    Notes
    -----
    The service is that of Parsl, which need not run anything: what jobs ask
    for is settled before a service sees them.
    """
    from lsst.ctrl.bps.drivers import transform_driver

    query = f"skymap='{SKYMAP}' AND tract=0"
    with contextlib.redirect_stdout(io.StringIO()):
        config, workflow = transform_driver(
            str(submit_file),
            wms_service=PARSL,
            butler_config=str(repo),
            input=WARPS,
            output=RESTORED,
            data_query=f"{query} AND {where}" if where else query,
            extra_qgraph_options=QUICK,
        )
    jobs = [workflow.get_job(name) for name in workflow]
    (first, *others) = [job for job in jobs if job.label == "patch"]
    asked = {(job.request_memory, job.request_cpus, job.number_of_retries) for job in (first, *others)}
    if len(asked) > 1:
        raise ValueError(f"Jobs of one cluster ask for different resources: {sorted(asked)}.")
    # The plugin of HTCondor takes its profile from the configuration itself.
    condor = config[".cluster.patch.profile.condor"] if ".cluster.patch.profile" in config else {}
    return WorkflowSummary(
        quanta=sum(sum(job.quanta_counts.values()) for job in (first, *others)),
        jobs=1 + len(others),
        memory=first.request_memory,
        memory_multiplier=first.memory_multiplier,
        cores=first.request_cpus,
        retries=first.number_of_retries,
        gpus=int(dict(condor).get("+RequestGPUs", 0)),
        site=first.compute_site or config["computeSite"],
    )
