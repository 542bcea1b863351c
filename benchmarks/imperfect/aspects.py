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

"""What the tables of imperfect exposures show of the numbers of a method."""

from __future__ import annotations

__all__ = ("ASPECTS", "DASH", "Aspect")

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..scoreboard.explanations import DEPTH
from ..scoreboard.markdown import number, signed
from .flux_classes import FLUX_CLASSES
from .imperfect_score import MEGAPIXELS, NOISE_DETECTIONS
from .targets import Numbers, median_error

FLUX_TEXT = """\
Median of (flux − true flux) / true flux within 3.75 pixels ± its standard error, in percent.  Magnitudes less
the depth of one exposure: bright < −2.3 < middle < −0.3 < faint < 0.5.  Galaxies of low surface brightness
have 26 mag/arcsec² or fainter inside a half-light radius of at least 0.8″."""

Cell = Callable[[Numbers], str]
DASH = "–"
"""What there is no number of."""


class Aspect(NamedTuple):
    """A table with rows down and methods across.

    Parameters
    ----------
    title, explanation : `str`
        What is above the table.
    cell : `~collections.abc.Callable`
        Makes the text of a cell from the numbers of a method in a row.
    """

    title: str
    explanation: str
    cell: Cell


def _plain(name: str, digits: int) -> Cell:
    form = number(digits)
    return lambda numbers: form(numbers.get(name, math.nan))


def _sky(numbers: Numbers) -> str:
    if math.isnan(numbers.get("sky", math.nan)):
        return DASH
    mean, scatter = signed(3)(numbers["sky_mean"]), number(3)(numbers["sky_scatter"])
    return f"{number(3)(numbers['sky'])} ({mean} ± {scatter})"


def _flux(name: str) -> Cell:
    def cell(numbers: Numbers) -> str:
        if not numbers.get(f"count_{name}", 0):
            return DASH
        bias, error = 100.0 * numbers[f"median_{name}"], 100.0 * median_error(numbers, name)
        return signed(1)(bias) + ("" if math.isnan(error) else f" ± {number(1)(error)}")

    return cell


def _joined(names: Sequence[str], digits: int, factor: float = 1.0) -> Cell:
    def cell(numbers: Numbers) -> str:
        values = [factor * numbers.get(name, math.nan) for name in names]
        return DASH if all(map(math.isnan, values)) else " / ".join(map(number(digits), values))

    return cell


def _noise(numbers: Numbers) -> str:
    if NOISE_DETECTIONS not in numbers:
        return DASH
    return f"{numbers[NOISE_DETECTIONS]:.1f} (on {numbers[MEGAPIXELS]:.2f})"


def _saturated(numbers: Numbers) -> str:
    if not numbers.get("count_saturated_ratio", 0):
        return DASH
    cell = f"{numbers['median_saturated_ratio']:.3f} ({numbers['count_saturated_ratio']:.0f})"
    pull = numbers.get("largest_saturated_pull", math.nan)
    return cell if math.isnan(pull) else f"{cell}; {pull:.1f}"


ASPECTS = (
    Aspect(
        "Error of the sky",
        "Root mean square (mean ± scatter) where the truth is below 0.05 σ, in σ: the noise of a pixel of "
        "the coadd.",
        _sky,
    ),
    Aspect(
        "Error of faint pixels", "Rms error over rms truth where the truth is 0.1–2 σ.", _plain("faint", 3)
    ),
    Aspect("Error of middle pixels", "The same where it is 2–20 σ.", _plain("middle", 3)),
    Aspect("Error of bright pixels", "The same where it is above 20 σ.", _plain("bright", 4)),
    Aspect(
        "False detections",
        "Detections above 5 × the method's own sky error without a true source within 3 pixels, per field.",
        _plain("false", 1),
    ),
    Aspect("Depth", f"Magnitude of 50 % completeness at 95 % purity.\n\n{DEPTH.strip()}", _plain("depth", 2)),
    *(Aspect(f"Fluxes: {name}", FLUX_TEXT, _flux(name)) for name in FLUX_CLASSES),
    Aspect(
        "Pulls",
        "Robust width of (image − truth) / √variance in pixels of the sky / of sources / bright ones.",
        _joined(["width_sky", "width_sources", "width_bright"], 2),
    ),
    Aspect(
        "Pulls beyond 5",
        "Share of those pixels whose pull is beyond 5, in percent.",
        _joined(["beyond_sky", "beyond_sources", "beyond_bright"], 2, 100.0),
    ),
    Aspect(
        "Pure noise",
        "Detections above 5 σ of the variance plane for each megapixel (on so many of them).",
        _noise,
    ),
    Aspect(
        "Saturated stars",
        "Stars whose cores are masked in every exposure: median of flux over true flux within 3.75 pixels "
        "(number of stars); largest error of a flux in units of that which is claimed, the root of the sum "
        "of the variances.",
        _saturated,
    ),
    Aspect("Time", "Seconds, on the cores of one process.", _plain("seconds", 1)),
)
"""The tables, in their order (`tuple` [`Aspect`])."""
