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

"""Cases that hypothesis draws, each with a time limit; and those that once failed."""

from __future__ import annotations

__all__ = ("Case", "damages", "for_each_case", "known_cases", "time_limit")

import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies

type Case = dict[str, Any]
"""What is tried, in plain values, so that it can be kept as text."""

CORPUS = Path(__file__).parent / "corpus"
LONGEST = 60
"""Seconds after which anything is a hang (`int`)."""

FARTHEST = 10**7
"""Places are drawn up to here, and taken modulo the number of places there are (`int`)."""

TEXTS = (
    *("", "T", "-1", "0", "7", "1E30", "-1E300", "NaN", "inf", "9223372036854775808", "'x'", "''", "'%'"),
    *(
        "'mag'",
        "[1, 2]",
        "{a: 1}",
        "!!python/object:os.system",
        "&a [*a]",
        "7.9",
        "'../../x'",
        "\x00",
        "1e-320",
    ),
)
"""What a table or a header may say without meaning anything."""


def for_each_case(
    cases: strategies.SearchStrategy[Case], count: int, seed: int, attempt: Callable[[Case], None]
) -> None:
    """Draw cases and try each.

    Parameters
    ----------
    cases : `hypothesis.strategies.SearchStrategy`
        What is drawn from.
    count : `int`
        Number of cases.
    seed : `int`
        Of the draws.
    attempt : `~collections.abc.Callable`
        Takes a case; counts what comes of it, and raises nothing.
    """

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(cases)
    def draw(case: Case) -> None:
        attempt(case)

    draw()


def known_cases(theme: str) -> list[Case]:
    """Return the cases that a theme once failed at.

    Parameters
    ----------
    theme : `str`
        Name of its file in ``corpus``, without ``.json``.

    Returns
    -------
    cases : `list` [`dict`]
        Each with ``was``, what went wrong, and ``now``, what has to come of it.
    """
    result: list[Case] = json.loads((CORPUS / f"{theme}.json").read_text())
    return result


def damages() -> strategies.SearchStrategy[Case]:
    """Return what can happen to the content of a file.

    Returns
    -------
    damages : `hypothesis.strategies.SearchStrategy`
        Words or cards that say something else, which are half of all; bytes
        that are others; files that end too soon.
    """
    places = strategies.integers(0, FARTHEST)
    texts = strategies.sampled_from(TEXTS) | strategies.text(max_size=12)
    entries = strategies.lists(strategies.tuples(places, texts), min_size=1, max_size=3)
    other = strategies.lists(strategies.tuples(places, strategies.integers(0, 255)), min_size=1, max_size=19)
    return strategies.one_of(
        strategies.fixed_dictionaries({"entries": entries}),
        strategies.fixed_dictionaries({"entries": entries}),
        strategies.fixed_dictionaries({"bytes": other}),
        strategies.fixed_dictionaries({"cut": places}),
    )


@contextlib.contextmanager
def time_limit(seconds: int = LONGEST) -> Iterator[None]:
    """Raise `TimeoutError` in what takes too long.

    Parameters
    ----------
    seconds : `int`, optional
        How long that is.

    Yields
    ------
    None
        Once the clock is set.
    """
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _too_long(*arguments: object) -> None:
    raise TimeoutError
