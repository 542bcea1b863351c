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

"""Warps that the registry knows and whose files are gone."""

from __future__ import annotations

__all__ = ("find_lost_warps",)

from collections.abc import Sequence

from lsst.daf.butler import Butler, DatasetExistence, DatasetRef, EmptyQueryResultError
from lsst.pipe.base import QuantumContext


def find_lost_warps(butlerQC: QuantumContext, warps: Sequence[DatasetRef]) -> list[DatasetRef]:
    """Return the warps of a patch whose files are gone.

    Parameters
    ----------
    butlerQC : `lsst.pipe.base.QuantumContext`
        That of the quantum.
    warps : `~collections.abc.Sequence` [`lsst.daf.butler.DatasetRef`]
        Warps that the quantum is left with.

    Returns
    -------
    lost : `list` [`lsst.daf.butler.DatasetRef`]
        Others of the same patch and band in the input collections that were
        stored, and of which there is no file.  A dataset that was removed by
        the Butler is not lost.

    Notes
    -----
    ``pipetask`` takes inputs without a file out of a quantum before the task
    sees them, and tells so at the level of INFO alone.  It hands over the
    Butler in a private attribute.  With a quantum-backed Butler, as BPS uses,
    nothing is taken out, and reading such a warp fails.
    """
    butler = getattr(butlerQC, "_QuantumContext__butler", None)
    if not warps or not isinstance(butler, Butler) or not butler.collections.defaults:
        return []
    data_id = butlerQC.quantum.dataId
    try:
        found = butler.query_datasets(warps[0].datasetType.name, data_id=data_id, explain=False)
    except EmptyQueryResultError:
        return []
    known = {warp.id for warp in warps}
    return [each for each in found if each.id not in known and _is_lost(butler, each)]


def _is_lost(butler: Butler, warp: DatasetRef) -> bool:
    existence = butler.exists(warp, full_check=True)
    # In what the datastore believes, and not among what is true.
    return DatasetExistence.DATASTORE in existence and not existence
