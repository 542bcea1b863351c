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

"""What exposures lack that a restoration takes for granted."""

from __future__ import annotations

__all__ = ("ExposureQuality", "measure_exposures", "noise_ratios")

import dataclasses
import logging
import math

import numpy as np
from scipy.ndimage import gaussian_filter

from .arrays.fourier_images import sampled_finer
from .exposures.boxes import Box
from .exposures.psf_kernels import FWHM_PER_SIGMA
from .exposures.robust import SIGMA_PER_MAD, robust_sigma
from .exposures.source import ExposureSource
from .exposures.stack import ExposureStack

LEAST_FWHM = 2.0
"""Pixels below which a PSF is not properly sampled."""

MOST_UPSAMPLING = 3

MOST_FWHM = 10.0
"""Pixels above which no PSF of a telescope is likely to be: stamps that are
sampled more finely than the exposures show themselves by it."""

MOST_RIM_LIGHT = 0.01
MOST_OFFSET = 0.1
"""In pixels."""

MOST_NEGATIVE_LIGHT = 0.1
MOST_NOISE_DEVIATION = 0.15

REGION_SIZE = 256
"""Side in pixels of the part of a patch whose noise is looked at."""

MIN_EXPOSURES = 3
MIN_PIXELS = 500
SMOOTHING = 2.0
DARK = 3.0
"""Brightness of the smoothed mean of all exposures, in standard deviations,
from which a pixel is not empty."""

RINGS = (0.78, 0.86), (0.93, 1.0)
"""Of a PSF kernel, in its half side, that tell how fast it falls at its rim."""

FINER = 4
"""Samples of a kernel per pixel that moments are taken of."""

LEAST_SLOPE, MOST_SLOPE = 2.5, 12.0
"""Of what is beyond the rim, as a power of the radius."""

ROUNDS = 30
"""In which variances are told from those of the others."""


@dataclasses.dataclass(frozen=True)
class ExposureQuality:
    """What one exposure is like in the middle of a patch.

    Parameters
    ----------
    visit : `int`
        Identifier of the exposure.
    fwhm : `float`
        Full width at half maximum of its PSF in pixels, from adaptive moments;
        NaN if there are none.
    rim_light : `float`
        Share of the light of a star that is beyond the rim of the PSF kernel,
        if it goes on to fall as it does there; NaN for kernels of less than 5
        pixels.
    offset : `float`
        Distance in pixels of the centroid of the PSF from the middle of its
        kernel; NaN as ``fwhm``.
    negative_light : `float`
        Sum of the negative pixels of the kernel over that of all, without
        signs: 0 for a PSF, one half for noise.
    noise_ratio : `float`
        Robust scatter of empty pixels over what the variance plane says; NaN
        where it cannot be told.
    """

    visit: int
    fwhm: float
    rim_light: float
    offset: float
    negative_light: float
    noise_ratio: float

    def warnings(self, upsampling: int = 1) -> list[str]:
        """Return what is wrong, with the number that says so.

        Parameters
        ----------
        upsampling : `int`, optional
            Pixels of the restored image per pixel, along each axis; with more
            than 1, PSFs are off the middle of their kernels by dithers.

        Returns
        -------
        warnings : `list` [`str`]
            Clauses without a full stop, none if all is well.
        """
        found = []
        if self.negative_light > MOST_NEGATIVE_LIGHT:
            found.append(f"{100 * self.negative_light:.0f} % of the light of its PSF is negative")
        if math.isnan(self.fwhm):
            found.append("its PSF has no shape that can be measured")
        if upsampling * self.fwhm < LEAST_FWHM:
            found.append(
                f"the FWHM of its PSF is {self.fwhm:.2f} pixels, too few to sample it: set upsampling to "
                f"{min(math.ceil(LEAST_FWHM / self.fwhm), MOST_UPSAMPLING)} if exposures are dithered"
            )
        if self.fwhm > MOST_FWHM:
            found.append(f"the FWHM of its PSF is {self.fwhm:.1f} pixels, as if it were sampled more finely")
        if math.isnan(self.rim_light):
            found.append("its PSF kernel is too small to tell what light is beyond its rim")
        if self.rim_light > MOST_RIM_LIGHT:
            found.append(f"its PSF is cut off where {100 * self.rim_light:.1f} % of the light is beyond")
        if self.offset > MOST_OFFSET and upsampling == 1:
            found.append(f"its PSF is {self.offset:.2f} pixels off the middle of its kernel")
        if abs(self.noise_ratio - 1.0) > MOST_NOISE_DEVIATION:
            found.append(f"its pixels scatter {self.noise_ratio:.2f} times as much as their variances say")
        return found


def measure_exposures(
    exposures: ExposureSource, log: logging.Logger | None = None, *, upsampling: int = 1
) -> list[ExposureQuality]:
    """Measure all exposures of a patch.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    log : `logging.Logger`, optional
        Warned of what is wrong.
    upsampling : `int`, optional
        Pixels of the restored image per pixel, along each axis.

    Returns
    -------
    qualities : `list` [`ExposureQuality`]
        In the order of the exposures.
    """
    box = _middle(exposures.box)
    part = exposures.cutout(box)
    ratios = dict(zip(part.visits, noise_ratios(part), strict=True))
    kernels = exposures.psf.at(*box.center)
    qualities = [
        ExposureQuality(visit, *_shape(kernel), ratios.get(visit, math.nan))
        for visit, kernel in zip(exposures.visits, kernels.astype(np.float64), strict=True)
    ]
    if log is not None:
        for quality in qualities:
            for warning in quality.warnings(upsampling):
                log.warning("Visit %d: %s.", quality.visit, warning)
    return qualities


