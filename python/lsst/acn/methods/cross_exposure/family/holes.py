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

"""Light where exposures have no data, from what their surroundings say."""

from __future__ import annotations

__all__ = ("fill_around_points", "fill_window")

from collections.abc import Callable
from typing import Any

import numpy as np

from ....arrays.namespace import Arrays
from ...accelerated_updates import accelerated_updates, quadratic_factor
from .exposure_sums import ExposureSums, sum_up, window_sums
from .statistics import SufficientStatistics, make_statistics

PASSES = 2
"""The second fills by the model of the first with the PSF of each exposure,
where the first had only one kernel for all of them."""

UPDATES = 30
"""In each pass."""

SPARSITY = 1.2
"""In standard deviations of the noise of the back-projected image."""

LEAST_LIGHT = 1e-3
"""What the model of the known pixels cannot fall below, in the same unit."""


def fill_window(xp: Arrays, sums: ExposureSums, latent: Any, start: tuple[Any, Any], weight: Any) -> Any:
    """Return a latent image that knows what is missing around some holes.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        The exposures.
    latent : array
        Latent image to start from, shape ``(height, width)``.
    start : `tuple` [array, array]
        First row and column of a window that holds the holes and their
        surroundings.
    weight : array
        How far each pixel of the window is changed, from 0 to 1.

    Returns
    -------
    latent : array
        Non-negative, same shape; as it was outside of the window.
    """
    shape = tuple(weight.shape)
    before = xp.cut(latent, start, shape)
    filled = _fill_holes(xp, window_sums(xp, sums, start, shape), before)
    return xp.put(latent, before + weight * (filled - before), start)


def fill_around_points(
    xp: Arrays, sums: ExposureSums, latent: Any, start: tuple[Any, Any], weight: Any, points: Any
) -> Any:
    """Return a latent image that knows what is missing around known stars.

    The light of the stars is taken from the exposures, what is left is fitted
    anew, and the stars are added again.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    sums : `ExposureSums`
        The exposures.
    latent : array
        Latent image to start from, shape ``(height, width)``.
    start : `tuple` [array, array]
        First row and column of a window that holds the holes and their
        surroundings.
    weight : array
        How far each pixel of the window is changed, from 0 to 1.
    points : array
        The stars as a sampled latent image has them, shape of ``weight``.

    Returns
    -------
    latent : array
        Non-negative, same shape; as it was outside of the window.
    """
    shape = tuple(weight.shape)
    window, spectrum = window_sums(xp, sums, start, shape), xp.rfft2(points, shape)
    images = xp.each(
        lambda image, psf: image - xp.irfft2(psf * spectrum, shape), window.image, window.spectra
    )
    rest = window._replace(image=images)
    # What the first pass has put around the holes is light of the stars: begin without it.
    fresh = xp.maximum(sum_up(xp, rest, xp.zeros_like(points)).image, np.float32(0.0))
    filled = points + _fill_holes(xp, rest, fresh)
    before = xp.cut(latent, start, shape)
    return xp.put(latent, before + weight * (filled - before), start)


def _fill_holes(xp: Arrays, sums: ExposureSums, latent: Any) -> Any:
    r"""Return a latent image that knows what is missing from the exposures.

    Were missing pixels filled by the model of the last pass alone, the core
    of a saturated star would come back by a small share in every pass.
    Instead, the sums that the exposures do hold, without any filling, are
    fitted: with :math:`h = \sum_t c_t (1 - \rho_t) / \sum_t c_t`, the share
    of the weight that each pixel lacks, and the symmetric kernel :math:`k`
    with the power spectrum :math:`P` of all PSFs together,

    .. math::

        N x = P x - k^T h\,(k * x), \qquad
        N x \approx \frac{\sum_t c_t f_t^T \rho_t\,(f_t * x)}{\sum_t c_t}.

    Only what the filling changes of the given latent image, by the PSF of
    each exposure, goes through the one kernel.
    """
    share, kernel, shape = np.float32(1.0) - sums.coverage, xp.sqrt(sums.power), tuple(latent.shape)

    def missing(spectrum: Any) -> Any:
        # What of the back-projected model comes from pixels without data.
        model = xp.irfft2(xp.scaled(spectrum, kernel), shape)
        return xp.scaled(xp.rfft2(share * model, shape), kernel)

    for _ in range(PASSES):
        projected = sum_up(xp, sums, latent).back_projection - missing(xp.rfft2(latent, shape))
        known = make_statistics(xp, projected, sums.power, shape, sums.noise)
        latent = _fit_known_pixels(xp, known, missing, latent)
    return latent


def _fit_known_pixels(
    xp: Arrays, known: SufficientStatistics, missing: Callable[[Any], Any], latent: Any
) -> Any:
    least = np.float32(LEAST_LIGHT) * known.image_noise

    def operator(point: Any) -> Any:
        spectrum = xp.rfft2(point, known.shape)
        modelled = xp.scaled(spectrum, known.power) - missing(spectrum)
        return xp.maximum(xp.irfft2(modelled, known.shape), least)

    target, penalty = xp.maximum(known.image, np.float32(0.0)), np.float32(SPARSITY) * known.image_noise
    stages = [(quadratic_factor(xp, target, operator, penalty), UPDATES)]
    return accelerated_updates(xp, xp.maximum(latent, known.faintest), stages)[-1]
