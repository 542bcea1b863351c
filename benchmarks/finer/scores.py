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

"""How right a restored image on a finer grid is."""

from __future__ import annotations

__all__ = ("CLASSES", "FinerScore", "score_image")

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import map_coordinates

from .fields import DitheredField, Pair

CLASSES = ("faint", "middle", "bright")
SHARES = (0.90, 0.97)
"""Quantiles of the true pixels at which they begin to be middle, and bright."""

LEAST_SHARE = 0.5
"""Quantile from which on they are faint ones: below, there is next to no light."""

RIM = 6
"""Pixels of the exposures at the edges that are not looked at."""

APERTURE = 4.0
"""Radius in pixels of the exposures in which the light of a star is added up."""

LEAST_FLUX = 5000.0
"""Of a star whose light is compared."""


@dataclasses.dataclass(frozen=True)
class FinerScore:
    """What comes of one restoration of one field.

    Parameters
    ----------
    error : `float`
        Root mean square error of all pixels.
    errors : `tuple` [`float`, ...]
        That of pixels of each class, over their root mean square light.
    pulls : `tuple` [`float`, ...]
        Half the width of the middle 68 % of the errors, in units of what the
        variance says; NaN without one.
    dips : `tuple` [`float`, ...]
        How much fainter the middle of each pair is than the fainter star.
    fluxes : `tuple` [`float`, ...]
        Light of bright stars over the true one, less 1.
    seconds : `float`
        Wall time.
    """

    error: float
    errors: tuple[float, ...]
    pulls: tuple[float, ...]
    dips: tuple[float, ...]
    fluxes: tuple[float, ...]
    seconds: float


def score_image(
    field: DitheredField,
    image: np.ndarray,
    variance: np.ndarray | None,
    factor: int,
    fwhm: float,
    seconds: float = np.nan,
) -> FinerScore:
    """Compare an image with the truth.

    Parameters
    ----------
    field : `DitheredField`
        The truth.
    image, variance : `numpy.ndarray`
        Restored image and its variance, if there is one.
    factor : `int`
        Its pixels per pixel of the exposures along each axis.
    fwhm : `float`
        Width of its PSF, in its own pixels.
    seconds : `float`, optional
        What it took.

    Returns
    -------
    score : `FinerScore`
        All figures.
    """
    truth = field.truth(factor, fwhm)
    inside = np.zeros(truth.shape, bool)
    inside[factor * RIM : -factor * RIM, factor * RIM : -factor * RIM] = True
    error = image - truth
    classes = _classes(truth, inside)
    sigma = np.full(truth.shape, np.nan) if variance is None else np.sqrt(variance)
    return FinerScore(
        error=_rms(error[inside]),
        errors=tuple(_rms(error[where]) / _rms(truth[where]) for where in classes),
        pulls=tuple(_width(error[where] / sigma[where]) for where in classes),
        dips=tuple(_dip(image, pair, factor) for pair in field.pairs),
        fluxes=tuple(_fluxes(field, image, truth, factor)),
        seconds=seconds,
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _width(pulls: np.ndarray) -> float:
    low, high = np.percentile(pulls, [15.87, 84.13])
    return float(high - low) / 2.0


def _classes(truth: np.ndarray, inside: np.ndarray) -> list[np.ndarray]:
    levels = np.quantile(truth[inside], (LEAST_SHARE, *SHARES))
    above = [inside & (truth > level) for level in levels]
    return [above[0] & ~above[1], above[1] & ~above[2], above[2]]


def _dip(image: np.ndarray, pair: Pair, factor: int) -> float:
    """Return how much fainter the middle is, along the line through both stars."""
    one, other = pair
    along = np.linspace(-0.5, 1.5, 201)
    places = [
        factor * ((1.0 - along) * first + along * last) + 0.5 * (factor - 1)
        for first, last in ((one.y, other.y), (one.x, other.x))
    ]
    profile = map_coordinates(image, places, order=3)
    return float(1.0 - profile[100] / min(profile[:90].max(), profile[111:].max()))


def _fluxes(field: DitheredField, image: np.ndarray, truth: np.ndarray, factor: int) -> Sequence[float]:
    rows, columns = np.indices(image.shape)
    found = []
    for star in field.sources:
        if star.radius or star.flux < LEAST_FLUX:
            continue
        y, x = (factor * place + 0.5 * (factor - 1) for place in (star.y, star.x))
        circle = np.hypot(rows - y, columns - x) < factor * APERTURE
        found.append(float(image[circle].sum() / truth[circle].sum() - 1.0))
    return found
