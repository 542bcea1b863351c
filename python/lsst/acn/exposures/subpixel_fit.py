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

"""A PSF before pixels have seen it, as smooth and as sharp as one that pixels have seen allows."""

from __future__ import annotations

__all__ = ("fit_subpixels",)

import numpy as np
from scipy.optimize import least_squares
from scipy.special import erf

from .oversampled_psfs import FIT_OVERSAMPLING

SMOOTHNESS = 0.6
"""Width of the Gaussian that a PSF cannot be sharper than, as a share of that of
the Gaussian which fits it best."""

LEAST_SIGMA = 0.25
"""Width in pixels of the sharpest PSF that is told from a point."""

ITERATIONS = 100
WINGS = 0.05
"""Share of the light that starts where the pixels have theirs, not in the Gaussian."""


def fit_subpixels(kernel: np.ndarray) -> np.ndarray:
    """Return a PSF whose integral over pixels is a kernel.

    It is not negative, of unit sum, and smooth: a Gaussian convolved with
    something that is fitted by Richardson-Lucy iterations, accelerated as by
    Biggs & Andrews (1997).  Exposures whose PSFs are known through their
    pixels only do not say more.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        As pixels have it, of unit sum, shape ``(k, k)``, ``k`` odd.

    Returns
    -------
    finer : `numpy.ndarray`
        Light in squares of ``1 / FIT_OVERSAMPLING`` pixel, float32, shape
        ``(3 k, 3 k)``.
    """
    target = np.maximum(kernel.astype(np.float64), 0.0)
    target /= target.sum()
    center, sigma = _gaussian(target)
    seen = _pixels_see(len(target)) @ _blur(SMOOTHNESS * sigma, FIT_OVERSAMPLING * len(target))
    rest = float(np.sqrt(1.0 - SMOOTHNESS**2)) * sigma
    profiles = [_profile(rest, place, FIT_OVERSAMPLING * len(target)) for place in center]
    square = np.ones((FIT_OVERSAMPLING, FIT_OVERSAMPLING)) / FIT_OVERSAMPLING**2
    light = (1.0 - WINGS) * np.outer(*profiles) + WINGS * np.kron(target, square)
    light = _richardson_lucy(light, target, seen)
    blur = _blur(SMOOTHNESS * sigma, len(light))
    smooth = blur @ light @ blur
    return (smooth / smooth.sum()).astype(np.float32)


def _richardson_lucy(light: np.ndarray, target: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return light that pixels see as the target, each step begun ahead of the last one."""
    tiny = np.finfo(np.float32).tiny
    weight = np.maximum(np.outer(seen.sum(axis=0), seen.sum(axis=0)), tiny)
    before, step, last_step = light, np.zeros_like(light), np.zeros_like(light)
    for _ in range(ITERATIONS):
        ahead = np.sum(step * last_step) / max(np.sum(last_step**2), tiny)
        point = np.maximum(light + np.clip(ahead, 0.0, 1.0) * (light - before), 0.0)
        ratio = target / np.maximum(seen @ point @ seen.T, tiny)
        before, light = light, point * (seen.T @ ratio @ seen) / weight
        step, last_step = light - point, step
    return light


def _pixels_see(size: int) -> np.ndarray:
    """Return the matrix from a profile of sub-pixels to one of pixels."""
    return np.kron(np.eye(size), np.ones(FIT_OVERSAMPLING))


def _profile(sigma: float, center: float, size: int) -> np.ndarray:
    """Return the light of a Gaussian in sub-pixels, with all numbers in pixels."""
    edges = (np.arange(size + 1) - 0.5 * size) / FIT_OVERSAMPLING
    return np.diff(0.5 * erf((edges - center) / (np.sqrt(2.0) * sigma)))


def _blur(sigma: float, size: int) -> np.ndarray:
    """Return the matrix that convolves a profile of sub-pixels with a Gaussian, symmetric."""
    distance = (np.arange(size)[:, None] - np.arange(size)) / FIT_OVERSAMPLING
    rows = np.exp(-0.5 * (distance / sigma) ** 2)
    return rows / rows[size // 2].sum()


def _gaussian(kernel: np.ndarray) -> tuple[np.ndarray, float]:
    """Return centre and width in pixels of the Gaussian that, seen by pixels, fits best."""
    pixels = _pixels_see(len(kernel))

    def misfit(parameters: np.ndarray) -> np.ndarray:
        y, x, log_sigma = parameters
        profiles = [pixels @ _profile(np.exp(log_sigma), place, pixels.shape[1]) for place in (y, x)]
        return (np.outer(*profiles) - kernel).ravel()

    brightest = np.unravel_index(np.argmax(kernel), kernel.shape)
    start = [*(index - len(kernel) // 2 for index in brightest), 0.0]
    y, x, log_sigma = least_squares(misfit, start).x
    return np.array([y, x]), max(float(np.exp(log_sigma)), LEAST_SIGMA)
