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

"""Imports that the processes of one run have in common."""

from __future__ import annotations

__all__ = ("share_imports",)

import multiprocessing

MODULES = (
    "lsst.ctrl.mpexec.cli.pipetask",
    "lsst.acn.measure_restoration",
    "lsst.acn.assemble_reference_coadd",
    "lsst.acn.restore_coadd",
    "lsst.acn.methods.cross_exposure.method",
    "astropy.io.fits",
    "galsim",
    "matplotlib.figure",
    "sep",
)
"""What the tasks of a run import, most of it not before they run."""


def share_imports() -> None:
    """Let the fork server import what tasks need, once for all of them.

    ``pipetask run -j`` gives every quantum a process of its own.  With
    ``--start-method forkserver``, these are forks of one server, which has
    imported these modules; without it, each imports them anew and this has no
    effect.

    Notes
    -----
    Keras is left to each process that trains or works on a device: restoring
    on a CPU does not need it, and a backend that has begun to compute cannot
    be forked.
    """
    multiprocessing.set_forkserver_preload(list(MODULES))
