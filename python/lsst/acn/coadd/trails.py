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

"""Trails of satellites and the like that no mask knows of."""

from __future__ import annotations

__all__ = ("find_trails", "without_trails")

import dataclasses
import logging
import math

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter, map_coordinates, uniform_filter

from ..arrays.numpy_arrays import numpy_arrays
from ..exposures.robust import SIGMA_PER_MAD
from ..exposures.stack import ExposureStack
from .line_sums import Line, brightest_lines
from .robust_coadd import masked_median

_LOG = logging.getLogger(__name__)

MIN_EXPOSURES = 3
"""That can tell what belongs to one of them alone."""

BIN = 4
"""Pixels of an exposure, along both axes, that are averaged: about a PSF."""

LIGHT = 2.0
"""Brightness of the median of all exposures, in standard deviations of one of
them, from which pixels are left out: there PSFs differ."""

CLIP = 4.0
"""Standard deviations that no pixel counts for more than."""

SEEN_ALONE, CLIP_ALONE = 8.0, 2.0
"""Standard deviations of one pixel from which it is an outlier by itself, and
what its bin counts for then: the streaks of cosmic rays are bright and short,
and masked already."""

AROUND = 11
"""Binned pixels, along both axes, that the sky is the mean of."""

SIGNIFICANCE = 6.5
"""Of a line that is a trail."""

FURTHER_SIGNIFICANCE = 5.5
"""Of more lines in an exposure that has a trail: its other parts, most of the time."""

MAX_TRAILS = 4
"""In an exposure."""

HALF_WIDTH = 1.25
"""Of what is masked, in FWHM of the PSF."""

SMOOTHING = 1.5
"""Standard deviation in pixels of the Gaussian that a trail is followed on."""

SEARCH = 6
"""Pixels by which the ends of a line may be off."""


def without_trails(stack: ExposureStack) -> ExposureStack:
    """Return exposures whose trails are not valid, and say so in the log.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.

    Returns
    -------
    clean : `ExposureStack`
        The same stack where there are no trails.
    """
    mask = find_trails(stack.image, stack.variance, _fwhms(stack.psf.at(*stack.box.center)))
    if mask is None:
        return stack
    for visit, plane in zip(stack.visits, mask, strict=True):
        if plane.any():
            length = int(math.hypot(*(float(np.ptp(axis)) + 1.0 for axis in np.nonzero(plane))))
            _LOG.info("Visit %d: a trail of %d pixels masked in %s.", visit, length, stack.box)
    return dataclasses.replace(
        stack,
        image=np.where(mask, np.float32(0.0), stack.image),
        variance=np.where(mask, np.float32(np.inf), stack.variance),
        valid=stack.valid & ~mask,
    )


def _fwhms(kernels: np.ndarray) -> np.ndarray:
    """Return rough widths, from the number of pixels above half of the peak."""
    above = kernels > 0.5 * kernels.max(axis=(1, 2), keepdims=True)
    return 2.0 * np.sqrt(above.sum(axis=(1, 2)) / np.pi)


def find_trails(image: np.ndarray, variance: np.ndarray, fwhms: np.ndarray) -> np.ndarray | None:
    """Find straight lines that one exposure has and the others do not.

    What is compared is the mean of `BIN` by `BIN` pixels with its median over
    all exposures, where that shows no light.  A trail that is lost in the
    noise of each of its pixels is found by its sum.

    Parameters
    ----------
    image, variance : `numpy.ndarray`
        Exposures, shape ``(n, height, width)``; the variance of pixels that
        are not valid is infinite.
    fwhms : `numpy.ndarray`
        Full widths at half maximum of their PSFs in pixels, shape ``(n,)``.

    Returns
    -------
    mask : `numpy.ndarray` or `None`
        `True` on trails, shape of ``image``; `None` if there is none.
    """
    if len(image) < MIN_EXPOSURES or min(image.shape[1:]) < 2 * BIN:
        return None
    excess = _binned_excess(image, variance)
    lines = brightest_lines(excess)
    if max(line.significance for line in lines) < SIGNIFICANCE:
        return None
    mask = np.zeros(image.shape, bool)
    everywhere = _median(image, variance)
    for number, line in enumerate(lines):
        if line.significance >= SIGNIFICANCE:
            smooth = _smooth_excess(image[number] - everywhere, variance[number])
            mask[number] = _follow_all(excess[number], line, smooth, HALF_WIDTH * fwhms[number])
    return mask


def _follow_all(excess: np.ndarray, line: Line, smooth: np.ndarray, half_width: float) -> np.ndarray:
    """Return the pixels of the trails of an exposure, of which one is known."""
    mask, excess = np.zeros(smooth.shape, bool), excess.copy()
    for _ in range(MAX_TRAILS):
        trail = _trail_pixels(smooth, line, half_width)
        mask |= trail
        excess[_any_of_bins(binary_dilation(trail, iterations=BIN))] = 0.0
        (line,) = brightest_lines(excess[None])
        if line.significance < FURTHER_SIGNIFICANCE:
            break
    return mask


