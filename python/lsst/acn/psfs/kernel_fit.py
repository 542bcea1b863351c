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


r"""Kernels that stars ask for, by regularised least squares.

The kernel of an exposure is that of before plus a change :math:`\Delta`, and
the pixels of a star of flux :math:`F` at :math:`\delta` are
:math:`F\,S_\delta (f + \Delta)`.  :math:`\Delta` has a prior of its own: it is
smooth, and no larger than a share of the light that a PSF has at a pixel.
"""

from __future__ import annotations

__all__ = ("KernelChanges", "fit_changes", "normalised", "prior_width")

import dataclasses
from collections.abc import Callable

import numpy as np

from .shifts import moved
from .star_stamps import StarStamps

ROUGHNESS = 4.0
"""Weight of the square of the Laplacian of a change, in units of its prior width."""

ITERATIONS = 60
"""Conjugate-gradient steps, at most."""

CONVERGED = 1e-4
"""Share of the first residual at which they end."""

WING = 3.0
"""Slope of the wings of a PSF that the prior allows for, as a power of the radius."""


@dataclasses.dataclass(frozen=True, eq=False)
class KernelChanges:
    """What is added to the kernels of exposures.

    Parameters
    ----------
    values, errors : `numpy.ndarray`
        Shape ``(n, k, k)``.
    chi2 : `numpy.ndarray`
        Mean square residual of the pixels of each exposure, in units of their
        variance, shape ``(n,)``.
    """

    values: np.ndarray
    errors: np.ndarray
    chi2: np.ndarray


def prior_width(fwhm: float, size: int, share: float) -> np.ndarray:
    r"""Return how much a kernel may change at each pixel before data speak.

    Parameters
    ----------
    fwhm : `float`
        Width of the kernel, in pixels.
    size : `int`
        Side of the kernel.
    share : `float`
        Change as a share of the light that a PSF has there.

    Returns
    -------
    width : `numpy.ndarray`
        The share of a Moffat profile whose wings fall as :math:`r^{-3}`, which
        is more than those of real PSFs.
    """
    along = np.arange(size) - size // 2
    radius2 = along[:, None] ** 2 + along[None, :] ** 2
    beta = 0.5 * WING
    alpha2 = (0.5 * fwhm) ** 2 / (2.0 ** (1.0 / beta) - 1.0)
    profile = (1.0 + radius2 / alpha2) ** -beta
    return share * profile / (2.0 * np.pi * (fwhm / 2.35) ** 2)


def fit_changes(stamps: StarStamps, before: np.ndarray, width: np.ndarray) -> KernelChanges:
    """Fit what the kernels of all exposures should have more or less of.

    Parameters
    ----------
    stamps : `StarStamps`
        Stars with fluxes and places that fit.
    before : `numpy.ndarray`
        Changes that the kernels of the stamps have already, shape ``(n, k,
        k)``.
    width : `numpy.ndarray`
        From `prior_width`, shape ``(k, k)``, or ``(n, k, k)``.

    Returns
    -------
    changes : `KernelChanges`
        To be added to kernels without those of before.
    """
    model = stamps.model()
    weight = stamps.robust_weight(model)
    along_y, along_x = stamps.moves()
    flux = stamps.flux[:, None, None, None]
    width = np.broadcast_to(width, stamps.image.shape[1:])

    def predicted(change: np.ndarray) -> np.ndarray:
        return flux * moved(width * change, along_y, along_x)

    def gathered(pixels: np.ndarray) -> np.ndarray:
        back = moved(flux * pixels, np.swapaxes(along_y, -1, -2), np.swapaxes(along_x, -1, -2))
        return width * back.sum(axis=0)

    def operator(change: np.ndarray) -> np.ndarray:
        smooth = ROUGHNESS * _laplacian(_laplacian(change))
        return gathered(weight * predicted(change)) + change + smooth

    rest = stamps.image - model + predicted(before / width)
    change = _conjugate_gradients(operator, gathered(weight * rest))
    values = width * change
    known = np.sum(weight * flux**2, axis=0)
    rest = (rest - predicted(change)) ** 2 * weight
    chi2 = rest.sum(axis=(0, 2, 3)) / np.maximum((weight > 0).sum(axis=(0, 2, 3)), 1)
    errors = np.sqrt(np.maximum(chi2, 1.0)[:, None, None] / (known + width**-2.0))
    return KernelChanges(values, errors, chi2)


def _laplacian(stamps: np.ndarray) -> np.ndarray:
    """Return the Laplacian of stamps with zeros around them, which is its own adjoint."""
    padded = np.pad(stamps, [(0, 0), (1, 1), (1, 1)])
    beside = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
    return 0.25 * beside - stamps


def _conjugate_gradients(operator: Callable[[np.ndarray], np.ndarray], target: np.ndarray) -> np.ndarray:
    """Solve the equations of all exposures at once, each by itself."""

    def dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.sum(first * second, axis=(1, 2), keepdims=True)

    solution, residual = np.zeros_like(target), target
    direction, length = residual, dot(residual, residual)
    first, tiny = length, np.finfo(float).tiny
    for _ in range(ITERATIONS):
        if (length <= CONVERGED**2 * first).all():
            break
        image = operator(direction)
        step = length / np.maximum(dot(direction, image), tiny)
        solution = solution + step * direction
        residual = residual - step * image
        before, length = length, dot(residual, residual)
        direction = residual + length / np.maximum(before, tiny) * direction
    return solution


def normalised(kernels: np.ndarray) -> np.ndarray:
    """Return kernels that are nowhere negative, and of unit sum.

    Parameters
    ----------
    kernels : `numpy.ndarray`
        Shape ``(..., k, k)``.

    Returns
    -------
    kernels : `numpy.ndarray`
        The same where they are positive, divided by their sums.
    """
    positive = np.maximum(kernels, 0.0)
    return positive / positive.sum(axis=(-1, -2), keepdims=True)
