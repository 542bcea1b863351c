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


"""Show a person how far a restoration is."""

from __future__ import annotations

__all__ = ("progress_bar", "someone_watches")

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator

BAR = "{desc}: {percentage:3.0f} %|{bar}| {elapsed} gone, {remaining} left"


def someone_watches() -> bool:
    """Return whether what goes to the standard error appears before a person.

    Returns
    -------
    watches : `bool`
        `True` in a terminal and in a notebook, `False` in a batch job.
    """
    in_notebook = type(sys.stderr).__module__.startswith("ipykernel.")
    return sys.stderr.isatty() or in_notebook


@contextlib.contextmanager
def progress_bar(what: str, log: logging.Logger) -> Iterator[Callable[[float], None]]:
    """Show a bar, where someone watches and no log tells the same.

    Parameters
    ----------
    what : `str`
        What is being done.
    log : `logging.Logger`
        Told of the progress, too: if it lets messages of level INFO through,
        there is no bar.

    Yields
    ------
    advance : `~collections.abc.Callable`
        To be called with the share of the work that has been done since the
        last call.
    """
    if log.isEnabledFor(logging.INFO) or not someone_watches():
        yield lambda share: None
        return
    from tqdm import tqdm

    with tqdm(total=1.0, desc=what, bar_format=BAR, leave=False, file=sys.stderr) as bar:

        def advance(share: float) -> None:
            # A bar that goes beyond its end warns.
            bar.update(min(share, 1.0 - bar.n))

        yield advance
