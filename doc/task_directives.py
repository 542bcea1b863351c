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


"""The directives of pages of tasks, which ``lsst.sphinxutils`` has in the stack.

That package is not on PyPI; here is as much of it as the pages need.
"""

from __future__ import annotations

__all__ = ("setup",)

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from lsst.utils import doImportType


class TaskTopic(Directive):
    """Says which task a page is of; nothing is shown."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return nothing to show."""
        return []


class _Generated(Directive):
    """Text that is made from a task and parsed as if it stood on the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return what the text means."""
        container = nodes.container()
        lines = self.lines_of(doImportType(self.arguments[0]))
        self.state.nested_parse(StringList(lines, self.arguments[0]), self.content_offset, container)
        return container.children

    def lines_of(self, task: type) -> list[str]:
        """Return the text, line by line."""
        raise NotImplementedError


class TaskApiSummary(_Generated):
    """One line that says how a task is made, and what it is."""

    def lines_of(self, task: type) -> list[str]:
        """Return the text, line by line."""
        summary = (task.__doc__ or "").strip().splitlines()[0]
        return [f"``{task.__name__}(config)``: {summary}"]


class TaskConfigFields(_Generated):
    """All fields of the config of a task, with defaults and what they say."""

    def lines_of(self, task: type) -> list[str]:
        """Return the text, line by line."""
        lines = []
        for name, field in sorted(task.ConfigClass._fields.items()):  # type: ignore[attr-defined]
            if name == "connections":
                continue
            default = getattr(field, "default", None)
            shown = "" if default is None or isinstance(default, type) else f" (``{default!r}``)"
            lines += [f"``{name}``{shown}", f"   {' '.join(field.doc.split())}", ""]
        return lines


def setup(app: object) -> dict[str, bool]:
    """Tell Sphinx of the directives.

    Parameters
    ----------
    app : `sphinx.application.Sphinx`
        The application.

    Returns
    -------
    facts : `dict`
        What Sphinx wants to know.
    """
    directives = {
        "lsst-task-topic": TaskTopic,
        "lsst-task-api-summary": TaskApiSummary,
        "lsst-task-config-fields": TaskConfigFields,
    }
    for name, directive in directives.items():
        app.add_directive(name, directive)  # type: ignore[attr-defined]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
