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

"""Simulated exposures of simulated skies, and the truth behind them."""

from .draw_exposures import *
from .draw_sources import *
from .exposure_conditions import *
from .exposure_planes import *
from .faults import *
from .field_psfs import *
from .imperfections import *
from .modelled_psf import *
from .optics import *
from .pixel_grid import *
from .pixel_noise import *
from .psf_model import *
from .simulate_field import *
from .simulated_field import *
from .simulation_config import *
from .skies import *
from .sky import *
from .warping import *
