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

"""Curves and numbers as panels of a plot."""

from __future__ import annotations

__all__ = ("draw_chi2", "draw_flux_ratios", "draw_losses", "draw_numbers")

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exposure_fits import ExposureFits
from ..measurement import PatchMeasurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which differ for every kind of colour vision.
BLUE, ORANGE, VERMILLION, GREY = "#0072b2", "#e69f00", "#d55e00", "0.55"

AB_ZERO_POINT = 31.4
"""Magnitude of 1 nJy, and what is taken where no other zero point is given."""

MAX_TICKS = 16
WIDE_RANGE = 4.0
"""Ratio of largest to smallest value from which an axis is logarithmic."""


def draw_losses(axes: Axes, histories: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw the loss by epoch.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    histories : `~collections.abc.Mapping`
        Histories of trainings by name, with ``epoch`` and ``loss``, each of an
        epoch or more.
    """
    from matplotlib.ticker import MaxNLocator

    for (name, history), color, style in zip(histories.items(), (BLUE, ORANGE), ("-", "--"), strict=False):
        marker = "o" if len(history["epoch"]) < 5 else ""
        axes.plot(history["epoch"], history["loss"], style, color=color, marker=marker, label=name)
    _scale_to(axes, np.concatenate([np.asarray(history["loss"]) for history in histories.values()]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=8, frameon=False)
    axes.set(title="Training", xlabel="epoch", ylabel="mean loss of a valid pixel")


def draw_chi2(axes: Axes, fits: ExposureFits) -> None:
    """Draw the reduced chi-square of every exposure.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    fits : `ExposureFits`
        The exposures; outlier visits are ringed and named.
    """
    place = np.arange(len(fits.exposures))
    source = fits.column(lambda each: each.source.reduced_chi2)
    sky = fits.column(lambda each: each.sky.reduced_chi2)
    axes.axhline(1.0, color=GREY, linewidth=1)
    axes.plot(place, source, "o", color=ORANGE, markersize=5, label="source pixels")
    axes.plot(place, sky, "s", color=BLUE, markersize=4, label="sky pixels")
    for index in np.flatnonzero([each.is_outlier for each in fits.exposures]):
        both = np.array([source[index], sky[index]])
        axes.plot(
            [index, index], both, "o", markersize=11, markerfacecolor="none", markeredgecolor=VERMILLION
        )
        text = f"visit {fits.exposures[index].visit}"
        align = _alignment(int(index), len(place))
        axes.annotate(
            text, (index, np.nanmax(both)), (0, 8), textcoords="offset points", ha=align, color=VERMILLION
        )
    step = -(-len(place) // MAX_TICKS)
    names = [str(each.visit) for each in fits.exposures[::step]]
    axes.set_xticks(place[::step], names, rotation=60 if max(map(len, names)) > 3 else 0, fontsize=8)
    _scale_to(axes, np.concatenate([source, sky, [1.0]]))
    # Room for the legend above the points.
    axes.margins(y=0.3)
    axes.legend(fontsize=8, frameon=False, loc="upper center", ncols=2)
    axes.set(title="Reduced χ² of each exposure", xlabel="visit")


def draw_flux_ratios(axes: Axes, measurement: PatchMeasurement) -> None:
    """Draw flux ratios against magnitude.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    measurement : `PatchMeasurement`
        Has sources, and ratios by magnitude.
    """
    sources, ratios = measurement.sources, measurement.ratios
    axes.axhline(1.0, color=GREY, linewidth=1)
    shown = sources.is_complete & (sources.signal_to_noise >= 5.0)
    scale, place = _brightness(measurement)
    ratio = sources.ratio[shown]
    axes.plot(
        place(sources.magnitudes(measurement.zero_point)[shown]),
        ratio,
        ".",
        color=GREY,
        markersize=4,
        label="sources",
    )
    have = ratios.count > 0
    axes.errorbar(
        place(ratios.magnitude[have]),
        ratios.median[have],
        ratios.scatter[have],
        fmt="o",
        color=VERMILLION,
        capsize=3,
        markersize=5,
        label="median and scatter",
    )
    if shown.any():
        spread = np.nan_to_num(ratios.scatter[have])
        ends = np.concatenate([ratios.median[have] - spread, ratios.median[have] + spread, [0.95, 1.05]])
        low, high = np.quantile(ratio, [0.02, 0.98])
        low, high = min(low, ends.min()), max(high, ends.max())
        axes.set_ylim(low - 0.15 * (high - low), high + 0.3 * (high - low))
        axes.legend(fontsize=8, frameon=False)
    else:
        _say(axes, "no sources")
    axes.set(title="Flux, restored over coadd", xlabel=scale)


def _brightness(measurement: PatchMeasurement) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    """Return what to call the brightness of sources, and what it is for a magnitude."""
    unit, zero_point = measurement.patch.exposures.unit, measurement.zero_point
    if zero_point != AB_ZERO_POINT:
        return f"magnitude in the coadd, zero point {zero_point:g}", np.asarray
    if unit == "nJy":
        return "AB magnitude in the coadd", np.asarray
    # Nobody has said what the magnitude of a count is.
    return f"log₁₀ of the flux in the coadd [{unit}]", lambda magnitude: 0.4 * (zero_point - magnitude)


def draw_numbers(axes: Axes, rows: Sequence[tuple[str, str, str]]) -> None:
    """Draw a table of numbers before and after.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    rows : `~collections.abc.Sequence` [`tuple`]
        What it is, its value in the coadd, and in the restored image.
    """
    axes.set_axis_off()
    lines = [("", "coadd", "restored"), *rows]
    for number, line in enumerate(lines):
        y = 1.0 - (number + 0.5) / len(lines)
        weight = "normal" if number else "bold"
        for text, x, align in zip(line, (0.0, 0.7, 1.0), ("left", "right", "right"), strict=True):
            axes.text(
                x, y, text, ha=align, va="center", fontsize=9, fontweight=weight, transform=axes.transAxes
            )


def _alignment(index: int, count: int) -> str:
    """Return how a text at a point of a row is aligned to stay in its panel."""
    if count > 1 and index == 0:
        return "left"
    return "right" if count > 1 and index == count - 1 else "center"


def _scale_to(axes: Axes, values: np.ndarray) -> None:
    """Make the vertical axis logarithmic where the values ask for it."""
    from matplotlib.ticker import LogLocator, NullFormatter

    values = values[np.isfinite(values)]
    if values.size and values.min() > 0 and values.max() > WIDE_RANGE * values.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        if values.max() < 100 * values.min():
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _say(axes: Axes, text: str) -> None:
    """Say why a panel is empty."""
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axes.transAxes)
