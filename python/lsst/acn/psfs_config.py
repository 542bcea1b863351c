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


"""How PSFs are fitted to stars."""

from __future__ import annotations

__all__ = ("PsfsConfig",)

from lsst.pex.config import Config, Field


class PsfsConfig(Config):
    """How PSFs are fitted to the exposures, where psf_mode says so."""

    rounds = Field[int](
        doc="Number of times that the light around stars is modelled with the PSFs that there are then, "
        "taken off, and the PSFs fitted to what is left.",
        default=2,
        check=lambda rounds: rounds >= 1,
    )
    prior = Field[float](
        doc="How much a pixel of a PSF is expected to differ from the PSF that is begun with, as a share of "
        "the light that a PSF has there. With refine, that is the one that there is; with estimate, the "
        "Moffat profile that fits the stars best.",
        default=0.2,
        check=lambda share: share > 0,
    )
    tile_size = Field[int](
        doc="Greatest side in pixels of the tiles on which stars are looked for.",
        default=320,
        check=lambda size: size >= 8,
    )
    tiles = Field[int](
        doc="Number of such tiles along each axis, at most; they are spread over the patch.",
        default=4,
        check=lambda number: number >= 1,
    )
