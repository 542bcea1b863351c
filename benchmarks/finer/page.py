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

"""The page of figures."""

from __future__ import annotations

__all__ = ("format_page",)

from collections.abc import Mapping, Sequence

import numpy as np

from ..scoreboard.markdown import number, signed, table
from .scores import CLASSES, FinerScore

HEAD = """# Finer grids

Exposures whose PSFs have a FWHM of 1.2 pixels (Moffat profiles, before pixels see them), at random places \
within a pixel, restored with `upsampling`; mean of {n} fields of 96² pixels. `python -m benchmarks.finer \
doc/benchmarks` makes this page anew; seeds from 910000 on, which nothing was trained, fitted or chosen \
on.

Errors are against the truth at the PSF of each image, a Gaussian of FWHM 2.5 of its own pixels: with \
`upsampling` 2, half as wide on the sky as with 1. So the two are also compared at one PSF, that of \
upsampling 1, on the finer grid. *Error* is the root mean square of all pixels; *faint, middle, bright* \
that of pixels between the median and the 90th percentile of the truth, up to the 97th, and above, over \
their light. *Pulls* are half the width of the middle 68 % of the errors over what the variance says. \
*Dip* is how much fainter the middle between two equal stars, 1.5 pixels of the exposures apart, is than \
the fainter of them: the mean, and the least, of four in a field. *Flux* is the light of bright stars \
within 4 pixels of the exposures over the true one: its median over stars, and its scatter. ImageMM's \
updates are accelerated ones; STARRED has its `subsampling_factor`, and a strength chosen on a field of \
another seed; the paper's network has 450 epochs. Seconds are of one core.
"""


def format_page(results: Mapping[str, Sequence[Mapping[str, FinerScore]]], n_fields: int) -> str:
    """Return the page.

    Parameters
    ----------
    results : `~collections.abc.Mapping`
        Scores by name of each field, by title of the kind of fields.
    n_fields : `int`
        Number of fields of each kind.

    Returns
    -------
    page : `str`
        Markdown.
    """
    lines = [HEAD.format(n=n_fields)]
    for title, fields in results.items():
        lines += [f"## {title[0].upper()}{title[1:]}", "", *_table(fields), ""]
    return "\n".join(lines)


def _table(fields: Sequence[Mapping[str, FinerScore]]) -> list[str]:
    titles = ["", "error", *CLASSES, "pulls", "dip", "flux, %", "s"]
    return table(titles, [_row(name, [scores[name] for scores in fields]) for name in fields[0]])


def _row(name: str, scores: Sequence[FinerScore]) -> list[str]:
    dips = np.array([score.dips for score in scores])
    fluxes = 100.0 * np.concatenate([score.fluxes for score in scores])
    pulls = np.mean([score.pulls for score in scores], axis=0)
    return [
        name,
        number(2)(float(np.mean([score.error for score in scores]))),
        *(number(3)(value) for value in np.mean([score.errors for score in scores], axis=0)),
        "–" if np.isnan(pulls).any() else " / ".join(map(number(2), pulls)),
        f"{number(2)(float(dips.mean()))} ({number(2)(float(dips.min()))})",
        f"{signed(2)(float(np.median(fluxes)))} ± {number(2)(float(np.std(fluxes)))}",
        number(1)(float(np.mean([score.seconds for score in scores]))),
    ]
