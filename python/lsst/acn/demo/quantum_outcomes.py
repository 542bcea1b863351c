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

"""What became of the quanta of a run, from the logs and metadata it left."""

from __future__ import annotations

__all__ = ("QuantumOutcome", "format_outcomes", "read_outcomes")

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsst.daf.butler import Butler, DataCoordinate, MissingDatasetTypeError
from lsst.pipe.base import TaskMetadata
from lsst.pipe.base.pipeline_graph import TaskImportMode
from lsst.pipe.base.quantum_graph import PredictedQuantumGraph
from lsst.pipe.base.resource_usage import QuantumResourceUsage

COLUMNS = ("quanta", "succeeded", "failed", "not run", "attempts", "seconds")


@dataclasses.dataclass(frozen=True)
class QuantumOutcome:
    """What became of one quantum.

    Parameters
    ----------
    task : `str`
        Label of the task in the pipeline.
    data_id : `dict` [`str`, `int` | `str`]
        Data ID.
    status : `str`
        ``succeeded``; ``failed`` in the last attempt; or ``not run``, because
        a quantum before it failed, or because nothing of it is left.
    attempts : `int`
        Number of times that it was tried.
    seconds : `float`
        Wall time of the attempt that succeeded.
    message : `str`
        Why it failed.
    """

    task: str
    data_id: dict[str, int | str]
    status: str
    attempts: int = 0
    seconds: float = 0.0
    message: str = ""


def read_outcomes(repo: str, graph: Path) -> list[QuantumOutcome]:
    """Read what became of the quanta of a graph that has been executed.

    Parameters
    ----------
    repo : `str`
        Butler repository that has the outputs.
    graph : `pathlib.Path`
        Quantum graph, such as BPS leaves in its submit folder.

    Returns
    -------
    outcomes : `list` [`QuantumOutcome`]
        One for each quantum, tasks in the order of the pipeline.
    """
    with PredictedQuantumGraph.open(graph, import_mode=TaskImportMode.DO_NOT_IMPORT) as reader:
        reader.read_thin_graph()
        predicted = reader.finish()
    with Butler.from_config(repo, collections=predicted.header.output_run) as butler:
        return [
            _read_outcome(butler, task, data_id)
            for task, quanta in predicted.quanta_by_task.items()
            for data_id in quanta
        ]


def _read_outcome(butler: Butler, task: str, data_id: DataCoordinate) -> QuantumOutcome:
    identity = {name: data_id[name] for name in data_id.dimensions.required}
    log, metadata = (_get(butler, f"{task}_{what}", data_id) for what in ("log", "metadata"))
    if log is None and metadata is None:
        return QuantumOutcome(task, identity, "not run")
    # Attempts that were made before are attached to the log of the last one.
    extra = log.extra if log is not None else {}
    attempts = 1 + len(extra.get("previous_attempts", ()))
    if metadata is None:
        return QuantumOutcome(task, identity, "failed", attempts, message=_message(log))
    return QuantumOutcome(task, identity, "succeeded", attempts, _seconds(metadata))


def _get(butler: Butler, name: str, data_id: DataCoordinate) -> Any:
    try:
        reference = butler.find_dataset(name, data_id)
    except MissingDatasetTypeError:
        return None
    return None if reference is None else butler.get(reference)


def _message(log: Any) -> str:
    if exception := log.extra.get("exception"):
        return f"{exception['type_name']}: {exception['message']}"
    errors = [record.message for record in log if record.levelname in ("ERROR", "CRITICAL")]
    return errors[-1] if errors else "it left no message"


def _seconds(metadata: TaskMetadata) -> float:
    usage = QuantumResourceUsage.from_task_metadata(metadata)
    return 0.0 if usage is None else usage.total_time


def format_outcomes(outcomes: Sequence[QuantumOutcome]) -> str:
    """Return the numbers for each task, and all failures, as text.

    Parameters
    ----------
    outcomes : `~collections.abc.Sequence` [`QuantumOutcome`]
        Outcomes of all quanta.

    Returns
    -------
    text : `str`
        A line of names, a line for each task, and one for each failure.
    """
    tasks = list(dict.fromkeys(outcome.task for outcome in outcomes))
    width = max((len(task) for task in tasks), default=0)
    lines = [f"{'task':<{width}}" + "".join(f"{name:>11}" for name in COLUMNS)]
    for task in tasks:
        values = _numbers([outcome for outcome in outcomes if outcome.task == task])
        lines.append(f"{task:<{width}}" + "".join(f"{value:>11}" for value in values))
    for outcome in outcomes:
        if outcome.status == "failed":
            data_id = ", ".join(f"{name}={value}" for name, value in outcome.data_id.items())
            lines += ["", f"{outcome.task} ({data_id}), {outcome.attempts} attempts: {outcome.message}"]
    return "\n".join(lines)


def _numbers(outcomes: Sequence[QuantumOutcome]) -> list[str]:
    statuses = [outcome.status for outcome in outcomes]
    counts = [len(outcomes), *(statuses.count(name) for name in COLUMNS[1:4])]
    counts.append(sum(outcome.attempts for outcome in outcomes))
    return [*map(str, counts), f"{sum(outcome.seconds for outcome in outcomes):.1f}"]
