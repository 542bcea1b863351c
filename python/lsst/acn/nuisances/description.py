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


"""What was found wrong with exposures, in words and in columns of a table."""

from __future__ import annotations

__all__ = ("correction_columns", "log_corrections")

import logging

import numpy as np

from .corrections import PARAMETERS, ExposureCorrections
from .kernel_changes import psf_variance

LARGE_SHIFT = 0.5
"""Pixels from which a registration is worth a warning."""

LARGE_SCALE = 0.1
"""The same of a flux scale."""

LARGE_WIDTH = 0.1
"""The same of the width of a PSF, as a share of it."""

NAMES = {
    "sky": "residual_sky",
    "sky_x": "residual_sky_slope_x",
    "sky_y": "residual_sky_slope_y",
}
"""Columns that are called otherwise than their parameter."""


def correction_columns(corrections: ExposureCorrections) -> dict[str, np.ndarray]:
    """Return the corrections of each exposure, and their errors.

    Parameters
    ----------
    corrections : `ExposureCorrections`
        Of the exposures.

    Returns
    -------
    columns : `dict` [`str`, `numpy.ndarray`]
        Two for each parameter, the second with ``_error`` at its end, and two
        for the sky that all exposures share.
    """
    columns = {}
    for index, parameter in enumerate(PARAMETERS):
        name = NAMES.get(parameter, parameter)
        columns[name] = corrections.values[:, index]
        columns[f"{name}_error"] = corrections.errors[:, index]
    n = len(corrections.visits)
    columns["common_sky"] = np.full(n, corrections.common_sky.levels.mean())
    columns["common_sky_error"] = np.full(n, corrections.common_sky_error)
    return columns


def log_corrections(
    corrections: ExposureCorrections, kernels: np.ndarray, noise: np.ndarray, unit: str, log: logging.Logger
) -> None:
    """Say what was found, and warn of what is large.

    Parameters
    ----------
    corrections : `ExposureCorrections`
        Of the exposures.
    kernels : `numpy.ndarray`
        PSF models of the exposures in the middle of the patch, shape ``(n, k,
        k)``.
    noise : `numpy.ndarray`
        Noise of a pixel of each exposure.
    unit : `str`
        Of the exposures.
    log : `logging.Logger`
        Where to say it.
    """
    n = len(corrections.visits)
    sky, scale = corrections.column("sky"), corrections.column("flux_scale")
    shift = np.hypot(corrections.column("shift_x"), corrections.column("shift_y"))
    variances = np.array([psf_variance(kernel) for kernel in kernels])
    width = np.sqrt(np.maximum(1.0 + corrections.column("psf_width") / variances, 0.0)) - 1.0
    if corrections.common_sky:
        level, error = float(corrections.common_sky.levels.mean()), corrections.common_sky_error
        log.info("All exposures share a residual sky of %.4g +- %.2g %s: taken off.", level, error, unit)
    for values, what in (
        (sky / noise, "residual sky, rms %.3f of the noise of a pixel"),
        (100 * scale, "flux scale, rms %.2f per cent"),
        (shift, "registration, rms %.3f pixels"),
        (100 * width, "width of the PSF, rms %.2f per cent"),
    ):
        found = values[values != 0]
        if found.size:
            log.info("Corrected %d of %d exposures: " + what + ".", found.size, n, np.sqrt(np.mean(found**2)))
    for visit, moved, scaled, wider in zip(corrections.visits, shift, scale, width, strict=True):
        if moved > LARGE_SHIFT:
            log.warning("Visit %s is registered %.2f pixels from the others.", visit, moved)
        if abs(scaled) > LARGE_SCALE:
            log.warning("The flux scale of visit %s is off by %.1f per cent.", visit, 100 * scaled)
        if abs(wider) > LARGE_WIDTH:
            word = "wider" if wider > 0 else "narrower"
            log.warning(
                "The PSF of visit %s is %.1f per cent %s than its model.", visit, 100 * abs(wider), word
            )
