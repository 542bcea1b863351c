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

"""The errors of every method in every row at a glance."""

from __future__ import annotations

__all__ = ("draw_errors",)

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .targets import Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {"sky": "sky", "faint": "faint pixels", "middle": "middle pixels", "bright": "bright pixels"}
COLOR_MAP = "RdYlBu_r"
CELL_WIDTH, CELL_HEIGHT = 0.42, 0.26
"""Of a cell, in inches."""

SPREAD = 8.0
"""Error, over the median of the panel, at which colours end."""


def draw_errors(scores: Scores, methods: Sequence[str]) -> Figure:
    """Draw one panel per class of pixels: rows down, methods across.

    Parameters
    ----------
    scores : `~collections.abc.Mapping`
        Numbers by row and method, at least one row.
    methods : `~collections.abc.Sequence` [`str`]
        All methods in the order of the columns.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Errors as numbers, on colours of one logarithmic scale for each panel;
        the least of a row is bold.
    """
    from matplotlib.figure import Figure

    shown = [name for name in methods if any("faint" in numbers.get(name, {}) for numbers in scores.values())]
    size = (
        2.2 + len(PANELS) * (CELL_WIDTH * max(len(shown), 1) + 0.15),
        1.9 + CELL_HEIGHT * len(scores),
    )
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharey=True, squeeze=False)[0]
    for axes, (name, title) in zip(panels, PANELS.items(), strict=True):
        errors = np.array([[_error(numbers, each, name) for each in shown] for numbers in scores.values()])
        _draw(axes, errors.reshape(len(scores), len(shown)))
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(shown)), shown, rotation=90, fontsize=7)
    panels[0].set_yticks(range(len(scores)), list(scores), fontsize=8)
    return figure


def _error(numbers: Mapping[str, Mapping[str, float]], method: str, name: str) -> float:
    return numbers.get(method, {}).get(name, math.nan)


def _draw(axes: Any, errors: np.ndarray) -> None:
    from matplotlib.colors import LogNorm

    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    known = errors[np.isfinite(errors) & (errors > 0)]
    if not known.size:
        axes.set(xticks=[], xlim=(-0.5, 0.5))
        return
    middle = float(np.median(known))
    scale = LogNorm(middle / SPREAD, middle * SPREAD)
    axes.imshow(np.maximum(errors, 1e-9), norm=scale, cmap=COLOR_MAP, aspect="auto")
    for y, row in enumerate(errors):
        for x, error in enumerate(row):
            if math.isfinite(error):
                # Dark ends of the colours take white letters.
                is_dark = not middle / 4 < error < 4 * middle
                axes.text(
                    x, y, _short(error), ha="center", va="center", fontsize=6.5,
                    color="white" if is_dark else "black",
                    weight="bold" if error == np.nanmin(row) else "normal",
                )  # fmt: skip


def _short(error: float) -> str:
    """Return two or three digits, without a zero before the point."""
    if error < 5e-4:
        return "0"
    if error >= 999.5:
        return f"{error:.0e}".replace("e+", "e")
    if error >= 9.95:
        return f"{error:.0f}"
    return (
        f"{error:.1f}" if error >= 0.995 else f"{error:.3f}" if error < 0.0995 else f"{error:.2f}"
    ).lstrip("0")
