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

"""Limits of the numbers of a config, so that whatever it asks for comes to an end."""

from __future__ import annotations

__all__ = ("within",)

from collections.abc import Callable


def within(least: float, most: float) -> Callable[[float], bool]:
    """Return the check of a field whose value lies between two others.

    Parameters
    ----------
    least, most : `float`
        Smallest and largest value.

    Returns
    -------
    check : `~collections.abc.Callable`
        `True` if its argument is allowed; otherwise raises `ValueError`, which
        becomes the message that names the field.
    """

    def check(value: float) -> bool:
        if not least <= value <= most:
            raise ValueError(f"Value {value} is not from {least:g} to {most:g}")
        return True

    return check
