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

from ..scoreboard.fields import BenchmarkField
from .blend_scores import BlendScore
from .images import PICTURE, RUBIN, TRUTH

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


TARGETS = """\
Aims, on every field: the picture at least 0.3 mag deeper than Rubin's deconvolution, its largest blend at
most a third, its false peaks at most a fifth.
"""


def format_deblending(
    scores: Mapping[BenchmarkField, Mapping[str, BlendScore]], pictures: Mapping[str, str]
) -> str:
    """Return the page.

    Parameters
    ----------
    scores : `~collections.abc.Mapping`
        Of each field, the `BlendScore` by the name of the image.
    pictures : `~collections.abc.Mapping` [`str`, `str`]
        Files with pictures by the name of their field.

    Returns
    -------
    text : `str`
        Markdown.
    """
    lines = [EXPLANATION, "## The picture against Rubin's deconvolution", "", TARGETS]
    lines += _table(["field", "deeper by", "largest blend", "that of the truth", "false peaks"])
    lines += [_against_rubin(field.name, of_field) for field, of_field in scores.items()]
    for field, of_field in scores.items():
        lines += ["", f"## {field.name}", "", f"{field.describe()[0].upper()}{field.describe()[1:]}.", ""]
        if field.name in pictures:
            lines += [f"![Footprints on {field.name}]({pictures[field.name]})", ""]
        lines += _table(["image", "depth", "peaks", "blends", "largest", "median"])
        lines += [_row(image, score, of_field[RUBIN]) for image, score in of_field.items()]
    return "\n".join([*lines, ""])


def _table(names: list[str]) -> list[str]:
    return ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]


def _against_rubin(name: str, of_field: Mapping[str, BlendScore]) -> str:
    rubin, ours = of_field[RUBIN], of_field[PICTURE]
    deeper = ours.depth - rubin.depth
    return _line(
        name,
        "–" if math.isnan(deeper) else f"{deeper:+.2f} mag",
        f"{ours.largest / max(rubin.largest, 1):.2f}",
        f"{of_field[TRUTH].largest / max(rubin.largest, 1):.2f}",
        f"{ours.false} / {rubin.false}",
    )


def _row(name: str, score: BlendScore, rubin: BlendScore) -> str:
    return _line(
        name,
        "–" if math.isnan(score.depth) else f"{score.depth:.2f}",
        f"{score.true} / {score.false}",
        f"{len(score.areas)}",
        f"{score.largest} ({score.largest / max(rubin.largest, 1):.2f})",
        f"{np.median(score.areas):.0f}" if len(score.areas) else "–",
    )


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
