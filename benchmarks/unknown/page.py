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

__all__ = ("Outcome", "format_page")

import argparse
import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from ..scoreboard.markdown import number, table
from .psf_errors import PsfErrors

HEAD = """# Unknown PSFs

Fields of the scoreboard's kinds, 12 exposures of 192² pixels, half of whose sources, or more, are stars: \
five or more are bright. PSFs are taken for round Gaussians of the right FWHM or of one that is 30 % \
wrong, and estimated (`psf_mode: estimate`); or they are spoiled (5 % too wide, an ellipticity of 0.03 \
more, off by 0.3 pixels, each another way, every third without wings), and refined. `python -m \
benchmarks.unknown doc/benchmarks{options}` makes this page anew; seeds from 980011 on, which nothing was \
trained, fitted or chosen on.

*Pixel* is the root mean square error of a pixel of a PSF in per cent of the peak, *FWHM* that of the width \
in per cent. *Ellipticity* and *shift* are the scatter of the errors over exposures, in pixels, without \
what all have in common. *Wings* is the largest error of the light beyond 1.6 FWHM, in per cent. *Sources* \
and *sky* are errors of the restored image over those with the true PSFs.
"""

NETWORK = """## The paper's network

`config/paper.py` and `config/blind.py`, one field of {size}² pixels with 12 exposures, {epochs} epochs. \
*Loss* is that of the last epoch over that of the first.
"""


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What comes of one restoration.

    Parameters
    ----------
    name, mode : `str`
        What PSFs are taken for, and ``psf_mode``.
    psfs : `PsfErrors` or `None`
        How wrong they are in the end; `None` where the field was refused.
    stars : `int`
        That told.
    sources, sky : `float`
        Root mean square errors of the restored image.
    loss : `numpy.ndarray`
        By epoch.
    """

    name: str
    mode: str
    psfs: PsfErrors | None
    stars: int
    sources: float
    sky: float
    loss: np.ndarray


def format_page(
    outcomes: Mapping[str, Sequence[Outcome]], network: Sequence[Outcome], arguments: argparse.Namespace
) -> str:
    """Return the page.

    Parameters
    ----------
    outcomes : `~collections.abc.Mapping` [`str`, `~collections.abc.Sequence`]
        Of each field.
    network : `~collections.abc.Sequence` [`Outcome`]
        Of the paper's network.
    arguments : `argparse.Namespace`
        What the command line asked for.

    Returns
    -------
    page : `str`
        Markdown.
    """
    options = f" --size {arguments.size} --epochs {arguments.epochs}"
    lines = [HEAD.format(options=options)]
    for name, found in outcomes.items():
        lines += [f"## {name[0].upper()}{name[1:]}", "", *_table(found), ""]
    if network:
        lines += [NETWORK.format(**vars(arguments)), *_table(network), ""]
    return "\n".join(lines)


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    titles = ["PSFs", "`psf_mode`", "stars", "pixel, %", "FWHM, %", "ellipticity", "shift", "wings, %"]
    titles += ["sources", "sky", "loss"] if any(len(each.loss) for each in outcomes) else ["sources", "sky"]
    return table(titles, [_row(each, outcomes[0]) for each in outcomes])


def _row(outcome: Outcome, known: Outcome) -> list[str]:
    cells = [outcome.name, outcome.mode]
    if outcome.psfs is None:
        return [*cells, "refused"]
    psfs = outcome.psfs
    cells += [str(outcome.stars or "–"), number(2)(100 * psfs.pixel), number(2)(100 * psfs.width)]
    cells += [number(4)(psfs.ellipticity), number(3)(psfs.place), number(2)(100 * psfs.wings)]
    cells += [number(2)(outcome.sources / known.sources), number(2)(outcome.sky / known.sky)]
    if len(outcome.loss):
        cells.append(number(3)(float(outcome.loss[-1] / outcome.loss[0])))
    return cells
