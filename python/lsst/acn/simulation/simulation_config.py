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

"""Everything that can be chosen about a simulated field."""

from __future__ import annotations

__all__ = ("SimulationConfig",)

import dataclasses

from ..exposures.boxes import Box
from .exposure_conditions import ConditionsConfig
from .faults.calibration_errors import CalibrationConfig
from .faults.detector_defects import DefectsConfig
from .faults.psf_errors import PsfErrorsConfig
from .faults.satellite_trails import TrailsConfig
from .faults.sky_residual import SkyConfig
from .number_limits import MOST, check_extent, check_numbers
from .optics import OpticsConfig
from .pixel_noise import NoiseConfig
from .sky.scene_config import SceneConfig
from .warping import WarpingConfig

SMALLEST_STAMP = 4.0
"""Least side of a PSF stamp in units of the worst seeing, in focus (`float`)."""


@dataclasses.dataclass(frozen=True)
class SimulationConfig:
    """A field of the sky and the exposures that are taken of it.

    Parameters
    ----------
    seed : `int`, optional
        Seed of every random draw.
    box : `Box`, optional
        Pixels of the field on the grid of its tract.
    visits : `int`, optional
        Number of exposures.
    first_visit : `int`, optional
        Identifier of the first exposure; the others follow it.
    pixel_scale : `float`, optional
        Side of a pixel in arcsec.
    psf_size : `int`, optional
        Odd side of the PSF kernels in pixels.
    cell_size : `int`, optional
        Side in pixels of the cells in which kernels are constant; of no
        effect if the PSF does not vary.
    band : `str`, optional
        Name of the band.
    center : `tuple` [`float`, `float`], optional
        Right ascension and declination in degrees of ``center_pixel``.
    center_pixel : `tuple` [`float`, `float`], optional
        The (y, x) where the sky is tangent to the grid; by default the middle
        of ``box``.
    scene : `SceneConfig`, optional
        Galaxies and stars.
    conditions : `ConditionsConfig`, optional
        Seeing, depth and sky residuals.
    noise : `NoiseConfig`, optional
        Photon noise, read noise and the variance plane.
    defects : `DefectsConfig`, optional
        Gaps, cosmic rays and saturation.
    optics : `OpticsConfig`, optional
        Defocus and scattered light.
    psf_errors : `PsfErrorsConfig`, optional
        What the PSF models get wrong.
    calibration : `CalibrationConfig`, optional
        Shifts and flux scales that are not what they should be.
    sky : `SkyConfig`, optional
        What the subtraction of the sky leaves or takes away.
    trails : `TrailsConfig`, optional
        Satellites without a mask.
    warping : `WarpingConfig`, optional
        Whether exposures are resampled from other pixels.

    Raises
    ------
    ValueError
        Raised if a value has no meaning.
    """

    seed: int = 0
    box: Box = Box(0, 256, 0, 256)
    visits: int = 12
    first_visit: int = 1
    pixel_scale: float = 0.168
    psf_size: int = 41
    cell_size: int = 64
    band: str = "i"
    center: tuple[float, float] = (150.0, 2.2)
    center_pixel: tuple[float, float] | None = None
    scene: SceneConfig = SceneConfig()
    conditions: ConditionsConfig = ConditionsConfig()
    noise: NoiseConfig = NoiseConfig()
    defects: DefectsConfig = DefectsConfig()
    optics: OpticsConfig = OpticsConfig()
    psf_errors: PsfErrorsConfig = PsfErrorsConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    sky: SkyConfig = SkyConfig()
    trails: TrailsConfig = TrailsConfig()
    warping: WarpingConfig = WarpingConfig()

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.seed < 0 or self.visits < 1 or self.first_visit < 0:
            raise ValueError(
                "seed and first_visit must not be negative, visits at least 1; got "
                f"{self.seed}, {self.first_visit} and {self.visits}."
            )
        if self.first_visit + self.visits > MOST:
            raise ValueError(f"{self.visits} visits from {self.first_visit} on have too large identifiers.")
        if self.pixel_scale <= 0 or self.cell_size < 1:
            raise ValueError(
                "pixel_scale and cell_size must be positive; got "
                f"{self.pixel_scale} and {self.cell_size}."
            )  # fmt: skip
        if abs(self.center[0]) > 360 or abs(self.center[1]) > 90:
            raise ValueError(f"The center must be a right ascension and declination; got {self.center}.")
        check_extent(self.box, self.visits, self.pixel_scale, self.scene.crowding)
        self._check_stamp()

    def _check_stamp(self) -> None:
        if self.psf_size % 2 == 0:
            raise ValueError(f"psf_size must be odd, for kernels have a middle pixel; got {self.psf_size}.")
        if self.psf_size > min(self.box.shape):
            raise ValueError(f"A field of shape {self.box.shape} is smaller than psf_size={self.psf_size}.")
        worst_seeing = self.conditions.seeing[1] / self.pixel_scale
        donut = self.optics.donut_diameter / self.pixel_scale
        if self.psf_size < SMALLEST_STAMP * worst_seeing + donut:
            raise ValueError(
                f"psf_size={self.psf_size} cannot hold a PSF with an FWHM of {worst_seeing:.1f} pixels; "
                f"it takes at least {SMALLEST_STAMP:g} times as many"
                + (f", and {donut:.1f} more for the defocused pupil." if donut else ".")
            )

    @property
    def visit_ids(self) -> range:
        """Identifiers of the exposures (`range`)."""
        return range(self.first_visit, self.first_visit + self.visits)

    @property
    def median_seeing(self) -> float:
        """Median FWHM of the PSF in arcsec (`float`)."""
        return 0.5 * (self.conditions.seeing[0] + self.conditions.seeing[1])
