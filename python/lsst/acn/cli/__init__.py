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

"""Plug-in of this package into the ``butler`` command line."""

from __future__ import annotations

__all__ = ("get_cli_subcommands",)

import click


def get_cli_subcommands() -> list[click.Command]:
    """Return the subcommands that this package gives to ``butler``.

    Returns
    -------
    commands : `list` [`click.Command`]
        The subcommands.
    """
    from ..machine.quiet_libraries import quiet_libraries
    from . import cmd

    quiet_libraries()
    return [getattr(cmd, name) for name in cmd.__all__]
