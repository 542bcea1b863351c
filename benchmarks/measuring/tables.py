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

"""What was measured, as Markdown."""

from __future__ import annotations

__all__ = ("format_colours", "format_measuring")

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .colours import KINDS, ColourErrors
from .detection_scores import THRESHOLDS, DetectionScore
from .star_measurements import RADII, StarErrors

EXPLANATION = """\
# Measuring on restored images

Everything here is measured on exposures without masked pixels, 12 of each field of 256 × 256 pixels of
0.168″, seeing 0.5–0.85″; {fields} fields of each kind.  The picture is the restored image at its target
PSF; the residual is what it leaves over of the exposures (`restored_coadd_residual`).

## Stars that are alone

Bias in per cent of the true flux, and scatter in units of the Cramér–Rao bound of all exposures together,
for the flux of a point source and for its position.  An aperture has a bound of its own, which is higher:
it takes no star for granted.  Claimed: error that was claimed over the one that was made; 68 %, 95 %: share
of stars within 1 and 1.96 claimed errors.
"""

DETECTION = """
## Detection as Rubin does it

Smoothing by the PSF, noise taken for white, a threshold: peaks with / without a source within 3 pixels (or a
galaxy within two of its half-light radii), per field.  Depth: magnitude of 50 % completeness at 5 σ, chance
matches (those of the mirrored image) taken off.  Scatter: of the significance, which is 1 in noise.
The picture has the variance plane that is written, which has a floor (`detection_floor`); with the variance
of each pixel by itself it is not for detection.  "For detection" is `make_detection_image`.
"""


def format_measuring(
    alone: Mapping[float, StarErrors],
    pairs: Mapping[float, StarErrors],
    found: Mapping[str, Mapping[str, Sequence[DetectionScore]]],
    n_fields: int,
) -> str:
    """Return all tables.

    Parameters
    ----------
    alone, pairs : `~collections.abc.Mapping` [`float`, `StarErrors`]
        Errors of stars by their signal to noise.
    found : `~collections.abc.Mapping`
        Detection scores by the kind of field and the image.
    n_fields : `int`
        Fields of each kind.

    Returns
    -------
    text : `str`
        Markdown.
    """
    apertures = [f"aperture {radius:g}" for radius in RADII]
    lines = [
        EXPLANATION.format(fields=n_fields),
        *_star_table(alone, ["psf", *apertures], with_position=True),
    ]
    lines += ["", "## Pairs, one FWHM apart", "", "In units of the bound of a star that is alone.", ""]
    lines += [*_star_table(pairs, ["psf"]), DETECTION]
    for kind, scores in found.items():
        lines += [f"### {kind.capitalize()} fields", "", *_detection_table(scores), ""]
    return "\n".join(lines)


COLOURS = """\
# Colours

Bands g, r and i with other seeing, noise and depth each, {fields} fields, restored one by one to the same
target PSF; circles of 5 pixels on picture and residual, and on coadds that are brought to one PSF.  Measured
less true colour in the same circle, in millimagnitudes: mean and scatter.  A galaxy has a disc and a redder
bulge, a blend a neighbour one FWHM away.
"""


def format_colours(errors: Mapping[float, Sequence[ColourErrors]], n_fields: int) -> str:
    """Return the table of colours.

    Parameters
    ----------
    errors : `~collections.abc.Mapping` [`float`, `~collections.abc.Sequence` [`ColourErrors`]]
        Of each field, by the flux of its sources in r.
    n_fields : `int`
        Number of fields.

    Returns
    -------
    text : `str`
        Markdown.
    """
    titles = ["flux in r, nJy", "source", "colour", "restored", "scatter", "matched coadds", "scatter"]
    lines = [COLOURS.format(fields=n_fields), "| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    for flux, fields in errors.items():
        for kind in KINDS:
            for colour in fields[0].restored:
                cells = [f"{flux:g}", kind, colour.replace("-", " − ")]
                for name in ("restored", "matched"):
                    values = [1000.0 * getattr(each, name)[colour][each.kind == kind] for each in fields]
                    pooled = np.concatenate(values)
                    error = pooled.std() / len(pooled) ** 0.5
                    cells += [f"{pooled.mean():+.1f} ± {error:.1f}".replace("-", "−"), f"{pooled.std():.1f}"]
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _star_table(
    errors: Mapping[float, StarErrors], names: Sequence[str], *, with_position: bool = False
) -> Iterator[str]:
    titles = ["S/N", "measured on"]
    for name in names:
        titles += [f"{name}: bias %", "scatter"]
    titles += [*(["position: scatter"] if with_position else []), "psf: claimed", "68 %", "95 %"]
    yield "| " + " | ".join(titles) + " |"
    yield "|" + " --- |" * len(titles)
    for signal, each in errors.items():
        for prefix, title in {"picture ": "picture", "": "picture + residual"}.items():
            cells = [f"{signal:g}", title]
            for name in names:
                relative, scaled = each.relative[prefix + name], each.scaled[prefix + name]
                error = 100.0 * relative.std() / len(relative) ** 0.5
                cells += [f"{100.0 * relative.mean():+.2f} ± {error:.2f}", f"{scaled.std():.2f}"]
            if with_position:
                cells.append(f"{_robust(each.scaled[prefix + 'position']):.2f}")
            cells += ["", "", ""] if prefix else _honesty(each.pull["psf"])
            yield "| " + " | ".join(cells).replace("-", "−") + " |"


def _robust(values: np.ndarray) -> float:
    """Return the scatter of most of the values: some stars of low signal are not found."""
    return float(0.5 * np.subtract(*np.percentile(values, [84.13, 15.87])))


def _honesty(pull: np.ndarray) -> list[str]:
    within = [100.0 * np.mean(np.abs(pull) < limit) for limit in (1.0, 1.96)]
    return [f"{1.0 / pull.std():.2f}", *(f"{share:.0f}" for share in within)]


def _detection_table(scores: Mapping[str, Sequence[DetectionScore]]) -> Iterator[str]:
    titles = ["detected on", *(f"{each:g} σ" for each in THRESHOLDS), "depth", "scatter"]
    yield "| " + " | ".join(titles) + " |"
    yield "|" + " --- |" * len(titles)
    for name, rows in scores.items():
        cells = [name]
        for threshold in THRESHOLDS:
            true, false = (
                np.mean([getattr(row, kind)[threshold] for row in rows]) for kind in ("true", "false")
            )
            cells.append(f"{true:.1f} / {false:.1f}")
        depth = float(np.mean([row.depth for row in rows]))
        cells += ["–" if np.isnan(depth) else f"{depth:.2f}", f"{np.mean([row.scatter for row in rows]):.2f}"]
        yield "| " + " | ".join(cells) + " |"
