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

"""What the PSF models of simulated exposures get wrong."""

from __future__ import annotations

__all__ = ("PsfErrors", "PsfErrorsConfig", "draw_psf_errors")

import dataclasses
from typing import Any

import numpy as np

from ...exposures.random_streams import random_stream

LARGEST_WIDTH_ERROR = 0.5
LARGEST_SHAPE_ERROR = 0.5


@dataclasses.dataclass(frozen=True)
class PsfErrorsConfig:
    """How wrong the PSF models are; by default they are right.

    What is drawn is the truth: errors are in the models that go with it.

    Parameters
    ----------
    width : `float`, optional
        Relative error of the width that all models share; -0.03 makes them
        3 % too narrow.
    width_scatter : `float`, optional
        Standard deviation of a further one, of each exposure's own.
    ellipticity : `tuple` [`float`, `float`], optional
        Shear (g1, g2) by which all models are off.
    ellipticity_scatter : `float`, optional
        Standard deviation of either component of a further one, of each
        exposure's own.
    offset_scatter : `float`, optional
        Standard deviation in pixels, along each axis, of how far the models
        are off the middle of their stamps.
    cut_radius : `float` or `None`, optional
        Radius in pixels where models end; what is left has unit sum.  By
        default they fill their stamps.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    width: float = 0.0
    width_scatter: float = 0.0
    ellipticity: tuple[float, float] = (0.0, 0.0)
    ellipticity_scatter: float = 0.0
    offset_scatter: float = 0.0
    cut_radius: float | None = None

    def __post_init__(self) -> None:
        if abs(self.width) > LARGEST_WIDTH_ERROR:
            raise ValueError(f"width must be an error of at most {LARGEST_WIDTH_ERROR}; got {self.width}.")
        if np.hypot(*self.ellipticity) > LARGEST_SHAPE_ERROR:
            raise ValueError(
                f"ellipticity must be an error of at most {LARGEST_SHAPE_ERROR}; got {self.ellipticity}."
            )
        for name in ("width_scatter", "ellipticity_scatter", "offset_scatter"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative; got {getattr(self, name)}.")
        if self.cut_radius is not None and self.cut_radius <= 0:
            raise ValueError(f"cut_radius must be positive; got {self.cut_radius}.")


@dataclasses.dataclass(frozen=True)
class PsfErrors:
    """What the PSF model of one exposure gets wrong.

    Parameters
    ----------
    width : `float`, optional
        Width of the model over that of the PSF, less 1.
    g1, g2 : `float`, optional
        Shear that takes the PSF to the model.
    offset : `tuple` [`float`, `float`], optional
        Where the model's middle is, (y, x) in pixels from that of its stamp.
    cut_radius : `float` or `None`, optional
        Radius in pixels where the model ends.
    """

    width: float = 0.0
    g1: float = 0.0
    g2: float = 0.0
    offset: tuple[float, float] = (0.0, 0.0)
    cut_radius: float | None = None

    def changed(self, profile: Any) -> Any:
        """Return a PSF with the wrong width and shape.

        Parameters
        ----------
        profile : `galsim.GSObject`
            The right one.

        Returns
        -------
        profile : `galsim.GSObject`
            As the model has it; it is still centred.
        """
        if self.width:
            profile = profile.dilate(1.0 + self.width)
        if self.g1 or self.g2:
            profile = profile.shear(g1=self.g1, g2=self.g2)
        return profile

    def cut(self, kernel: np.ndarray) -> np.ndarray:
        """Return a kernel without what the model leaves out.

        Parameters
        ----------
        kernel : `numpy.ndarray`
            The whole, on an odd stamp.

        Returns
        -------
        kernel : `numpy.ndarray`
            Float64, 0 beyond ``cut_radius``, of unit sum.
        """
        if self.cut_radius is not None:
            offset = np.arange(len(kernel)) - len(kernel) // 2
            kernel = np.where(np.hypot(offset[:, None], offset[None, :]) <= self.cut_radius, kernel, 0.0)
        return kernel / kernel.sum(dtype=np.float64)


def draw_psf_errors(config: PsfErrorsConfig, seed: int, visit: int) -> PsfErrors:
    """Draw what the PSF model of one exposure gets wrong.

    Parameters
    ----------
    config : `PsfErrorsConfig`
        How wrong models are.
    seed : `int`
        Seed of the simulation.
    visit : `int`
        Identifier of the exposure.

    Returns
    -------
    errors : `PsfErrors`
        The same for the same seed and visit.
    """
    draws = random_stream(seed, "psf errors", visit).normal(size=5).clip(-3, 3)
    width = np.clip(config.width + config.width_scatter * draws[0], -LARGEST_WIDTH_ERROR, None)
    return PsfErrors(
        width=float(width),
        g1=float(config.ellipticity[0] + config.ellipticity_scatter * draws[1]),
        g2=float(config.ellipticity[1] + config.ellipticity_scatter * draws[2]),
        offset=(float(config.offset_scatter * draws[3]), float(config.offset_scatter * draws[4])),
        cut_radius=config.cut_radius,
    )
