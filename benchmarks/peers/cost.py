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

"""What a restoration costs: wall time, and the memory at its peak."""

from __future__ import annotations

__all__ = ("Cost", "limit_threads")

import contextlib
import ctypes
import gc
import os
import threading
import time
from collections.abc import Iterator
from types import TracebackType

import psutil
import scipy.fft

SAMPLING_SECONDS = 0.01
MIB = 2.0**20


class Cost:
    """Seconds, and memory above what was in use before, of a ``with`` block.

    Entered again, it adds up the seconds and keeps the largest peak.

    Attributes
    ----------
    seconds : `float`
        Wall time.
    peak_mib : `float`
        Largest increase of the resident memory, in MiB, seen in samples that
        are a hundredth of a second apart.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak_mib = 0.0
        self._process = psutil.Process()

    def __enter__(self) -> Cost:
        give_back_free_memory()
        self._before = self._process.memory_info().rss
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds += time.perf_counter() - self._start
        self._stop.set()
        self._sampler.join()
        self._look()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLING_SECONDS):
            self._look()

    def _look(self) -> None:
        increase = (self._process.memory_info().rss - self._before) / MIB
        self.peak_mib = max(self.peak_mib, increase)


def give_back_free_memory() -> None:
    """Return to the system what was freed, or the next increase is too small."""
    gc.collect()
    # Only glibc has it; elsewhere the numbers are a little too small.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


@contextlib.contextmanager
def limit_threads(number: int) -> Iterator[int]:
    """Let every method compute on the same number of cores.

    Parameters
    ----------
    number : `int`
        Cores to use, at most.

    Yields
    ------
    number : `int`
        Cores in use: no more than there are.

    Notes
    -----
    TensorFlow and JAX make as many threads as the process may use cores when
    they are first imported: enter this before.  SciPy's Fourier transforms,
    which use one thread unless told, get as many.
    """
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))[:number]
        os.sched_setaffinity(0, allowed)
        number = len(allowed)
    with scipy.fft.set_workers(number):
        yield number
