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

"""Errors of the astrometric and photometric calibration of simulated exposures."""

from __future__ import annotations

__all__ = ("CalibrationConfig", "CalibrationErrors", "draw_calibration")

import dataclasses

from ...exposures.random_streams import random_stream


@dataclasses.dataclass(frozen=True)
class CalibrationConfig:
    """How far exposures disagree on places and fluxes; by default they agree.

    Parameters
    ----------
    shift_scatter : `float`, optional
        Standard deviation in pixels, along each axis, of the shift of an
        exposure that its coordinates do not know of.
    scale_scatter : `float`, optional
        Standard deviation of the relative error of its flux scale.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    shift_scatter: float = 0.0
    scale_scatter: float = 0.0

    def __post_init__(self) -> None:
        if self.shift_scatter < 0 or not 0 <= self.scale_scatter < 0.3:
            raise ValueError(
                "shift_scatter must not be negative and scale_scatter lie from 0 to 0.3; got "
                f"{self.shift_scatter} and {self.scale_scatter}."
            )


@dataclasses.dataclass(frozen=True)
class CalibrationErrors:
    """The calibration errors of one exposure.

    Parameters
    ----------
    shift : `tuple` [`float`, `float`], optional
        How far its sources are from where they belong, (y, x) in pixels.
    scale : `float`, optional
        By what its sources are too bright, as a factor.
    """

    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0


def draw_calibration(config: CalibrationConfig, seed: int, visit: int) -> CalibrationErrors:
    """Draw the calibration errors of one exposure.

    Parameters
    ----------
    config : `CalibrationConfig`
        How large they are.
    seed : `int`
        Seed of the simulation.
    visit : `int`
        Identifier of the exposure.

    Returns
    -------
    errors : `CalibrationErrors`
        The same for the same seed and visit.
    """
    y, x, scale = random_stream(seed, "calibration", visit).normal(size=3).clip(-3, 3)
    return CalibrationErrors(
        shift=(float(config.shift_scatter * y), float(config.shift_scatter * x)),
        scale=float(1.0 + config.scale_scatter * scale),
    )
