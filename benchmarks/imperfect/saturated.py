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

"""Stars whose cores no exposure shows: their fluxes, and the errors that are claimed."""

from __future__ import annotations

__all__ = ("saturated_stars",)

import numpy as np

from ..peers.restored import Restored
from ..scoreboard.errors_of_pixels import aperture_correction, aperture_fluxes
from ..scoreboard.field_truth import BORDER, FieldTruth
from .flux_classes import APERTURE_RADIUS


def saturated_stars(restored: Restored, truth: FieldTruth) -> dict[str, np.ndarray]:
    """Return how the fluxes of stars with a masked core come back.

    Parameters
    ----------
    restored : `Restored`
        What a method made.
    truth : `FieldTruth`
        What it should have made.

    Returns
    -------
    samples : `dict` [`str`, `numpy.ndarray`]
        ``saturated_ratio``, flux over true flux of each star, and
        ``saturated_pull``, the flux's error in units of the one that is
        claimed: the root of the sum of the variances in the aperture.
    """
    height, width = truth.image.shape
    rows, columns = np.rint(truth.y).astype(int), np.rint(truth.x).astype(int)
    inside = (rows >= BORDER) & (rows < height - BORDER) & (columns >= BORDER) & (columns < width - BORDER)
    chosen = inside & truth.is_star
    chosen[chosen] = truth.unseen[rows[chosen], columns[chosen]]
    where = truth.y[chosen], truth.x[chosen], APERTURE_RADIUS
    expected = aperture_fluxes(truth.image, *where)
    correction = aperture_correction(restored.psf, truth.target_fwhm, APERTURE_RADIUS)
    seen = correction * aperture_fluxes(restored.image, *where)
    samples = {"saturated_ratio": seen / expected}
    if restored.variance is not None:
        claimed = correction * np.sqrt(aperture_fluxes(restored.variance, *where))
        samples["saturated_pull"] = (seen - expected) / claimed
    return samples
