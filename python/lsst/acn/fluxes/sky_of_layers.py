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

"""What realisations of noise say of the sky of a restored image."""

from __future__ import annotations

__all__ = ("noise_facts",)

from collections.abc import Sequence

import numpy as np

from ..metrics import classify_pixels, correlation_length, detection_scale
from .flux_images import FluxImages


def noise_facts(
    noise: Sequence[np.ndarray], variance: np.ndarray, images: FluxImages, fwhm: float
) -> dict[str, float]:
    """Return how the noise of the sky goes together, and what detection makes of it.

    Parameters
    ----------
    noise : `~collections.abc.Sequence` [`numpy.ndarray`]
        Realisations of the noise of the restored image.
    variance : `numpy.ndarray`
        Its variance, as detection takes it.
    images : `FluxImages`
        The restored image and its residual.
    fwhm : `float`
        Full width at half maximum of its PSF, in pixels.

    Returns
    -------
    facts : `dict` [`str`, `float`]
        Means of ``noise_correlation_length`` and ``detection_scale``, where there
        is enough sky to tell.
    """
    if not noise:
        return {}
    known = np.isfinite(images.residual.variance)
    where = classify_pixels(np.where(known, images.image, np.nan), variance, fwhm).sky
    lengths = [correlation_length(each, where) for each in noise]
    scales = [detection_scale(each, variance, images.target_psf, where) for each in noise]
    facts = {"noise_correlation_length": np.mean(lengths), "detection_scale": np.mean(scales)}
    return {name: float(value) for name, value in facts.items() if np.isfinite(value)}