def _binned_excess(image: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return what binned exposures have more than the others, in standard deviations."""
    valid = np.isfinite(variance)
    count = _bins(valid.astype(np.float32)).sum(axis=(-3, -1))
    known = count > 0.5 * BIN**2
    count = np.maximum(count, 1.0)
    mean = _bins(np.where(valid, image, 0.0)).sum(axis=(-3, -1)) / count
    noise = np.sqrt(_bins(np.where(valid, variance, 0.0)).sum(axis=(-3, -1))) / count
    light = masked_median(numpy_arrays(), mean, known)
    bright = known & (np.abs(light) > LIGHT * noise)
    dark = [seen & ~binary_dilation(lit, np.ones((3, 3))) for seen, lit in zip(known, bright, strict=True)]
    noise = np.where(known, noise, 1.0)
    excess = (mean - light) / noise
    peak = _bins(np.where(valid, image, -np.inf)).max(axis=(-3, -1))
    highest = (peak - light) / (noise * np.sqrt(count))
    return np.stack([_whitened(*planes) for planes in zip(excess, highest, dark, strict=True)])


def _whitened(excess: np.ndarray, highest: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Return the dark pixels of an exposure without its sky, of unit variance at most."""
    if not dark.any():
        return np.zeros_like(excess)
    sky = np.median(excess[dark])
    most = np.where(highest > SEEN_ALONE + sky / BIN, CLIP_ALONE, CLIP)
    clipped = np.clip(np.where(dark, excess - sky, 0.0), -CLIP, most)
    share = uniform_filter(dark.astype(np.float64), AROUND, mode="constant")
    around = uniform_filter(clipped, AROUND, mode="constant") / np.maximum(share, AROUND**-2.0)
    rest = np.where(dark, clipped - around, 0.0)
    return rest / max(SIGMA_PER_MAD * float(np.median(np.abs(rest[dark]))), 1.0)


def _bins(planes: np.ndarray) -> np.ndarray:
    """Return planes with the pixels of each bin along two more axes; what is left over is cut off
    on both sides.
    """
    rows, columns = (size // BIN for size in planes.shape[-2:])
    y, x = _first_pixel(planes.shape[-2:])
    cut = planes[..., y : y + rows * BIN, x : x + columns * BIN]
    return cut.reshape(*planes.shape[:-2], rows, BIN, columns, BIN)


def _first_pixel(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return row and column of the first pixel of the first bin."""
    return shape[0] % BIN // 2, shape[1] % BIN // 2


def _any_of_bins(mask: np.ndarray) -> np.ndarray:
    return _bins(mask).any(axis=(-3, -1))


def _median(image: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return masked_median(numpy_arrays(), image, np.isfinite(variance))


def _smooth_excess(residual: np.ndarray, variance: np.ndarray) -> np.ndarray:
    valid = np.isfinite(variance)
    ratio = np.where(valid, residual - np.median(residual[valid]), 0.0) / np.sqrt(
        np.where(valid, variance, 1.0)
    )
    return gaussian_filter(np.clip(ratio, -CLIP, CLIP), SMOOTHING, mode="constant")


def _trail_pixels(smooth: np.ndarray, line: Line, half_width: float) -> np.ndarray:
    """Return the pixels of a trail that lies about where a line of bins does."""
    ends = np.array([line.start, line.stop]) * BIN + 0.5 * (BIN - 1) + _first_pixel(smooth.shape)
    for _ in range(2):
        ends = _aligned(smooth, ends)
        ends = _extent(smooth, ends)
    along = ends[1] - ends[0]
    length = max(float(np.hypot(*along)), 1.0)
    along = along / length
    rows, columns = np.ogrid[: smooth.shape[0], : smooth.shape[1]]
    y, x = rows - ends[0, 0], columns - ends[0, 1]
    place, distance = y * along[0] + x * along[1], np.abs(y * along[1] - x * along[0])
    return (distance <= half_width) & (place >= -half_width) & (place <= length + half_width)


def _aligned(smooth: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the ends of the brightest line near a given one."""
    along = ends[1] - ends[0]
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1.0)
    steps = np.arange(-SEARCH, SEARCH + 1)
    first, last = (steps.repeat(len(steps)), np.tile(steps, len(steps)))
    starts, stops = ends[0] + first[:, None] * across, ends[1] + last[:, None] * across
    means = _sampled(smooth, starts, stops).mean(axis=1)
    best = int(means.argmax())
    return np.stack([starts[best], stops[best]])


def _extent(smooth: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the ends of a trail on the line through two points.

    They enclose the largest sum of what is above half of the mean between the
    given ones.
    """
    along = ends[1] - ends[0]
    length = max(float(np.hypot(*along)), 1.0)
    along = along / length
    reach = math.ceil(np.hypot(*smooth.shape))
    places = np.arange(-reach, reach + math.ceil(length) + 1)
    points = ends[0] + places[:, None] * along
    inside = ((points > -1) & (points < np.array(smooth.shape))).all(axis=1)
    points = points[inside]
    if not len(points):
        return ends
    profile = map_coordinates(smooth, points.T, order=1, mode="constant")
    level = 0.5 * _sampled(smooth, ends[:1], ends[1:]).mean()
    # Where nothing is known there is neither a trail nor none.
    gain = np.where(profile == 0.0, 0.0, profile - level)
    total = np.concatenate([[0.0], np.cumsum(gain)])
    stop = int((total - np.minimum.accumulate(total)).argmax())
    start = min(int(total[: stop + 1].argmin()), len(points) - 1)
    return points[[start, max(stop - 1, start)]]


def _sampled(smooth: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Return what is found along lines, pixel by pixel, shape ``(n_lines, n_points)``."""
    number = max(math.ceil(float(np.hypot(*(stops[0] - starts[0])))), 2)
    share = np.linspace(0.0, 1.0, number)[:, None]
    points = starts[:, None] + share * (stops - starts)[:, None]
    return map_coordinates(smooth, np.moveaxis(points, -1, 0), order=1, mode="constant")
