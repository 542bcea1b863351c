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

"""Cutouts of every method on every field, side by side."""

from __future__ import annotations

__all__ = ("Cutouts", "draw_cutouts", "most_detailed_box")

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lsst.acn import Box
from lsst.acn.metrics import richest_box

from .field_truth import FieldTruth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CUTOUT_SIZE = 64
DETAIL = 3.0
"""Truth, in units of the field's noise, of the pixels that a cutout is to have
many of."""

COLOR_MAP = "inferno"
PANEL_INCHES = 1.35


@dataclasses.dataclass(frozen=True, eq=False)
class Cutouts:
    """Small images of one field.

    Parameters
    ----------
    name : `str`
        Of the field.
    noise : `float`
        Its noise.
    truth : `numpy.ndarray`
        Truth at the target PSF.
    images : `dict` [`str`, `numpy.ndarray`]
        By method.
    """

    name: str
    noise: float
    truth: np.ndarray
    images: dict[str, np.ndarray]


def most_detailed_box(truth: FieldTruth) -> Box:
    """Return the part of a field that is worth a look.

    Parameters
    ----------
    truth : `FieldTruth`
        The field.

    Returns
    -------
    box : `~lsst.acn.Box`
        With most pixels clearly above the noise.
    """
    whole = Box.from_shape(truth.image.shape)
    return richest_box(truth.scored & (truth.image > DETAIL * truth.noise), whole, CUTOUT_SIZE)


def draw_cutouts(fields: Sequence[Cutouts], methods: Sequence[str]) -> Figure:
    """Draw one row per field, and the truth and one method per column.

    Parameters
    ----------
    fields : `~collections.abc.Sequence` [`Cutouts`]
        The fields, at least one.
    methods : `~collections.abc.Sequence` [`str`]
        Names of the columns.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        All panels of a row share one asinh stretch, linear within the noise.
    """
    from matplotlib.figure import Figure

    columns = ["truth", *methods]
    size = (PANEL_INCHES * len(columns) + 0.4, PANEL_INCHES * len(fields) + 0.5)
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    panels = figure.subplots(len(fields), len(columns), squeeze=False)
    for row, cutouts in zip(panels, fields, strict=True):
        row[0].set_ylabel(cutouts.name, fontsize=8)
        for axes, column in zip(row, columns, strict=True):
            image = cutouts.truth if column == "truth" else cutouts.images.get(column)
            _draw(axes, image, cutouts)
    for axes, column in zip(panels[0], columns, strict=True):
        axes.set_title(column.replace(", ", ",\n"), fontsize=8)
    return figure


def _draw(axes: object, image: np.ndarray | None, cutouts: Cutouts) -> None:
    from matplotlib.colors import AsinhNorm

    axes.set(xticks=[], yticks=[])  # type: ignore[attr-defined]
    if image is None:
        axes.text(0.5, 0.5, "–", ha="center", va="center", transform=axes.transAxes)  # type: ignore[attr-defined]
        return
    noise = cutouts.noise
    brightest = max(float(np.quantile(cutouts.truth, 0.995)), 20.0 * noise)
    stretch = AsinhNorm(linear_width=1.5 * noise, vmin=-2.0 * noise, vmax=brightest)
    axes.imshow(image, norm=stretch, cmap=COLOR_MAP, origin="lower", interpolation="nearest")  # type: ignore[attr-defined]
