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


"""What is fitted to exposures before they are restored, and how."""

from __future__ import annotations

__all__ = ("NuisancesConfig", "PsfsConfig")

from lsst.pex.config import ChoiceField, Config, Field

from .field_limits import within


class NuisancesConfig(Config):
    """What exposures get wrong, fitted to them before they are restored."""

    passes = Field[int](
        doc="Number of times, at most, that exposures are compared with their predictions and corrected; "
        "with 0, they are taken as they are.",
        default=3,
        check=within(0, 100),
    )
    sky = ChoiceField[str](
        doc="What is fitted to the residual sky of each exposure, as far as exposures differ.",
        allowed={
            "none": "Nothing.",
            "constant": "A level.",
            "plane": "A level and a slope.",
        },
        default="plane",
    )
    common_sky = Field[bool](
        doc="Fit a sky that all exposures share. Below zero it is an error for certain; above, it is taken "
        "for sky only where many pixels are empty and agree on it.",
        default=True,
    )
    flux_scale = Field[bool](
        doc="Fit the flux scale of each exposure, as far as exposures differ.", default=True
    )
    shift = Field[bool](
        doc="Fit how far sources of each exposure are from where they should be, as far as exposures differ.",
        default=True,
    )
    psf_shape = Field[bool](
        doc="Fit width and ellipticity of the PSF of each exposure, as far as exposures differ.", default=True
    )
    common_psf = Field[bool](
        doc="Fit what all exposures get wrong about the width and ellipticity of their PSFs, as stars tell.",
        default=True,
    )
    significance = Field[float](
        doc="Value in standard errors from which on a correction is made.",
        default=3.0,
        check=within(0.0, 1e6),
    )
    tile_size = Field[int](
        doc="Greatest side in pixels of the tiles on which exposures are compared.",
        default=320,
        check=within(8, 32_768),
    )
    tiles = Field[int](
        doc="Number of such tiles along each axis, at most; they are spread over the patch.",
        default=4,
        check=within(1, 1000),
    )


class PsfsConfig(Config):
    """How PSFs are fitted to the exposures, where psf_mode says so."""

    rounds = Field[int](
        doc="Number of times that the light around stars is modelled with the PSFs that there are then, "
        "taken off, and the PSFs fitted to what is left.",
        default=2,
        check=within(1, 100),
    )
    prior = Field[float](
        doc="How much a pixel of a PSF is expected to differ from the PSF that is begun with, as a share of "
        "the light that a PSF has there. With refine, that is the one that there is; with estimate, the "
        "Moffat profile that fits the stars best.",
        default=0.2,
        check=within(1e-6, 1e6),
    )
    tile_size = Field[int](
        doc="Greatest side in pixels of the tiles on which stars are looked for.",
        default=320,
        check=within(8, 32_768),
    )
    tiles = Field[int](
        doc="Number of such tiles along each axis, at most; they are spread over the patch.",
        default=4,
        check=within(1, 1000),
    )
