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

"""The numbers that the demonstration prints."""

from __future__ import annotations

__all__ = ("compare_images", "format_table")

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..metrics import mean_log_spectrum, sky_noise

if TYPE_CHECKING:
    from .images import DemoImages

SKY_LIMIT = 0.1
"""Truth below which a pixel is sky, in units of the noise of the coadd."""

SOURCE_LIMIT = 1.0
"""Truth above which a pixel is part of a source, in the same units."""

EXPLANATION = f"""\
The restored image is the latent image, which explains all visits, at a small Gaussian PSF.
Errors are against the truth at that PSF: in sky, where the truth is below {SKY_LIMIT:g} σ_sky of
the coadd, and in sources, where it is above {SOURCE_LIMIT:g} σ_sky."""

COLUMNS = ("coadd", "restored", "latent", "truth")


def compare_images(images: DemoImages) -> list[tuple[str, Sequence[float | None]]]:
    """Measure the images and their errors.

    Parameters
    ----------
    images : `DemoImages`
        What to measure.

    Returns
    -------
    rows : `list` [`tuple`]
        Name of each measure, and its values in the order of `COLUMNS`, `None`
        where it says nothing.

    Notes
    -----
    Errors are differences from the truth at the resolution of the restored
    image, so that the blur of the coadd counts as an error.
    """
    arcsec, unit = images.pixel_scale, images.unit
    drawn = (images.coadd, images.restored, images.latent, images.truth)
    sky = images.truth < SKY_LIMIT * images.coadd_noise
    source = images.truth > SOURCE_LIMIT * images.coadd_noise

    differences = [image - images.truth for image in drawn[:2]]

    def rms(where: np.ndarray) -> list[float | None]:
        return [*(float(np.sqrt(np.mean(each[where] ** 2))) for each in differences), None, None]

    relative = [float(np.median(np.abs(each[source]) / images.truth[source])) for each in differences]
    target_fwhm = images.target_fwhm * arcsec
    return [
        ("PSF FWHM [arcsec]", [images.coadd_fwhm * arcsec, target_fwhm, None, target_fwhm]),
        ("S_F, mean log spectrum", [mean_log_spectrum(image) for image in drawn]),
        (f"σ_sky [{unit}]", [sky_noise(image) for image in drawn[:3]] + [None]),
        (f"rms error, sky [{unit}]", rms(sky)),
        (f"rms error, sources [{unit}]", rms(source)),
        ("median relative error, sources", [*relative, None, None]),
    ]


def format_table(rows: Sequence[tuple[str, Sequence[float | None]]]) -> str:
    """Return a table of measures as text.

    Parameters
    ----------
    rows : `~collections.abc.Sequence` [`tuple`]
        As `compare_images` returns them.

    Returns
    -------
    text : `str`
        A line of names, one line per row, and what they mean.
    """
    width = max(len(name) for name, _ in rows)
    lines = [" " * width + "".join(f"{name:>10}" for name in COLUMNS)]
    for name, values in rows:
        cells = (f"{'–' if value is None else f'{value:.3g}':>10}" for value in values)
        lines.append(f"{name:<{width}}" + "".join(cells))
    return "\n".join(lines) + f"\n\n{EXPLANATION}"
