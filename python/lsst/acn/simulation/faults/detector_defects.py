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

"""Gaps and cosmic rays, and how often detectors have each of their defects."""

from __future__ import annotations

__all__ = ("MASK_PLANES", "DefectsConfig", "add_cosmic_rays", "add_gap")

import dataclasses

import numpy as np

MASK_PLANES = {"NO_DATA": 0, "COSMIC_RAY": 1, "SATURATED": 2}
"""Bit number of each mask plane (`dict` [`str`, `int`])."""

MARKED_SHARE = 0.2
"""Share of the sky noise above which a cosmic ray's light is masked."""


@dataclasses.dataclass(frozen=True)
class DefectsConfig:
    """How often defects occur, and how they look.

    Parameters
    ----------
    gap_probability : `float`, optional
        Probability that an exposure has a gap between chips.
    gap_width : `tuple` [`int`, `int`], optional
        Least and largest width of a gap in pixels.
    nan_share : `float`, optional
        Share of the pixels without data that are NaN; the rest hold noise.
    cosmic_rays : `float`, optional
        Mean number of cosmic rays per square arcminute and exposure.
    cosmic_ray_length : `tuple` [`float`, `float`], optional
        Least and largest length of their tracks in pixels.
    cosmic_ray_signal : `tuple` [`float`, `float`], optional
        Least and largest light that they leave in a pixel, in units of the
        sky noise.
    unmasked_share : `float`, optional
        Share of cosmic rays that the mask misses.
    saturation_mag : `float` or `None`, optional
        AB magnitude of the star whose brightest pixel just saturates under
        the median seeing; `None` if nothing ever does.
    core_mask_radius : `float` or `None`, optional
        Radius in pixels within which the cores of bright stars are saturated
        in every exposure, whatever its seeing; `None` leaves it to
        ``saturation_mag``.
    core_mask_mag : `float`, optional
        AB magnitude of the faintest star whose core is.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    gap_probability: float = 0.5
    gap_width: tuple[int, int] = (4, 20)
    nan_share: float = 0.5
    cosmic_rays: float = 20.0
    cosmic_ray_length: tuple[float, float] = (5.0, 25.0)
    cosmic_ray_signal: tuple[float, float] = (20.0, 200.0)
    unmasked_share: float = 0.05
    saturation_mag: float | None = 18.0
    core_mask_radius: float | None = None
    core_mask_mag: float = 21.0

    def __post_init__(self) -> None:
        for name in ("gap_probability", "nan_share", "unmasked_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie from 0 to 1; got {getattr(self, name)}.")
        for name in ("gap_width", "cosmic_ray_length", "cosmic_ray_signal"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} must be a range of positive values; got {(low, high)}.")
        if self.cosmic_rays < 0:
            raise ValueError(f"cosmic_rays must not be negative; got {self.cosmic_rays}.")
        if self.core_mask_radius is not None and self.core_mask_radius < 0:
            raise ValueError(f"core_mask_radius must not be negative; got {self.core_mask_radius}.")

    @classmethod
    def none(cls) -> DefectsConfig:
        """Return the configuration of perfect detectors."""
        return cls(gap_probability=0.0, cosmic_rays=0.0, saturation_mag=None)


def add_cosmic_rays(
    image: np.ndarray,
    mask: np.ndarray,
    sigma: float,
    square_arcmin: float,
    config: DefectsConfig,
    rng: np.random.Generator,
) -> None:
    """Add the tracks of cosmic rays and mask most of them.

    Parameters
    ----------
    image : `numpy.ndarray`
        Flux in nJy, changed in place.
    mask : `numpy.ndarray`
        Mask; ``COSMIC_RAY`` is set in place.
    sigma : `float`
        Sky noise of a pixel in nJy.
    square_arcmin : `float`
        Area of the image.
    config : `DefectsConfig`
        Number, length and brightness of the tracks.
    rng : `numpy.random.Generator`
        Source of the draws.
    """
    for _ in range(rng.poisson(config.cosmic_rays * square_arcmin)):
        track = _draw_track(image.shape, config, rng)
        image += sigma * track
        if rng.random() >= config.unmasked_share:
            mask[track > MARKED_SHARE] |= np.uint32(1 << MASK_PLANES["COSMIC_RAY"])


def _draw_track(shape: tuple[int, ...], config: DefectsConfig, rng: np.random.Generator) -> np.ndarray:
    """Return the light of one straight, uneven track in units of the noise."""
    start = rng.uniform(-0.5, np.array(shape) - 0.5)
    angle = rng.uniform(0.0, 2.0 * np.pi)
    steps = np.arange(0.0, rng.uniform(*config.cosmic_ray_length), 0.5)
    points = start + steps[:, None] * np.array([np.sin(angle), np.cos(angle)])
    signal = 0.5 * rng.uniform(*config.cosmic_ray_signal, len(steps))
    corner = np.floor(points).astype(int)
    part = points - corner
    track = np.zeros(shape)
    # Each half pixel of the track is shared among the four pixels around it.
    for dy in (0, 1):
        for dx in (0, 1):
            y, x = corner[:, 0] + dy, corner[:, 1] + dx
            share = np.abs(1 - dy - part[:, 0]) * np.abs(1 - dx - part[:, 1])
            inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
            np.add.at(track, (y[inside], x[inside]), (signal * share)[inside])
    return track


def add_gap(
    image: np.ndarray,
    variance: np.ndarray,
    mask: np.ndarray,
    config: DefectsConfig,
    rng: np.random.Generator,
) -> None:
    """Perhaps put a gap between chips across an exposure.

    Parameters
    ----------
    image : `numpy.ndarray`
        Flux in nJy, changed in place; NaN in part of the gap.
    variance : `numpy.ndarray`
        Variance in nJy squared, changed in place; NaN where ``image`` is.
    mask : `numpy.ndarray`
        Mask; ``NO_DATA`` is set in place.
    config : `DefectsConfig`
        Probability and width.
    rng : `numpy.random.Generator`
        Source of the draws.
    """
    exists, is_row = rng.random() < config.gap_probability, rng.random() < 0.5
    width = int(rng.integers(config.gap_width[0], config.gap_width[1] + 1))
    start = int(rng.integers(0, max(image.shape[0 if is_row else 1] - width, 0) + 1))
    is_nan = rng.random(image.shape) < config.nan_share
    if not exists:
        return
    gap = np.zeros(image.shape, bool)
    gap[
        (slice(start, start + width), slice(None)) if is_row else (slice(None), slice(start, start + width))
    ] = True
    mask[gap] |= np.uint32(1 << MASK_PLANES["NO_DATA"])
    image[gap & is_nan] = np.nan
    variance[gap & is_nan] = np.nan
