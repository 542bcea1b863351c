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

"""What the deblender gets, as Markdown."""

from __future__ import annotations

__all__ = ("format_deblending",)

import math
from collections.abc import Mapping

import numpy as np

from .blend_scores import BlendScore
from .images import RUBIN

EXPLANATION = """\
# What the deblender works on

The deblender of Rubin (scarlet) finds footprints on `deconvolved_deep_coadd`, and begins its models from it.
Here its rules for footprints and peaks, written anew for arrays, are applied to Rubin's deconvolution of the
coadd, written anew as well, and to what `pipelines/*/deconvolve.yaml` puts in its place: the restored image
at the PSF of scarlet's models (picture), and with its residual, smoothed, where it is not clear.  The truth
at that PSF is the best that there could be.  All of them are cut to the same footprints of detections on the
coadd.  scarlet itself is not run, nor is the comparison of warps, so that the coadd has what no mask marks.

Depth: magnitude of 50 % completeness at 95 % purity, chance matches taken off, a peak within 1 pixel of its
source.  Peaks: above 5 σ of the coadd, with / without a source within 3 pixels.  Blends: footprints that are
deblended as one, and the pixels of the largest and of the median one; in brackets the largest over Rubin's.
"""


def format_deblending(scores: Mapping[str, Mapping[str, BlendScore]], picture: str | None = None) -> str:
    """Return the tables.

    Parameters
    ----------
    scores : `~collections.abc.Mapping` [`str`, `~collections.abc.Mapping` [`str`, `BlendScore`]]
        By field and image.
    picture : `str`, optional
        Name of the file with the picture.

    Returns
    -------
    text : `str`
        Markdown.
    """
    lines = [EXPLANATION]
    if picture:
        lines += [f"![Footprints and peaks]({picture})", ""]
    for name, of_field in scores.items():
        lines += [
            f"## {name}",
            "",
            "| image | depth | peaks | blends | largest | median |",
            "|" + " --- |" * 6,
        ]
        lines += [_row(image, score, of_field[RUBIN]) for image, score in of_field.items()]
        lines.append("")
    return "\n".join(lines)


def _row(name: str, score: BlendScore, rubin: BlendScore) -> str:
    areas = score.blends.areas
    ratio = score.blends.largest / max(rubin.blends.largest, 1)
    cells = [
        name,
        "–" if math.isnan(score.depth) else f"{score.depth:.2f}",
        f"{score.true} / {score.false}",
        f"{len(areas)}",
        f"{score.blends.largest} ({ratio:.2f})",
        f"{np.median(areas):.0f}" if len(areas) else "–",
    ]
    return "| " + " | ".join(cells) + " |"
