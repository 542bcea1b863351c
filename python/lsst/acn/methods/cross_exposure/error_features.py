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

__all__ = ("COVERAGE", "FAINTEST", "FEATURES", "RESTORED", "SIGNIFICANCES", "make_error_features")

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ...arrays.namespace import Arrays
from ...forward.target_psf import correlate_separable
from .family.evidence import LIGHT_SCALES, REST_SCALES
from .family.family import RestorationFamily

MEMBERS = (0, 1, 3, 5, 7, 9, 10)
"""Members whose spread around the restored image says how far the choice of the
regularisation matters: the blurriest, the sharp one, the sparsest, those that
are and are not smoothed much, and the one that is completed."""

FEATURES = (
    "log restored",
    *(f"log member {member}" for member in MEMBERS),
    "log spread of the members",
    "asinh significance",
    *(f"asinh light at {scale:g} pixels" for scale in LIGHT_SCALES),
    *(f"asinh rest at {scale:g} pixels" for scale in REST_SCALES),
    "log misfit",
    "log gradient",
    "log light around",
    "log peak of the kernel",
    "log effective area",
    "log coverage",
)
"""Names of the features, in their order."""

RESTORED, COVERAGE = FEATURES.index("log restored"), FEATURES.index("log coverage")

_FIRST = FEATURES.index("asinh significance")
SIGNIFICANCES = slice(_FIRST, _FIRST + 1 + len(LIGHT_SCALES))
"""Signal to noise of the light around a pixel, from a point source to wide scales."""

FAINTEST = 0.5
"""Flux, in standard deviations of that of a point source, below which the
logarithm hardly tells one from another.  In an empty sky the restored image is
all error: a model that saw how small it is would call it right to a hair."""

FAINTEST_AROUND = 0.003
"""The same of the light around a pixel, which no single pixel decides on."""

LEAST_COVERAGE = 0.001
AROUND = 5.0
"""Standard deviation in pixels of the Gaussian that gathers the light around."""

AROUND_REACH = 15
"""Pixels beyond which it is cut off."""


def make_error_features(xp: Arrays, latent: Any, family: RestorationFamily, profile: Any, margin: int) -> Any:
    r"""Return features of the pixels of a tile.

    Images are convolved with the kernel that makes the restored image,
    divided by its peak, and so in units of the peak of a point source whose
    flux is one standard deviation.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    latent : array
        Latent image in the unit of the family, on the same pixels.
    family : `RestorationFamily`
        That it was mixed from, not cropped.
    profile : array
        Profile, of unit sum, of the Gaussian kernel that the latent image is
        convolved with, along both axes.
    margin : `int`
        Number of pixels on every side of ``latent`` that are not wanted.

    Returns
    -------
    features : array
        Shape ``(height - 2 margin, width - 2 margin, len(FEATURES))``.
    """
    needed = min(margin, profile.shape[0] // 2 + AROUND_REACH)
    latent, family = latent[_without(latent.shape, margin - needed)], family.cropped(margin - needed)
    evidence = family.evidence
    inside = _without(latent.shape, needed)
    peak = xp.max(profile) ** 2

    def at_target(image: Any) -> Any:
        return correlate_separable(xp, image, profile, profile)

    restored = at_target(latent) / peak
    members = [at_target(family.members[..., member]) / peak for member in MEMBERS]
    squares = [(member - restored) ** 2 for member in members]
    spread = xp.sqrt(sum(squares[1:], squares[0]) / np.float32(len(members)))
    around = correlate_separable(xp, restored, xp.constant(_around_profile()), xp.constant(_around_profile()))
    flat = xp.zeros_like(restored)
    planes = [
        *(_log(xp, image, FAINTEST) for image in (restored, *members, spread)),
        xp.arcsinh(family.significance),
        *(xp.arcsinh(evidence.light[..., number]) for number in range(len(LIGHT_SCALES))),
        *(xp.arcsinh(evidence.rest[..., number]) for number in range(len(REST_SCALES))),
        evidence.misfit,
        _log(xp, _gradient(xp, restored), FAINTEST),
        _log(xp, around, FAINTEST_AROUND),
        flat + xp.log(peak),
        flat + xp.log(family.effective_area),
        xp.log(xp.maximum(at_target(family.coverage), np.float32(LEAST_COVERAGE))),
    ]
    return xp.stack([plane[inside] for plane in planes], axis=-1)


def _without(shape: tuple[int, ...], margin: int) -> tuple[slice, slice]:
    """Return the pixels that are not within a margin of the edges."""
    return slice(margin, shape[0] - margin), slice(margin, shape[1] - margin)


def _log(xp: Arrays, image: Any, faintest: float) -> Any:
    return xp.log(xp.maximum(image, np.float32(0.0)) + np.float32(faintest))


def _around_profile() -> np.ndarray:
    point = np.zeros(2 * AROUND_REACH + 1)
    point[AROUND_REACH] = 1.0
    return gaussian_filter1d(point, AROUND, radius=AROUND_REACH, mode="constant").astype(np.float32)


def _gradient(xp: Arrays, image: Any) -> Any:
    """Return the size of the gradient, by central differences."""
    half = xp.constant(np.array([-0.5, 0.0, 0.5], np.float32))
    return xp.sqrt(xp.correlate(image, half, -2) ** 2 + xp.correlate(image, half, -1) ** 2)
