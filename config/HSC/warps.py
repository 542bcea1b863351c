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

# The warps of HSC and DECam in a data release production, for every task that reads
# them: names, and the same choice of visits and pixels as in the deep coadd.
config.connections.warps = "deepCoadd_directWarp"
config.connections.visit_selection = "deepCoaddVisits"
config.connections.artifact_masks = "compare_warp_artifact_mask"
config.warp_storage_class = "ExposureF"
config.artifact_mask_storage_class = "Mask"

# Made by the task that selects among and compares the warps; a warp that it
# has left out has none.
config.require_artifact_masks = True
