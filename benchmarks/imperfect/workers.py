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

"""Fields side by side, each process on cores of its own."""

from __future__ import annotations

__all__ = ("run_jobs",)

import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.queues import Queue

from ..peers.cost import limit_threads
from ..peers.runners import warm_up
from .one_field import FieldJob, run_field

LOG = logging.getLogger("scoreboard")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def run_jobs(jobs: Sequence[FieldJob], processes: int) -> Iterator[str]:
    """Run fields, and yield the name of each that is done.

    Parameters
    ----------
    jobs : `~collections.abc.Sequence` [`FieldJob`]
        The fields.
    processes : `int`
        How many at once; they share the cores evenly.

    Yields
    ------
    name : `str`
        Of a field that is done, or why it is not.
    """
    processes = max(1, min(processes, len(jobs), len(_cores())))
    # New processes rather than forks: a backend with threads does not survive a fork.
    context = multiprocessing.get_context("spawn")
    shares = context.Queue()
    for number in range(processes):
        shares.put(_cores()[number::processes])
    methods = tuple(dict.fromkeys(name for job in jobs for name in job.methods))
    with ProcessPoolExecutor(processes, context, _start, (shares, methods)) as pool:
        futures = {pool.submit(run_field, job): job for job in jobs}
        for future in as_completed(futures):
            error = future.exception()
            if error is not None:
                LOG.error("%s failed: %s", futures[future].name, error)
            yield futures[future].name


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _start(shares: Queue, methods: Sequence[str]) -> None:
    """Take a share of the cores for good, and import what the methods need."""
    cores = shares.get()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    os.environ |= dict.fromkeys(THREAD_VARIABLES, str(len(cores))) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("scoreboard.networks").setLevel(logging.WARNING)
    logging.getLogger("jax").setLevel(logging.ERROR)
    # Never left: it holds as long as the process lives.
    limit_threads(len(cores)).__enter__()
    warm_up(methods)
