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

"""What the error of a restored pixel can be told from."""

from __future__ import annotations

__all__ = ("FEATURES", "make_error_features")

import numpy as np
from scipy.ndimage import gaussian_filter

from ...forward.target_psf import convolve_separable
from .family.family import RestorationFamily

MEMBERS = (0, 1, 3, 5, 7, 9)
"""Members whose spread around the restored image says how far the choice of the
regularisation matters: the blurriest, the sharp one, the sparsest, and those
that are and are not smoothed much."""

FEATURES = (
    "log restored",
    *(f"log member {member}" for member in MEMBERS),
    "log spread of the members",
    "asinh significance",
    "log gradient",
    "log light around",
    "log peak of the kernel",
    "log effective area",
    "log coverage",
)
"""Names of the features, in their order."""

FAINTEST = 0.5
"""Flux, in standard deviations of that of a point source, below which the
logarithm hardly tells one from another.  In an empty sky the restored image is
all error: a model that saw how small it is would call it right to a hair."""

FAINTEST_AROUND = 0.003
"""The same of the light around a pixel, which no single pixel decides on."""

LEAST_COVERAGE = 0.003
AROUND = 5.0
"""Standard deviation in pixels of the Gaussian that gathers the light around."""

AROUND_REACH = 15
"""Pixels beyond which it is cut off."""


def make_error_features(
    latent: np.ndarray, family: RestorationFamily, kernel: np.ndarray, margin: int
) -> np.ndarray:
    r"""Return features of the pixels of a tile.

    Images are convolved with the kernel that makes the restored image,
    divided by its peak, and so in units of the peak of a point source whose
    flux is one standard deviation.

    Parameters
    ----------
    latent : `numpy.ndarray`
        Latent image in the unit of the family, on the same pixels.
    family : `RestorationFamily`
        That it was mixed from, with its coverage.
    kernel : `numpy.ndarray`
        Gaussian kernel that the latent image is convolved with.
    margin : `int`
        Number of pixels on every side of ``latent`` that are not wanted.

    Returns
    -------
    features : `numpy.ndarray`
        Float32, shape ``(height - 2 margin, width - 2 margin,
        len(FEATURES))``.

    Raises
    ------
    ValueError
        Raised if the family does not know its coverage.
    """
    if family.coverage is None:
        raise ValueError("Errors cannot be told from a family that does not know its coverage.")
    needed = min(margin, len(kernel) // 2 + AROUND_REACH)
    spare = margin - needed
    rest = np.s_[spare : latent.shape[0] - spare, spare : latent.shape[1] - spare]
    inside = np.s_[needed : latent.shape[0] - margin - spare, needed : latent.shape[1] - margin - spare]
    peak = np.float32(kernel.max())

    def at_target(image: np.ndarray) -> np.ndarray:
        return convolve_separable(image[rest], kernel) / peak

    restored = at_target(latent)
    members = [at_target(family.members[..., member]) for member in MEMBERS]
    spread = np.sqrt(np.mean([(member - restored) ** 2 for member in members], axis=0))
    around = gaussian_filter(restored, AROUND, radius=AROUND_REACH, mode="nearest")
    coverage = convolve_separable(family.coverage[rest], kernel)
    ones = np.ones_like(restored)
    planes = [
        *(_log(image, FAINTEST) for image in (restored, *members, spread)),
        np.arcsinh(family.significance[rest]),
        _log(np.hypot(*np.gradient(restored)), FAINTEST),
        _log(around, FAINTEST_AROUND),
        ones * np.log(peak),
        ones * np.log(np.float32(family.effective_area)),
        np.log(np.maximum(coverage, LEAST_COVERAGE)),
    ]
    return np.stack([plane[inside] for plane in planes], axis=-1).astype(np.float32, copy=False)


def _log(image: np.ndarray, faintest: float) -> np.ndarray:
    return np.log(np.maximum(image, 0.0) + np.float32(faintest))
