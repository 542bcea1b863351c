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

"""What fluxes of the stack's algorithms lack of a star, for a PSF that is known."""

from __future__ import annotations

__all__ = ("CIRCLE_RADII", "star_corrections")

import numpy as np
import scipy.fft
import scipy.signal

from ..residual.target_division import centred_spectrum
from .aperture_fluxes import circle_spectrum

CIRCLE_RADII = (3.0, 4.5, 6.0, 9.0, 12.0, 17.0, 25.0)
"""Radii in pixels of ``base_CircularApertureFlux``, but for those that no PSF
stamp reaches."""

WHOLE_FLUX = (
    "base_PsfFlux",
    "modelfit_CModel",
    "modelfit_CModel_initial",
    "modelfit_CModel_exp",
    "modelfit_CModel_dev",
)
"""Algorithms that fit the PSF itself: they lack nothing of a star."""

KRON_RADII = 2.5
"""Kron's radii that ``ext_photometryKron_KronFlux`` reaches out to."""

KRON_REACH = 6.0
"""How far out it looks for that radius, in standard deviations."""

FINER = 4
"""Parts of a pixel's side by which moments are summed."""

MAX_ITERATIONS = 100
TOLERANCE = 1e-10


def star_corrections(kernel: np.ndarray) -> dict[str, float]:
    r"""Return what fluxes of a star are multiplied by to be its whole flux.

    Every source of a restored image has the same PSF, and that is known, so
    that no star needs to be measured: the kernel itself is one, without
    noise.

    Parameters
    ----------
    kernel : `numpy.ndarray`
        The PSF, of unit sum, odd and square.

    Returns
    -------
    corrections : `dict` [`str`, `float`]
        By the name of the algorithm, as a catalogue's columns begin.  NaN where
        a kernel has no shape by which the algorithm could go.

    Notes
    -----
    ``base_PsfFlux``, ``modelfit_CModel`` and its stages
        1: the PSF is their model.
    ``base_GaussianFlux``
        :math:`1 / (2 \sum_x w k)` for the Gaussian :math:`w` of height 1 that
        has the shape of the kernel :math:`k` by adaptive moments (Bernstein &
        Jarvis 2002); 1 for a Gaussian PSF.
    ``base_CircularApertureFlux_R``
        One over the light inside the circle, which for a Gaussian is :math:`1
        - \exp(-R^2 / 2 \sigma^2)`.
    ``ext_photometryKron_KronFlux``
        The same for a circle of 2.5 times the mean distance of the light from
        the middle, :math:`\sqrt{\pi / 2} \sigma` for a Gaussian.
    """
    fine, y, x = _finer(np.asarray(kernel, np.float64))
    shape = _adaptive_moments(fine, y, x)
    corrections = dict.fromkeys(WHOLE_FLUX, 1.0)
    corrections["base_GaussianFlux"] = 0.5 / float((_weight(shape, y, x) * fine).sum())
    distance = np.hypot(y, x)
    seen = np.where(distance <= KRON_REACH * np.linalg.det(shape) ** 0.25, fine, 0.0)
    with np.errstate(invalid="ignore"):
        kron = KRON_RADII * float((seen * distance).sum() / seen.sum())
    names = [f"base_CircularApertureFlux_{radius:.1f}".replace(".", "_") for radius in CIRCLE_RADII]
    light = _light_inside(kernel, (*CIRCLE_RADII, kron))
    names.append("ext_photometryKron_KronFlux")
    return corrections | {name: 1.0 / float(part) for name, part in zip(names, light, strict=True)}


def _finer(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a kernel between the pixels, for stars are not in the middle of these."""
    margin = len(kernel) // 2 + 1
    padded = np.pad(kernel, margin) / FINER**2
    for axis in (0, 1):
        padded = FINER * scipy.signal.resample(padded, FINER * padded.shape[axis], axis=axis)
    y, x = np.indices(padded.shape) / FINER - (margin + len(kernel) // 2)
    return padded / padded.sum(), y, x


def _adaptive_moments(kernel: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the covariance of the Gaussian that finds itself when it weighs the kernel."""
    peak = FINER**2 * kernel.max()
    shape = np.eye(2) / (2.0 * np.pi * peak)
    for _ in range(MAX_ITERATIONS):
        weighted = _weight(shape, y, x) * kernel
        moments = np.array([[(weighted * one * two).sum() for two in (y, x)] for one in (y, x)])
        # A Gaussian of covariance C, weighed with W, has the inverse of C plus that of W.
        found = np.linalg.inv(np.linalg.inv(moments / weighted.sum()) - np.linalg.inv(shape))
        if not (np.linalg.eigvalsh(found) > 0).all():
            break
        change, shape = np.abs(found - shape).max(), found
        if change < TOLERANCE:
            return shape
    return np.full((2, 2), np.nan)


def _weight(shape: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a Gaussian of height 1."""
    (yy, yx), (_, xx) = np.linalg.inv(shape)
    return np.exp(-0.5 * (yy * y**2 + 2.0 * yx * y * x + xx * x**2))


def _light_inside(kernel: np.ndarray, radii: tuple[float, ...]) -> np.ndarray:
    """Return the light inside circles that may cut through pixels."""
    side = scipy.fft.next_fast_len(len(kernel) + 2 * int(np.ceil(max(radii))), real=True)
    spectrum = centred_spectrum(kernel, (side, side))
    length = 2.0 * np.pi * np.hypot(scipy.fft.fftfreq(side)[:, None], scipy.fft.rfftfreq(side))
    corner = np.hypot(1, 1) * (len(kernel) // 2 + 0.5)
    inside = [
        kernel.sum()
        if radius > corner
        else scipy.fft.irfft2(spectrum * circle_spectrum(length, radius), s=(side, side))[0, 0]
        for radius in radii
    ]
    return np.array(inside, np.float64)
