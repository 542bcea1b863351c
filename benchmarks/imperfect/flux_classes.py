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

"""Errors of the fluxes of each class of source."""

from __future__ import annotations

__all__ = ("APERTURE_RADIUS", "FLUX_CLASSES", "LOW_SURFACE_BRIGHTNESS", "flux_biases", "flux_classes")

import math

import numpy as np
from numpy.typing import NDArray

from ..peers.restored import Restored
from ..scoreboard.errors_of_pixels import aperture_correction, aperture_fluxes
from ..scoreboard.field_truth import FieldTruth

APERTURE_RADIUS = 3.75
"""Pixels."""

MAGNITUDES = {"bright": (-math.inf, -2.3), "middle": (-2.3, -0.3), "faint": (-0.3, 0.5)}
"""Magnitudes less the depth of one exposure."""

LOW_SURFACE_BRIGHTNESS = "low-surface-brightness galaxies"
DIMMEST, LEAST_RADIUS = 26.0, 0.8
"""Mean surface brightness inside the half-light radius, in magnitudes per
square arcsecond, from which a galaxy of at least that radius in arcsec counts
as one of low surface brightness."""

FLUX_CLASSES = (
    *(f"{name} {kind}" for kind in ("stars", "galaxies") for name in MAGNITUDES),
    LOW_SURFACE_BRIGHTNESS,
)
"""Names of the classes (`tuple` [`str`])."""


def flux_biases(restored: Restored, truth: FieldTruth) -> dict[str, np.ndarray]:
    """Return the relative error of the aperture flux of each source.

    Parameters
    ----------
    restored : `Restored`
        What a method made; fluxes of a coadd are corrected for its PSF.
    truth : `FieldTruth`
        What it should have made.

    Returns
    -------
    errors : `dict` [`str`, `numpy.ndarray`]
        By class: flux in the image less that in the truth, over what of the
        latter can be the source's own: no more than its whole flux, for the
        light of neighbours is in both apertures.
    """
    y, x = truth.y, truth.x
    seen = aperture_fluxes(restored.image, y, x, APERTURE_RADIUS)
    expected = aperture_fluxes(truth.image, y, x, APERTURE_RADIUS)
    correction = aperture_correction(restored.psf, truth.target_fwhm, APERTURE_RADIUS)
    own = np.minimum(expected, truth.flux)
    errors = (correction * seen - expected) / np.where(own > 0, own, np.nan)
    return {name: errors[where & np.isfinite(errors)] for name, where in flux_classes(truth).items()}


def flux_classes(truth: FieldTruth) -> dict[str, NDArray[np.bool_]]:
    """Return which sources, on pixels that are scored, are of which class.

    Parameters
    ----------
    truth : `FieldTruth`
        The sources.

    Returns
    -------
    classes : `dict` [`str`, `numpy.ndarray`]
        By the names of `FLUX_CLASSES`; no source is of two.
    """
    with np.errstate(divide="ignore"):
        area = 2.5 * np.log10(2.0 * math.pi * truth.half_light_radius**2)
    scored = truth.on_scored(truth.y, truth.x)
    is_dim = ~truth.is_star & (truth.mag + area >= DIMMEST) & (truth.half_light_radius >= LEAST_RADIUS)
    kinds = {"stars": truth.is_star, "galaxies": ~truth.is_star & ~is_dim}
    level = truth.mag - truth.depth
    classes = {
        f"{name} {kind}": scored & of_kind & (level >= brightest) & (level < faintest)
        for kind, of_kind in kinds.items()
        for name, (brightest, faintest) in MAGNITUDES.items()
    }
    return classes | {LOW_SURFACE_BRIGHTNESS: scored & is_dim}
