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

"""The response of restorations to injected sources, as a table and a plot."""

from __future__ import annotations

__all__ = ("draw_linearity", "write_linearity")

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .injections import Response

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("injected", "where", "S/N", "measured on", "flux", "response", "scatter")


def write_linearity(found: Sequence[Response], folder: Path) -> None:
    """Write ``linearity.csv`` and ``linearity.png``, which a page of the documentation shows.

    Parameters
    ----------
    found : `~collections.abc.Sequence` [`Response`]
        All responses.
    folder : `~pathlib.Path`
        Where to.
    """
    with (folder / "linearity.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for each in found:
            mean = f"{each.mean:.3f} ± {each.error:.3f}"
            kind = each.shape, each.place, f"{each.signal_to_noise:g}", each.measured_on, each.flux
            writer.writerow([*kind, mean, f"{each.scatter:.3f}"])
    draw_linearity(found).savefig(folder / "linearity.png")


def draw_linearity(found: Sequence[Response]) -> Figure:
    """Draw the response by signal to noise: shapes down, places across.

    Parameters
    ----------
    found : `~collections.abc.Sequence` [`Response`]
        All responses, at least one.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        The PSF flux full, that of the aperture dashed.
    """
    from matplotlib.figure import Figure

    shapes, places = (
        list(dict.fromkeys(getattr(each, name) for each in found)) for name in ("shape", "place")
    )
    figure = Figure(figsize=(1.2 + 2.6 * len(places), 0.6 + 2.0 * len(shapes)), dpi=110, layout="constrained")
    panels = figure.subplots(len(shapes), len(places), sharex=True, sharey=True, squeeze=False)
    for axes, shape in zip(panels, shapes, strict=True):
        for panel, place in zip(axes, places, strict=True):
            here = [each for each in found if (each.shape, each.place) == (shape, place)]
            panel.axhline(1.0, color="0.7", lw=0.8)
            for (on, flux), color in COLORS.items():
                row = [each for each in here if (each.measured_on, each.flux) == (on, flux)]
                panel.errorbar(
                    [each.signal_to_noise for each in row],
                    [each.mean for each in row],
                    [each.error for each in row],
                    color=color,
                    ls="-" if flux == "psf" else "--",
                    marker="o",
                    ms=2.5,
                    label=f"{on}, {flux}",
                )
            panel.set(xscale="log", ylim=(0.0, 1.5), title=f"{shape}, {place}")
    figure.supxlabel("S/N of a star of the injected flux")
    figure.supylabel("response")
    panels[0, 0].legend(fontsize=6, loc="lower right")
    return figure


COLORS = {
    ("picture", "psf"): "tab:orange",
    ("picture", "aperture"): "tab:orange",
    ("picture + residual", "psf"): "tab:blue",
    ("picture + residual", "aperture"): "tab:blue",
}
"""Of the lines, by what was measured (`dict`)."""
