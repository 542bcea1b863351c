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

"""The table of the sources of a simulated sky."""

from __future__ import annotations

__all__ = ("join_sources", "kind_of", "make_sources")

from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.table import Row, Table, vstack

from .photometry import magnitude_of

DEFAULTS = {
    "is_star": False,
    "half_light_radius": 0.0,
    "sersic_index": 0.0,
    "g1": 0.0,
    "g2": 0.0,
    "kind": "sersic",
    "bar_share": 0.0,
    "arm_share": 0.0,
    "knot_share": 0.0,
    "shape_seed": 0,
    "real_index": -1,
}
"""Columns of every table, and their values where nothing else is said (`dict`)."""

UNITS = {"x": "pix", "y": "pix", "flux": "nJy", "mag": "mag", "half_light_radius": "arcsec"}


def make_sources(x: np.ndarray, y: np.ndarray, flux: np.ndarray, **columns: Any) -> Table:
    """Return a table of sources.

    Parameters
    ----------
    x, y : `numpy.ndarray`
        Tract pixels.
    flux : `numpy.ndarray`
        Flux in nJy.
    **columns : `typing.Any`
        Further columns, or one value for all sources.

    Returns
    -------
    sources : `~astropy.table.Table`
        With all columns, ``mag`` from the flux where it is not given.
    """
    table = Table({"x": x, "y": y, "flux": flux})
    table["mag"] = columns.pop("mag", magnitude_of(np.asarray(flux)))
    for name, default in DEFAULTS.items():
        value = np.asarray(columns.pop(name, default))
        # Wide enough for the names of all kinds, which later rows may have.
        table[name] = np.broadcast_to(value.astype("U24") if value.dtype.kind == "U" else value, len(table))
    return table


def join_sources(tables: Sequence[Table]) -> Table:
    """Return the sources of several tables in one, numbered.

    Parameters
    ----------
    tables : `~collections.abc.Sequence` [`~astropy.table.Table`]
        Sources, in the order that they shall have.

    Returns
    -------
    catalog : `~astropy.table.Table`
        With the further column ``id``, and with units.
    """
    catalog = vstack(list(tables), metadata_conflicts="silent")
    catalog.add_column(np.arange(len(catalog)), name="id", index=0)
    catalog["mag"].info.description = "AB magnitude"
    for name, unit in UNITS.items():
        catalog[name].unit = unit
    return catalog


def kind_of(row: Row) -> str:
    """Return of what kind a source is.

    Parameters
    ----------
    row : `~astropy.table.Row`
        A source.

    Returns
    -------
    kind : `str`
        "star", "sersic", or what its column ``kind`` says.
    """
    if row["is_star"]:
        return "star"
    return str(row["kind"]) if "kind" in row.colnames else "sersic"
