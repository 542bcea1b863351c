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

"""Errors of ours as errors that a pipeline knows."""

from __future__ import annotations

__all__ = ("as_algorithm_errors",)

import contextlib
import types
from collections.abc import Iterator
from typing import Any

from lsst.pipe.base import AlgorithmError

from ..errors import RestorationError


@contextlib.contextmanager
def as_algorithm_errors() -> Iterator[None]:
    """Make every `RestorationError` an `lsst.pipe.base.AlgorithmError` too.

    Raises
    ------
    RestorationError
        Raised in place of one that is raised inside: of the same class and
        an `lsst.pipe.base.AlgorithmError` as well, with the same message,
        metadata and traceback.

    Notes
    -----
    An algorithm error says that trying again is of no use.  What restores
    raises errors of its own, so that it can do without the middleware.
    """
    try:
        yield
    except AlgorithmError:
        raise
    except RestorationError as error:
        known = _algorithm_error(type(error))(str(error), **error.metadata)
        raise known.with_traceback(error.__traceback__) from error.__cause__


def _algorithm_error(kind: type[RestorationError]) -> Any:
    """Return a class that is both, under the name of the one that is ours."""
    names = {name: getattr(kind, name) for name in ("__doc__", "__module__", "__qualname__")}
    return types.new_class(kind.__name__, (kind, AlgorithmError), exec_body=lambda body: body.update(names))