def _middle(box: Box) -> Box:
    height, width = (min(size, REGION_SIZE) for size in box.shape)
    y, x = box.y_start + (box.shape[0] - height) // 2, box.x_start + (box.shape[1] - width) // 2
    return Box(y, y + height, x, x + width)


def _shape(kernel: np.ndarray) -> tuple[float, float, float, float]:
    """Return FWHM, light beyond the rim, offset and negative light of a PSF kernel."""
    negative = float(np.maximum(-kernel, 0.0).sum() / np.abs(kernel).sum())
    fwhm, offset = _moments(kernel)
    return fwhm, _rim_light(kernel), offset, negative


def _moments(kernel: np.ndarray) -> tuple[float, float]:
    """Return FWHM and offset of the centroid, by adaptive moments.

    They are taken between the pixels, too: of a PSF that is all in one pixel
    there are none.
    """
    import galsim

    fine = sampled_finer(kernel, FINER)
    # GalSim counts pixels from 1.
    middle = FINER * (len(kernel) // 2) + 1
    shape = galsim.hsm.FindAdaptiveMom(
        galsim.Image(fine, scale=1.0),
        guess_sig=FINER,
        guess_centroid=galsim.PositionD(middle, middle),
        strict=False,
    )
    if shape.moments_status != 0:
        return math.nan, math.nan
    offset = math.hypot(shape.moments_centroid.x - middle, shape.moments_centroid.y - middle)
    return float(FWHM_PER_SIGMA * shape.moments_sigma) / FINER, offset / FINER


def _rim_light(kernel: np.ndarray) -> float:
    r"""Return the share of light beyond the rim of a kernel of half side R.

    Falling as :math:`p\,(r / R)^{-a}` from there on, it holds
    :math:`2 \pi p R^2 / (a - 2)` there, with half a pixel more for R.
    """
    radius = len(kernel) // 2
    if radius < 2:
        return math.nan
    places = np.arange(-radius, radius + 1)
    distance = np.hypot(places[:, None], places)
    inner, outer = ((distance >= first * radius) & (distance <= last * radius) for first, last in RINGS)
    if not inner.any():
        # So small a kernel has no pixels there: the two outermost squares of pixels.
        square = np.maximum(np.abs(places[:, None]), np.abs(places))
        inner, outer = square == radius - 1, square == radius
    before, rim = float(kernel[inner].mean()), float(kernel[outer].mean())
    if rim <= 0:
        return 0.0
    place = float(distance[outer].mean())
    slope = math.log(max(before, rim) / rim) / math.log(place / float(distance[inner].mean()))
    slope = min(max(slope, LEAST_SLOPE), MOST_SLOPE)
    edge = radius + 0.5
    beyond = 2.0 * math.pi * edge**2 * rim * (edge / place) ** -slope / (slope - 2.0)
    return beyond / (float(kernel.sum()) + beyond)


def noise_ratios(stack: ExposureStack) -> np.ndarray:
    r"""Compare the scatter of empty pixels with what their variances say.

    Each exposure is compared with the weighted mean :math:`m` of the others,
    so that light makes no scatter.  If variances are :math:`s_t v_t` in truth,
    that of :math:`y_t - m` is :math:`s_t v_t + \sum_{s \ne t} s_s / v_s /
    (\sum_{s \ne t} 1 / v_s)^2`, which is solved for all :math:`s_t` together.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.

    Returns
    -------
    ratios : `numpy.ndarray`
        Robust standard deviation over the expected one, shape ``(n,)``; NaN
        where there are too few exposures or empty pixels.
    """
    squares, weights = np.full(len(stack), np.nan), np.zeros(len(stack))
    if len(stack) < MIN_EXPOSURES:
        return squares
    weight = stack.weight.astype(np.float64)
    total, light = weight.sum(axis=0), (weight * stack.image).sum(axis=0)
    dark = _dark(light, total)
    for number, (image, own, valid) in enumerate(zip(stack.image, weight, stack.valid, strict=True)):
        rest = total - own
        where = dark & valid & (rest > 0.1 * total)
        if where.sum() < MIN_PIXELS:
            continue
        difference = image[where] - (light[where] - own[where] * image[where]) / rest[where]
        deviation = difference / np.sqrt(1.0 / own[where] + 1.0 / rest[where])
        squares[number] = robust_sigma(deviation) ** 2
        weights[number] = np.median(own[where])
    known = np.isfinite(squares)
    if known.sum() >= MIN_EXPOSURES:
        squares[known] = _own_squares(squares[known], weights[known])
    return np.sqrt(squares)


def _own_squares(squares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return by what variances are off, from what those of differences from the others' means are."""
    total, own = weights.sum(), squares.copy()
    share = weights / (total - weights)
    for _ in range(ROUNDS):
        others = ((weights * own).sum() - weights * own) / (total - weights)
        own = np.maximum(squares * (1.0 + share) - share * others, 0.0)
    return own


def _dark(light: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return where the weighted mean of all exposures, smoothed, shows no light."""
    known = weight > 0
    if not known.any():
        return known
    signal = np.where(known, light / np.sqrt(np.where(known, weight, 1.0)), 0.0)
    smooth = gaussian_filter(signal, SMOOTHING)
    middle = np.median(smooth[known])
    return known & (smooth - middle < DARK * SIGMA_PER_MAD * np.median(np.abs(smooth[known] - middle)))
