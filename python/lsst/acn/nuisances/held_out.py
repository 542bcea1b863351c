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


"""What is wrong with exposures that a latent image was not made from."""

from __future__ import annotations

__all__ = ("fit_to_latent",)

import numpy as np

from ..exposures.boxes import Box
from ..exposures.stack import ExposureStack
from ..metrics.prediction import predict_exposure
from ..restoration_config import NuisancesConfig
from .corrections import ExposureCorrections, plane_coordinates
from .exposure_fit import MODEL_ERRORS, REACH, exposure_equations, solve, stretch_shares
from .fit import free_parameters
from .smooth_sky import SmoothSky


def fit_to_latent(
    stack: ExposureStack,
    latent: np.ndarray,
    latent_box: Box,
    common_sky: SmoothSky,
    options: NuisancesConfig,
) -> ExposureCorrections:
    """Fit what is wrong with exposures to a latent image that is not changed.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent : `numpy.ndarray`
        Latent image in the unit of the exposures, shape ``latent_box.shape``.
    latent_box : `Box`
        Pixels of ``latent``: those of the exposures, and half a PSF kernel
        more on every side.
    common_sky : `SmoothSky`
        Sky that was taken off other exposures and is in these, too.
    options : `NuisancesConfig`
        What is fitted, and how often.

    Returns
    -------
    corrections : `ExposureCorrections`
        All that was fitted, significant or not: without it, exposures would
        be blamed for what their own few numbers say.
    """
    nothing = ExposureCorrections.nothing(stack.box, stack.visits)
    corrections = ExposureCorrections(stack.box, stack.visits, nothing.values, nothing.errors, common_sky)
    free = free_parameters(options)
    for number in range(options.passes):
        now, model_error = corrections.applied(stack), MODEL_ERRORS[min(number, 1)]
        solved = [
            _solve_one(now, index, latent, latent_box, free, model_error) for index in range(len(stack))
        ]
        values, errors = (np.array(arrays) for arrays in zip(*solved, strict=True))
        corrections = corrections.plus(values, errors)
    return corrections


def _solve_one(
    stack: ExposureStack,
    index: int,
    latent: np.ndarray,
    latent_box: Box,
    free: np.ndarray,
    model_error: float,
) -> tuple[np.ndarray, np.ndarray]:
    prediction = predict_exposure(latent, latent_box, stack, index)
    planes = np.s_[index, REACH:-REACH, REACH:-REACH]
    v, u = plane_coordinates(stack.box, stack.box.grown_by(-REACH))
    equations = exposure_equations(
        stack.image[planes],
        stack.variance[planes],
        prediction,
        v,
        u,
        model_error,
        shares=stretch_shares(stack.psf.at(*stack.box.center)[index]),
    )
    return solve(equations, free)
