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


"""What the exposures of a tile say."""

from __future__ import annotations

import numpy as np
from small_fields import make_stack

from lsst.acn import Box, ExposureStack
from lsst.acn.nuisances.evidence import gather_evidence


def test_evidence_of_a_tile_has_equations_of_each_visit_and_the_sky_without_sources():
    stack, _ = make_stack(shape=(96, 96), kernel_size=15)
    evidence = gather_evidence(stack, stack.box, stack.box)
    assert set(evidence.equations) == set(stack.visits)
    assert evidence.sky.shape == stack.shape
    assert np.isnan(evidence.sky).any()
    assert abs(np.nanmean(evidence.sky)) < 0.1
    # Four exposures of unit variance.
    assert abs(evidence.sigma - 0.5) < 0.05


def test_a_tile_without_data_says_nothing():
    stack, _ = make_stack(shape=(96, 96), kernel_size=15)
    valid = stack.valid.copy()
    valid[:, :, :48] = False
    poor = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid)
    assert gather_evidence(poor, Box(0, 96, 0, 40), stack.box) is None


def test_a_cosmic_ray_has_no_say():
    stack, _ = make_stack(shape=(96, 96), kernel_size=15)
    image = stack.image.copy()
    image[1, 40:46, 20:26] += 300.0
    struck = ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=stack.valid)
    clean, spoiled = (
        gather_evidence(each, stack.box, stack.box).equations[stack.visits[1]] for each in (stack, struck)
    )
    assert clean.n_pixels - 72 < spoiled.n_pixels <= clean.n_pixels - 30
