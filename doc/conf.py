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


"""Sphinx configuration for the documentation of this package alone.

``make doc`` builds it with packages from PyPI.  What other projects are
linked to is looked up only where ``ACN_INTERSPHINX`` is set, for a network is
not always there.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from lsst.acn import __version__

project = "lsst.acn"
author = "the lsst.acn developers"
project_copyright = "the lsst.acn developers"
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "task_directives",
]
exclude_patterns = ["_build", "api", "changes", "notebooks"]
default_role = "py:obj"
html_theme = "pydata_sphinx_theme"
html_title = "lsst.acn"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_theme_options = {"show_prev_next": True, "navigation_with_keys": False}

autodoc_default_options = {"undoc-members": False}
autosummary_generate = True
autosummary_ignore_module_all = False
numpydoc_show_class_members = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

if os.environ.get("ACN_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "astropy": ("https://docs.astropy.org/en/stable", None),
        "lsst": ("https://pipelines.lsst.io/v/daily", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "python": ("https://docs.python.org/3", None),
    }
