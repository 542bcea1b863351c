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


"""A first model of exposures, which masked pixels are filled with."""

from __future__ import annotations

__all__ = ("first_model", "first_model_and_points")

from typing import Any

import numpy as np

from ....arrays.namespace import Arrays
from ....exposures.boxes import Box
from .exposure_sums import ExposureSums, make_sums, sum_up
from .holes import fill_around_points, fill_window
from .path import follow_path
from .point_fits import fit_points
from .point_light import FittedPoints, points_image
from .tile_exposures import TileExposures, is_finer
from .windows import hole_windows

FIRST_PASS = ((0.0, 8), (1.2, 16))
"""Sparsity, in standard deviations of the noise of the back-projected image,
and number of updates of the stages that begin with that image and end with the
model that masked pixels are filled with."""

FURTHER_PASSES, FURTHER_UPDATES = 3, 8
"""More of them on a grid that is finer than those of the exposures, and the
updates in each.  The sums hold the mean over all places that pixels may have;
what those that there are make of it, others alias, comes by comparing again."""

FEW = 0.5
"""Share of the weight of all exposures below which stars are fitted in holes."""


def first_model(xp: Arrays, exposures: TileExposures) -> tuple[ExposureSums, Any]:
    """Judge exposures, and model what their masked pixels are filled with.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    exposures : `TileExposures`
        The exposures, arrays of ``xp``.

    Returns
    -------
    sums : `ExposureSums`
        The exposures.
    latent : array
        A latent image that knows what is missing from them.
    """
    sums, latent, _ = first_model_and_points(xp, exposures)
    return sums, latent


def first_model_and_points(
    xp: Arrays, exposures: TileExposures
) -> tuple[ExposureSums, Any, list[FittedPoints]]:
    """Judge exposures, and model what their masked pixels are filled with.

    Stars whose cores no exposure knows are fitted to their wings, and what
    else there is around them is made of the exposures without them.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    exposures : `TileExposures`
        The exposures, arrays of ``xp``.

    Returns
    -------
    sums : `ExposureSums`
        The exposures.
    latent : array
        A latent image that knows what is missing from them.
    points : `list` [`FittedPoints`]
        Stars without a core, on the pixels of the exposures.  Those that are
        accepted are in the latent image.
    """
    sums, latent, holes = xp.run(_first_pass, exposures)
    points = _points(xp, sums, xp.to_numpy(holes))
    accepted = [point for point in points if point.is_accepted]
    for window in hole_windows(xp.to_numpy(holes), exposures.kernels.shape[-1] // 2):
        start = tuple(xp.constant(np.int32(place)) for place in window.start)
        planes = latent, start, xp.constant(window.weight)
        inside = [point for point in accepted if window.holds(*point.values[0, 1:])]
        if inside:
            light = points_image(inside, window.box)
            latent = xp.run(fill_around_points, sums, *planes, xp.constant(light))
        else:
            latent = xp.run(fill_window, sums, *planes)
    return sums, latent, points


def _first_pass(xp: Arrays, exposures: TileExposures) -> tuple[ExposureSums, Any, Any]:
    sums = make_sums(xp, exposures)
    latent = follow_path(xp, sum_up(xp, sums), FIRST_PASS)[-1]
    if is_finer(exposures):
        stage = ((FIRST_PASS[-1][0], FURTHER_UPDATES),)
        for _ in range(FURTHER_PASSES):
            latent = follow_path(xp, sum_up(xp, sums, latent), stage, latent)[-1]
    return sums, latent, sums.holes(xp)


def _points(xp: Arrays, sums: ExposureSums, holes: np.ndarray) -> list[FittedPoints]:
    """Return the stars whose cores no exposure knows, or few of them do."""
    unknown = holes & (xp.to_numpy(sums.coverage) < FEW)
    if not unknown.any():
        return []

    def cut(box: Box) -> tuple[np.ndarray, np.ndarray]:
        pixels = np.s_[:, box.y_start : box.y_stop, box.x_start : box.x_stop]
        return xp.to_numpy(sums.image[pixels]), xp.to_numpy(sums.variance[pixels])

    significance = xp.to_numpy(sums.coadd) / float(xp.to_numpy(sums.noise))
    return fit_points(cut, xp.to_numpy(sums.kernels), unknown, significance)
