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


"""Finding the stars of a patch, with PSFs that need not be known."""

from __future__ import annotations

__all__ = ("LEAST_STARS", "Star", "agreeing_stars", "find_candidates")

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import maximum_filter

from ..coadd.robust_coadd import robust_coadd
from ..exposures.boxes import Box
from ..exposures.stack import ExposureStack
from ..metrics.psf_width import psf_fwhm

BRIGHT = 25.0
"""Signal to noise, in the coadd, of the brightest pixel of a star."""

MOST_CANDIDATES = 40
"""Brightest peaks of a tile that are looked at."""

MOST_STARS = 60
"""Stars that PSFs are fitted to, at most: the brightest."""

LEAST_STARS = 4
"""Sources that have to agree on the least width of all, and on a shape: galaxies
are wider, each by its own size, and stretched, each its own way."""

NEIGHBOUR = 0.25
"""Brightness of the brightest neighbour that a star may have."""

LARGEST_ELLIPTICITY = 0.3
"""Of the coadd of a star."""

SIZE_TOLERANCE = 0.015
"""Scatter of the sizes of stars that is allowed for, as a share of them."""

SHAPE_TOLERANCE = 0.03
"""Scatter of either component of their ellipticity that is allowed for."""


@dataclasses.dataclass(frozen=True)
class Star:
    """A bright and compact source.

    Parameters
    ----------
    y, x : `float`
        Place on the grid of the tract.
    size, error : `float`
        Standard deviation of the Gaussian that fits it best, in pixels, and
        its standard error.
    e1, e2 : `float`
        Components of its ellipticity.
    peak : `float`
        Brightness of its brightest pixel.
    """

    y: float
    x: float
    size: float
    error: float
    e1: float
    e2: float
    peak: float


def find_candidates(stack: ExposureStack, tile: Box, scale: float = 1.0) -> list[Star]:
    """Return the bright, isolated peaks of a tile, be they stars or galaxies.

    Parameters
    ----------
    stack : `ExposureStack`
        Exposures on the tile and around it.
    tile : `Box`
        Where the peaks have to be.
    scale : `float`, optional
        How much wider sources may be than the PSFs say.

    Returns
    -------
    candidates : `list` [`Star`]
        With the sizes that the coadd of the exposures shows.
    """
    coadd = robust_coadd(stack.image, stack.variance, stack.valid)
    weight = (1.0 / stack.variance).sum(axis=0)
    noise = 1.0 / np.sqrt(np.maximum(weight, np.finfo(np.float32).tiny))
    fwhm = scale * float(np.median([psf_fwhm(kernel) for kernel in stack.psf.at(*tile.center)]))
    reach, radius = int(np.ceil(0.7 * fwhm)), int(np.ceil(3.0 * fwhm))
    # The noise of their own light does not make bright stars unseen.
    seen = np.tensordot(1.0 / stack.median_variances(), stack.valid, axes=1)
    well_seen = seen > 0.5 * np.median(seen)
    is_peak = (maximum_filter(coadd, 2 * reach + 1) == coadd) & (coadd > BRIGHT * noise) & well_seen
    found = []
    for y, x in _brightest(is_peak, coadd):
        inside = tile.y_start <= y + stack.box.y_start < tile.y_stop
        inside &= tile.x_start <= x + stack.box.x_start < tile.x_stop
        far = min(y, x, coadd.shape[0] - 1 - y, coadd.shape[1] - 1 - x)
        if inside and far > reach + 1:
            around = np.s_[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
            peaks = np.where(is_peak[around], coadd[around], 0.0)
            if np.count_nonzero(peaks > NEIGHBOUR * coadd[y, x]) == 1:
                found.append(_measured(coadd, y, x, min(radius, far), float(noise[y, x]), fwhm, stack.box))
    return [star for star in found if star is not None]


def _brightest(is_peak: np.ndarray, coadd: np.ndarray) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(is_peak)
    order = np.argsort(-coadd[rows, columns], kind="stable")[:MOST_CANDIDATES]
    return [(int(rows[index]), int(columns[index])) for index in order]


def _measured(
    coadd: np.ndarray, y: int, x: int, radius: int, noise: float, fwhm: float, box: Box
) -> Star | None:
    """Return a source with its size, if a Gaussian can be fitted."""
    import galsim

    stamp = coadd[y - radius : y + radius + 1, x - radius : x + radius + 1].astype(np.float64)
    image = galsim.Image(stamp, scale=1.0, xmin=-radius, ymin=-radius)
    shape = galsim.hsm.FindAdaptiveMom(
        image, guess_sig=fwhm / 2.35, guess_centroid=galsim.PositionD(0.0, 0.0), strict=False
    )
    place = shape.moments_centroid
    if shape.moments_status != 0 or np.hypot(place.x, place.y) > 1.5 or not shape.moments_sigma > 0:
        return None
    if np.hypot(shape.observed_e1, shape.observed_e2) > LARGEST_ELLIPTICITY:
        return None
    size = float(shape.moments_sigma)
    error = size * noise * np.sqrt(4.0 * np.pi) * size / max(float(shape.moments_amp), noise)
    return Star(
        y=y + box.y_start + place.y,
        x=x + box.x_start + place.x,
        size=size,
        error=error,
        e1=float(shape.observed_e1),
        e2=float(shape.observed_e2),
        peak=float(coadd[y, x]),
    )


def agreeing_stars(candidates: Sequence[Star]) -> list[Star]:
    """Return the narrowest sources that agree on a size and a shape.

    Parameters
    ----------
    candidates : `~collections.abc.Sequence` [`Star`]
        Stars and galaxies.

    Returns
    -------
    stars : `list` [`Star`]
        The brightest of them; none where fewer than `LEAST_STARS` agree.
    """
    if len(candidates) < LEAST_STARS:
        return []
    size = np.array([star.size for star in candidates])
    spread = np.array([np.hypot(star.error, SIZE_TOLERANCE * star.size) for star in candidates])
    shape = np.array([(star.e1, star.e2) for star in candidates])
    shape_spread = np.array([np.hypot(2.0 * star.error / star.size, SHAPE_TOLERANCE) for star in candidates])
    for narrowest in np.argsort(size + spread, kind="stable"):
        agrees = np.abs(size - size[narrowest]) < 2.5 * np.hypot(spread, spread[narrowest])
        off = np.abs(shape - shape[narrowest]).max(axis=1)
        agrees &= off < 2.0 * np.hypot(shape_spread, shape_spread[narrowest])
        if agrees.sum() >= LEAST_STARS:
            chosen = [star for star, is_one in zip(candidates, agrees, strict=True) if is_one]
            return sorted(chosen, key=lambda star: -star.peak)[:MOST_STARS]
    return []
