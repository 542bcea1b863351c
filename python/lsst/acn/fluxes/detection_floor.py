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

"""The least variance with which detection on a restored image is safe."""

from __future__ import annotations

__all__ = ("detection_floor", "detection_variance")

import numpy as np

from .flux_images import FluxImages


def detection_variance(images: FluxImages, variance: np.ndarray) -> np.ndarray:
    """Return a variance of the restored image with which detection on it is safe.

    Parameters
    ----------
    images : `FluxImages`
        The images.
    variance : `numpy.ndarray`
        Variance of each pixel of the restored image by itself.

    Returns
    -------
    safe : `numpy.ndarray`
        The larger of ``variance`` and of `detection_floor`, float32, same
        shape.  It is finite: where no exposure says anything, the floor is
        that of the place where they say least.
    """
    floor = detection_floor(images.residual.point_variance(), images.target_psf)
    known = np.isfinite(floor)
    highest = floor[known].max(initial=0.0)
    return np.maximum(variance, np.where(known, floor, highest)).astype(np.float32)


def detection_floor(point_variance: np.ndarray | float, target_psf: np.ndarray) -> np.ndarray:
    r"""Return the variance that the restored image needs for detection, in each pixel.

    Detection smooths an image by its PSF :math:`T`, takes its variance
    :math:`v` for that of white noise, and so finds a point source of flux
    :math:`F` at

    .. math::

        \frac{F \sum T^2}{\sqrt{v \sum T^2}} = F \sqrt{\frac{\sum T^2}{v}}

    standard deviations.  The exposures know no flux better than to
    :math:`\sigma`, the noise of a point source that is alone, so that no
    more than :math:`F / \sigma` is true: :math:`v \ge \sigma^2 \sum T^2`,
    which is :math:`\sigma^2 / (4 \pi s^2)` for a Gaussian of standard
    deviation :math:`s`.

    Parameters
    ----------
    point_variance : `numpy.ndarray` or `float`
        :math:`\sigma^2`: the variance of the flux of a point source alone, as
        `ResidualImage.point_variance` has it.
    target_psf : `numpy.ndarray`
        :math:`T`, of unit sum.

    Returns
    -------
    floor : `numpy.ndarray`
        Float32, shape of ``point_variance``.
    """
    return np.asarray(point_variance * np.sum(target_psf.astype(np.float64) ** 2), np.float32)
