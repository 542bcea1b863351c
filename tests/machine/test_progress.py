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


"""Bars are for people, and only where no log tells the same."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from lsst.acn.machine.progress import progress_bar, someone_watches

LOG = logging.getLogger("lsst.acn.test_progress")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def output_of(stream: io.StringIO, level: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what some work shows on a standard error, with a log of a level."""
    LOG.setLevel(level)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("Restoring", LOG) as advance:
        for _ in range(4):
            advance(0.25)
    return stream.getvalue()


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Restoring:   0 %" in output_of(Terminal(), logging.WARNING, monkeypatch)


def test_a_log_that_tells_of_the_progress_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not output_of(Terminal(), logging.INFO, monkeypatch)


def test_a_batch_job_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not output_of(io.StringIO(), logging.WARNING, monkeypatch)
    assert not someone_watches()
