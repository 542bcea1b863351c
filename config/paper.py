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

# The method of AstroClearNet (Sukurdeep, Navarro & Budavari 2025) as the paper
# states it. What the paper leaves open (kernel sizes, depth, the Huber loss's
# delta, tiles) was settled by experiment and stays at its default.
config.restoration.method = "paper"
config.restoration.paper.training.epochs = 450
config.restoration.paper.training.learning_rate = 0.002
config.restoration.paper.training.learning_rate_decay = 0.95
config.restoration.paper.training.learning_rate_steps = 1000

# The convolutions start Glorot-uniform. The pointwise layer behind them starts
# so that the latent image is the coadd: the last ReLU is alive with any seed.
config.restoration.paper.network.start = "coadd"

# Batch normalisation by the patch. Normalised by its own tile, whatever shares
# a tile with a bright star comes out faint.
config.restoration.paper.network.statistics = "patch"

# The paper takes exposures as they are.
config.restoration.nuisances.passes = 0
