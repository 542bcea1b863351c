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

"""What came of the attempts of a theme."""

from __future__ import annotations

__all__ = ("FAULTS", "Verdict")

from collections import Counter

FAULTS = (
    *("hangs", "tracebacks", "lost", "half-written", "cannot be repeated", "over the limit"),
    *("other pixels", "wrong"),
)
"""What must not happen; anything else that is counted only tells what did."""


class Verdict:
    """Counts of what happened.

    Parameters
    ----------
    what : `str`
        What was done.
    """

    def __init__(self, what: str) -> None:
        self.what, self.counts = what, Counter[str]()
        self.notes: dict[str, float] = {}
        self.examples: list[str] = []

    def add(self, outcome: str, example: str = "") -> None:
        """Count an outcome; keep the first examples of what must not happen.

        Parameters
        ----------
        outcome : `str`
            Its name.
        example : `str`, optional
            How to see it again.
        """
        self.counts[outcome] += 1
        if outcome in FAULTS and len(self.examples) < 5:
            self.examples.append(f"{outcome}: {example[-1500:]}")

    def note(self, name: str, value: float) -> None:
        """Keep the largest of some numbers, to be told with the counts.

        Parameters
        ----------
        name : `str`
            What it is.
        value : `float`
            One of them.
        """
        self.notes[name] = max(value, self.notes.get(name, value))

    @property
    def is_clean(self) -> bool:
        """Whether nothing happened that must not (`bool`)."""
        return not any(self.counts[fault] for fault in FAULTS)

    def __str__(self) -> str:
        faults = ", ".join(f"{self.counts[fault]} {fault}" for fault in FAULTS)
        others = ", ".join(f"{n} {name}" for name, n in sorted(self.counts.items()) if name not in FAULTS)
        notes = "".join(f"; {name}: {value:.2g}" for name, value in self.notes.items())
        return "\n".join([f"{self.what}: {others}; {faults}{notes}", *self.examples])
