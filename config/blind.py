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

import os

# Blind restoration (appendix A of the paper, equation 8): the network of the
# paper, whose decoder learns the PSFs, too. They begin as Gaussians as wide as
# the PSFs of the warps, and are nowhere negative, of unit sum, and constant over
# the patch. What the exposures cannot tell is settled by convention: the mean PSF
# keeps the centroid and the width that it began with.
config.load(os.path.join(os.path.dirname(__file__), "paper.py"))
config.restoration.psf_mode = "estimate"
