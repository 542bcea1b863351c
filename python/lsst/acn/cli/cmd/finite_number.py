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

"""Numbers on a command line that are finite."""

from __future__ import annotations

__all__ = ("MOST_IDENTIFIER", "FiniteNumber")

import math
from typing import Any

import click

MOST_IDENTIFIER = 2**63 - 1
"""Largest number that a registry can hold (`int`)."""


class FiniteNumber(click.FloatRange):
    """A number that is neither infinite nor no number.

    Parameters
    ----------
    **limits : `typing.Any`
        As `click.FloatRange` takes them, which lets ``nan`` pass whatever
        they are.
    """

    def __init__(self, **limits: Any) -> None:
        super().__init__(**limits)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number
