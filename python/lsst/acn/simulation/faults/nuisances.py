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

"""The truth about what is wrong with a simulated exposure."""

from __future__ import annotations

__all__ = ("Nuisances",)

import dataclasses

from .calibration_errors import CalibrationErrors
from .psf_errors import PsfErrors
from .sky_residual import SkyResidual


@dataclasses.dataclass(frozen=True)
class Nuisances:
    """What a fit of an exposure to the true sky should find.

    Parameters
    ----------
    visit : `int`
        Identifier of the exposure.
    sky_noise : `float`
        Standard deviation of the sky of a pixel in nJy, before warping.
    sky : `SkyResidual`
        Plane that was added to the exposure, in nJy.  What the medians of a
        coarse mesh took away is apart: `SimulatedField.background`.
    calibration : `CalibrationErrors`
        By what its sources are too bright and where they are shifted to.
    psf : `PsfErrors`
        What its PSF model gets wrong.
    """

    visit: int
    sky_noise: float
    sky: SkyResidual
    calibration: CalibrationErrors
    psf: PsfErrors
