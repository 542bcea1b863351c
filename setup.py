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


"""The README as package indexes show it; all else is in pyproject.toml."""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent


def linked(text: str, home: str) -> str:
    """Return a README with links that lead to the repository from anywhere.

    Parameters
    ----------
    text : `str`
        Markdown, with links relative to the top of the repository.
    home : `str`
        Address of the repository.

    Returns
    -------
    text : `str`
        The same with absolute links; figures as files, all else as pages.
    """
    text = re.sub(r"(!\[[^\]]*\])\((?!https?:)([^)]+)\)", rf"\1({home}/raw/main/\2)", text)
    return re.sub(r"(?<!!)(\[[^\]]*\])\((?!https?:)([^)]+)\)", rf"\1({home}/blob/main/\2)", text)


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    readme = linked((ROOT / "README.md").read_text(), project["urls"]["Homepage"])
    setup(long_description=readme, long_description_content_type="text/markdown")
