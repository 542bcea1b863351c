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

"""The flux inside a circle, at any place."""

from __future__ import annotations

__all__ = ("aperture_covariance", "aperture_flux_map", "circle_spectrum")

from collections.abc import Sequence

import numpy as np
from scipy.special import j1

from .cell_filters import CellSpectra, cell_spectra, filtered_sum
from .flux_images import FluxImages

DAMPING = 0.1
r"""The :math:`\epsilon` of `aperture_flux_map`.  The smaller it is, the better the
residual is known to be inside the circle or outside, and the more of its noise
comes with it: at .01, a circle of 1.2 target FWHM costs 8 % more noise than
the flux of a point source, at .001, 26 %."""


def aperture_flux_map(images: FluxImages, radius: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the flux inside a circle around each pixel, at the target PSF.

    With the transform :math:`a` of the circle (:math:`2 \pi r J_1(k r) / k`),
    the light inside it on an image at the target PSF :math:`T` is that of the
    restored image, :math:`a * p`, and of what it lacks, which the residual
    tells through the PSF :math:`P`:

    .. math::

        F = a * p + w * R, \qquad w = \alpha \frac{a T}{P + \epsilon}, \qquad
        \mathrm{Var}\,F = \frac{\mathrm{Var}\,R}{P_0} \sum_k |w|^2 P.

    This is Wiener's filter for sources of any kind, of the same power at all
    frequencies, scaled by :math:`\alpha` so that a star at the centre of the
    circle is measured without bias, however much of it the restored image
    lacks.

    Parameters
    ----------
    images : `FluxImages`
        The images.
    radius : `float`
        Of the circle, in pixels.

    Returns
    -------
    flux, variance : `numpy.ndarray`
        Float32, shape ``images.box.shape``, in the unit of the images and in
        its square.
    """

    def filters(spectra: CellSpectra) -> tuple[np.ndarray, np.ndarray, float]:
        weight = _residual_weight(spectra, radius)
        factor = spectra.sum(weight**2 * spectra.power) / spectra.peak
        return circle_spectrum(spectra.frequencies, radius), weight, factor

    return filtered_sum(images, filters, images.residual.psf.radius + int(np.ceil(radius)))


def aperture_covariance(
    images: FluxImages, radii: Sequence[float], y: float, x: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return how the fluxes around one place vary together.

    Parameters
    ----------
    images : `FluxImages`
        The images.
    radii : `~collections.abc.Sequence` [`float`]
        Of the circles, in pixels.
    y, x : `float`
        Row and column on the grid of the tract.

    Returns
    -------
    among : `numpy.ndarray`
        Covariance of the circles' fluxes, shape ``(m, m)``, for a variance of
        the point source's flux of 1.
    with_point : `numpy.ndarray`
        Their covariance with the flux of a point source alone in the middle,
        shape ``(m,)``.
    """
    reach = images.residual.psf.size + 2 * int(np.ceil(max(radii, default=0.0)))
    spectra = cell_spectra(images, y, x, (reach, reach))
    weights = [_residual_weight(spectra, radius) for radius in radii]
    peak = spectra.peak
    among = [[peak * spectra.sum(one * two * spectra.power) for two in weights] for one in weights]
    with_point = [spectra.sum(weight * spectra.power) for weight in weights]
    return np.reshape(among, (len(radii), len(radii))), np.array(with_point)


def circle_spectrum(frequencies: np.ndarray, radius: float) -> np.ndarray:
    """Return the transform of a circle of height 1.

    Parameters
    ----------
    frequencies : `numpy.ndarray`
        Length of the wave vectors in radians per pixel.
    radius : `float`
        Of the circle, in pixels.

    Returns
    -------
    spectrum : `numpy.ndarray`
        Real, shape of ``frequencies``.
    """
    phase = np.maximum(frequencies * radius, 1e-9)
    return 2.0 * np.pi * radius**2 * j1(phase) / phase


def _residual_weight(spectra: CellSpectra, radius: float) -> np.ndarray:
    """Return the weight of the residual, with a star in the middle kept as it is."""
    inside = circle_spectrum(spectra.frequencies, radius) * spectra.target.real
    damped = 1.0 / (spectra.power + DAMPING)
    kept = np.stack([np.ones(spectra.power.shape), spectra.frequencies**2])
    wanted = [spectra.sum(each * inside) for each in kept]
    found = [spectra.sum(each * inside * damped * spectra.power) for each in kept]
    response = [[spectra.sum(one * two * damped * spectra.power) for two in kept] for one in kept]
    change = np.linalg.solve(response, np.subtract(wanted, found))
    return (inside + np.tensordot(change, kept, axes=1)) * damped
