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


"""Make notebooks of pages of the guide, which say the same, run by run.

``python doc/make_notebooks.py`` writes them anew; a test compares, and the tests
of the pages run their code.
"""

from __future__ import annotations

__all__ = ("NOTEBOOKS", "notebook_of", "write_notebooks")

import functools
import hashlib
import json
import re
import textwrap
from pathlib import Path

DOC = Path(__file__).resolve().parent
FOLDER = DOC / "notebooks"

NOTEBOOKS = {
    "first-restoration": "first-restoration.rst",
    "from-fits-to-science": "tutorial.rst",
    "look-at-a-patch": "look-at-a-patch.rst",
    "science-platform": "science-platform.rst",
}
"""Notebooks by name, and the pages of the guide that they are made of."""

BLOCK = re.compile(r"^\.\. code-block:: (python|sh|text)\n\n((?:   .*\n|\n)+)", re.MULTILINE)
FIGURE = re.compile(r"^\.\. figure::.*\n(?:   .*\n|\n)+", re.MULTILINE)
HEADING = re.compile(r"^(?:#{3,}\n)?(.+)\n(#{3,}|={3,})$", re.MULTILINE)
LABEL = re.compile(r"^\.\. _([\w.-]+):\n\n(?:#{3,}\n)?(.+)\n(?:#{3,}|={3,})$", re.MULTILINE)
OF_ITSELF = re.compile(r"[;:]?[ \n]``doc/notebooks/[\w-]+\.ipynb`` is [^.]+\.")
SAVED = re.compile(r"\.savefig\((.+?)(?:, \w+=.+)?\)$")


def _markdown(text: str, own: str) -> str:
    """Return what stands between blocks of code, in Markdown."""
    text = re.sub(r"^\.\. (?:py:currentmodule::|_).*\n", "", text, flags=re.MULTILINE)
    text = FIGURE.sub("", text)
    text = HEADING.sub(lambda found: f"{'#' if found[2][0] == '#' else '##'} {found[1]}", text)
    # A notebook need not say that the page is one as well.
    text = OF_ITSELF.sub(lambda found: "" if found[0][0].isspace() else ".", text)
    text = re.sub(r":ref:`(?:([^`<]+) <)?([\w.-]+)>?`", lambda found: _link(found[2], found[1], own), text)
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


@functools.cache
def _labels() -> dict[str, tuple[str, str]]:
    """Return page and title by label."""
    return {
        label: (page.name, title)
        for page in (DOC / "lsst.acn").glob("*.rst")
        for label, title in LABEL.findall(page.read_text(encoding="utf-8"))
    }


def _link(label: str, said: str | None, own: str) -> str:
    """Return a link to another page, by its title unless something else is said."""
    page, title = _labels()[label]
    if page == own:
        return f"*{said or title}*"
    return f"[{said or title}](../lsst.acn/{page})"


def _cell(kind: str, source: str) -> dict[str, object]:
    name = hashlib.sha256(source.encode()).hexdigest()[:8]
    cell: dict[str, object] = {"cell_type": kind, "id": name, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}


def notebook_of(page: Path) -> str:
    """Return a notebook that says and does what a page does.

    Parameters
    ----------
    page : `pathlib.Path`
        Page in reStructuredText.

    Returns
    -------
    notebook : `str`
        In the format of Jupyter, without outputs.
    """
    cells = []
    parts = BLOCK.split(page.read_text(encoding="utf-8"))
    for text, language, code in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True):
        if said := _markdown(text, page.name):
            cells.append(_cell("markdown", said))
        code = textwrap.dedent(code).strip()
        if language == "text":
            cells.append(_cell("markdown", f"```\n{code}\n```"))
        elif code:
            cells.append(_cell("code", f"%%bash\n{code}" if language == "sh" else code))
            if saved := SAVED.search(code):
                # A figure that is only saved would not be seen.
                shown = saved[1] if saved[1].startswith('"') else f"str({saved[1]})"
                cells.append(
                    _cell("code", f"from IPython.display import Image\n\nImage(filename={shown}, width=900)")
                )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write_notebooks() -> None:
    """Write all notebooks."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in NOTEBOOKS.items():
        (FOLDER / f"{name}.ipynb").write_text(notebook_of(DOC / "lsst.acn" / page), encoding="utf-8")


if __name__ == "__main__":
    write_notebooks()
