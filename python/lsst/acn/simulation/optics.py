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

"""What the optics of a telescope do to the PSF of a simulated exposure."""

from __future__ import annotations

__all__ = ("Optics", "OpticsConfig", "draw_optics", "scatter_light")

import dataclasses

import numpy as np

from .faults.even_counts import even_count

AUREOLE_SLOPE = 1.5
"""Exponent of the aureole's Moffat profile: its brightness falls with the third power."""

AUREOLE_REACH = 6.0
"""Where the aureole ends, in units of its radius (`float`)."""


@dataclasses.dataclass(frozen=True)
class OpticsConfig:
    """Defocus and scattered light; by default there is neither.

    Parameters
    ----------
    donut_diameter : `float`, optional
        Diameter in arcsec of the defocused pupil, a ring, on the sky.
    donut_share : `float`, optional
        Share of the exposures that are out of focus.
    obscuration : `float`, optional
        Inner diameter of the ring in units of the outer one.
    aureole_share : `float`, optional
        Share of the light that is scattered into a wide aureole.
    aureole_radius : `float`, optional
        Radius of the aureole's core in arcsec.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    donut_diameter: float = 0.0
    donut_share: float = 1.0
    obscuration: float = 0.6
    aureole_share: float = 0.0
    aureole_radius: float = 2.0

    def __post_init__(self) -> None:
        if self.donut_diameter < 0 or self.aureole_radius <= 0:
            raise ValueError(
                "donut_diameter must not be negative and aureole_radius be positive; got "
                f"{self.donut_diameter} and {self.aureole_radius}."
            )
        for name in ("donut_share", "obscuration", "aureole_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie from 0 to 1; got {getattr(self, name)}.")
        if self.obscuration == 1:
            raise ValueError("obscuration must be below 1: a ring without width has no light.")


@dataclasses.dataclass(frozen=True)
class Optics:
    """The optics of one exposure.

    Parameters
    ----------
    donut_diameter : `float`, optional
        Outer diameter of the defocused pupil in arcsec; 0 in focus.
    obscuration : `float`, optional
        Its inner diameter in units of the outer one.
    aureole_share : `float`, optional
        Share of the light in the aureole.
    aureole_radius : `float`, optional
        Radius of the aureole's core in arcsec.
    """

    donut_diameter: float = 0.0
    obscuration: float = 0.6
    aureole_share: float = 0.0
    aureole_radius: float = 2.0

    def aureole_reach(self, pixel_scale: float) -> int:
        """Return how far light is scattered, in pixels.

        Parameters
        ----------
        pixel_scale : `float`
            Side of a pixel in arcsec.

        Returns
        -------
        reach : `int`
            0 without an aureole.
        """
        if self.aureole_share == 0:
            return 0
        return int(np.ceil(AUREOLE_REACH * self.aureole_radius / pixel_scale))


def draw_optics(config: OpticsConfig, seed: int, visit: int) -> Optics:
    """Draw the optics of one exposure.

    Parameters
    ----------
    config : `OpticsConfig`
        What there is, and how often.
    seed : `int`
        Seed of the simulation.
    visit : `int`
        Identifier of the exposure.

    Returns
    -------
    optics : `Optics`
        The same for the same seed and visit.
    """
    is_donut = even_count(config.donut_share, seed, "donut", visit) > 0
    return Optics(
        donut_diameter=config.donut_diameter if is_donut else 0.0,
        obscuration=config.obscuration,
        aureole_share=config.aureole_share,
        aureole_radius=config.aureole_radius,
    )


def scatter_light(image: np.ndarray, optics: Optics, pixel_scale: float) -> np.ndarray:
    """Return an image with part of its light scattered into the aureole.

    Parameters
    ----------
    image : `numpy.ndarray`
        Light without an aureole, well sampled; nothing lies beyond it.
    optics : `Optics`
        Share and radius of the aureole.
    pixel_scale : `float`
        Side of a pixel in arcsec.

    Returns
    -------
    scattered : `numpy.ndarray`
        Float64, same shape; what is scattered beyond the image is lost.
    """
    from scipy.signal import fftconvolve

    reach = optics.aureole_reach(pixel_scale)
    if reach == 0:
        return image
    offset = np.arange(-reach, reach + 1) * (pixel_scale / optics.aureole_radius)
    square = offset[:, None] ** 2 + offset[None, :] ** 2
    aureole = np.where(square <= AUREOLE_REACH**2, (1.0 + square) ** -AUREOLE_SLOPE, 0.0)
    spread = fftconvolve(image, aureole / aureole.sum(), mode="same")
    return (1.0 - optics.aureole_share) * image + optics.aureole_share * spread
