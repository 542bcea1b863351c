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

"""The restoration of a tile as operations of the Keras backend.

What `~lsst.acn.methods.cross_exposure.method.CrossExposureMethod` does with NumPy and
SciPy on the cores of a CPU, from the exposures of a tile to its latent image
and variance, is here one function of tensors: a GPU is given the exposures and
gives back the result, and nothing in between leaves it.  The constants are
those of the other modules, and so are the results, but for rounding and the
surroundings of holes.
"""
