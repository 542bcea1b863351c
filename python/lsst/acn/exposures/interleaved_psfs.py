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

"""Oversampled PSFs from images of stars at places within a pixel, which a model of the PSF makes."""

from __future__ import annotations

__all__ = ("StarAt", "finer_kernel")

from collections.abc import Callable

import numpy as np

from .boxes import Box
from .oversampled_psfs import FIT_OVERSAMPLING
from .subpixel_fit import fit_subpixels

STEPS = (-1, 0, 1)
"""Places of stars along each axis, in units of ``1 / FIT_OVERSAMPLING`` pixel."""

LANCZOS_ORDER = 5
"""Of the interpolation by which models that have but one kernel move it."""

LEAST_NEWS = 0.01
"""Share of the peak by which the images of a model must differ from its kernel,
moved by interpolation, to say more than the kernel does.  From a FWHM of 2
pixels on, none does, and the kernel alone says as much."""

FLOOR = 0.02
"""Response of a pixel below which what it does to a PSF is not undone."""

StarAt = Callable[[float, float], tuple[np.ndarray, Box]]
"""What returns the image of a star of flux 1 that is off the middle of a pixel
by so much of a pixel along y and x, and where that image lies: the pixel is
``(0, 0)``."""


def finer_kernel(kernel: np.ndarray, star_at: StarAt) -> np.ndarray:
    """Return a PSF before pixels have seen it.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        As pixels see it, in the middle of a pixel, of unit sum, shape ``(k,
        k)``, ``k`` odd.
    star_at : `StarAt`
        What pixels see of stars at other places.

    Returns
    -------
    finer : `numpy.ndarray`
        Light in squares of ``1 / FIT_OVERSAMPLING`` pixel, float32, of unit
        sum: from the images of stars, or fitted to the kernel where these say
        no more than it does.

    Notes
    -----
    Many models (those of warps among them) have one kernel for a place, and
    move it by Lanczos interpolation.  Of a narrow PSF that makes images which
    no telescope takes; a smooth PSF that is nowhere negative is the better
    guess.
    """
    stars = {(dy, dx): star_at(dy / FIT_OVERSAMPLING, dx / FIT_OVERSAMPLING) for dy in STEPS for dx in STEPS}
    if not _say_more(kernel, stars):
        return fit_subpixels(kernel)
    return _before_pixels(_interleaved(stars))


_Stars = dict[tuple[int, int], tuple[np.ndarray, Box]]


def _say_more(kernel: np.ndarray, stars: _Stars) -> bool:
    radius = len(kernel) // 2
    box = Box(-radius, radius + 1, -radius, radius + 1)
    moves = {step: _lanczos_move(len(kernel), step / FIT_OVERSAMPLING) for step in STEPS}
    news = 0.0
    for (dy, dx), (image, own) in stars.items():
        both = own.intersection(box)
        moved = moves[dy] @ kernel @ moves[dx].T
        change = image[both.slices_within(own)] - moved[both.slices_within(box)]
        news = max(news, float(np.abs(change).max()))
    return news > LEAST_NEWS * kernel.max()


def _lanczos_move(size: int, offset: float) -> np.ndarray:
    """Return the matrix that moves a profile, of unit sums where the profile goes on."""
    distance = np.arange(size)[:, None] - np.arange(size) - offset
    inside = np.abs(distance) < LANCZOS_ORDER
    rows = np.where(inside, np.sinc(distance) * np.sinc(distance / LANCZOS_ORDER), 0.0)
    return rows / rows[size // 2].sum()


def _interleaved(stars: _Stars) -> np.ndarray:
    """Return what a pixel sees of a star at finer steps, 0 where no image says."""
    boxes = [box for _, box in stars.values()]
    reach = max(max(-box.y_start, box.y_stop - 1, -box.x_start, box.x_stop - 1) for box in boxes)
    middle = FIT_OVERSAMPLING * reach + max(STEPS)
    seen = np.zeros((2 * middle + 1, 2 * middle + 1))
    for (dy, dx), (image, box) in stars.items():
        # A star farther on by a step: the pixel is a step behind.
        rows = middle - dy + FIT_OVERSAMPLING * np.arange(box.y_start, box.y_stop)
        columns = middle - dx + FIT_OVERSAMPLING * np.arange(box.x_start, box.x_stop)
        seen[np.ix_(rows, columns)] = image
    return seen


def _before_pixels(seen: np.ndarray) -> np.ndarray:
    """Return the light of which a pixel sees the sum over its area.

    Where the response of a pixel is next to nothing, nothing is seen of the
    light, and it does not matter for what other pixels see.
    """
    size = len(seen)
    response = (1.0 + 2.0 * np.cos(2.0 * np.pi * np.fft.fftfreq(2 * size))) / FIT_OVERSAMPLING
    undone = (1.0 + FLOOR**2) * response / (response**2 + FLOOR**2)
    spectrum = np.fft.fft2(seen, (2 * size, 2 * size)) * np.outer(undone, undone)
    light = np.fft.ifft2(spectrum).real[:size, :size]
    return (light / light.sum()).astype(np.float32)
