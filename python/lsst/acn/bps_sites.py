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

"""Sites of Parsl on which each job has a GPU to itself.

Submit files of BPS name these classes; see ``bps/sites.yaml``.
"""

from __future__ import annotations

__all__ = ("LocalGpu", "SlurmGpu")

from typing import Any

from parsl.executors import HighThroughputExecutor
from parsl.executors.base import ParslExecutor
from parsl.providers import LocalProvider

from lsst.ctrl.bps.parsl import get_bps_config_value
from lsst.ctrl.bps.parsl.sites import Local, Slurm


class LocalGpu(Local):
    """One machine, with one job at a time for each of its GPUs.

    Notes
    -----
    Its setting in a submit file is ``gpus``, the number of GPUs to use.
    Each worker sees a single one of them, by ``CUDA_VISIBLE_DEVICES``.
    """

    def get_executors(self) -> list[ParslExecutor]:
        """Return the one executor of this site.

        Returns
        -------
        executors : `list` [`parsl.executors.base.ParslExecutor`]
            An executor with as many workers as there are GPUs.
        """
        gpus = get_bps_config_value(self.site, "gpus", int, required=True)
        return [HighThroughputExecutor("local", provider=LocalProvider(), available_accelerators=gpus)]


class SlurmGpu(Slurm):
    """A Slurm cluster, with one job at a time for each GPU.

    Notes
    -----
    Its settings in a submit file are those of
    `lsst.ctrl.bps.parsl.sites.Slurm` and ``gpus_per_node``, the number of
    GPUs that each node is asked for.  Each worker sees a single one of them.
    """

    def make_executor(self, label: str, **options: Any) -> ParslExecutor:
        """Return an executor that asks for GPUs.

        Parameters
        ----------
        label : `str`
            Name of the executor.
        **options : `typing.Any`
            As for `lsst.ctrl.bps.parsl.sites.Slurm`.

        Returns
        -------
        executor : `parsl.executors.base.ParslExecutor`
            An executor with as many workers on a node as it has GPUs.
        """
        gpus = get_bps_config_value(self.site, "gpus_per_node", int, required=True)
        provider = {"gpus_per_node": gpus, **(options.pop("provider_options", None) or {})}
        executor = {"available_accelerators": gpus, **(options.pop("executor_options", None) or {})}
        return super().make_executor(label, provider_options=provider, executor_options=executor, **options)
