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

"""The test on held-out exposures, on a grid that is finer than their pixels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from dithered_fields import dithered_stack

from lsst.acn import RestorationConfig
from lsst.acn.exposures.estimated_psfs import EstimatedPsfs
from lsst.acn.exposures.finer_exposures import on_finer_grid
from lsst.acn.exposures.psf_kernels import PsfKernels, gaussian_kernel
from lsst.acn.measure.held_out_test import run_held_out_test

HELD_OUT = [2, 7]


def config_of(upsampling):
    config = RestorationConfig()
    config.method, config.upsampling, config.nuisances.passes = "image_mm", upsampling, 0
    return config


@pytest.fixture(scope="module")
def stack():
    return dithered_stack(n=12)


@pytest.fixture(scope="module")
def on_finer(stack):
    return run_held_out_test(stack, HELD_OUT, config_of(2))


def test_dithered_exposures_are_foretold_from_a_finer_grid(stack, on_finer):
    on_own = run_held_out_test(stack, HELD_OUT, config_of(1))
    assert (on_own.box, on_finer.box) == (stack.box, stack.box.on_finer_grid(2))
    assert on_finer.restored.value < 0.15 * on_own.restored.value
    assert on_finer.restored.value < 0.1 * min(on_finer.coadd.value, on_finer.coadd_as_latent.value)
    assert abs(on_finer.restored_sky.value) < 0.1
    # No pixel counts that repeats another one.
    assert on_finer.restored.n_pixels <= len(HELD_OUT) * stack.image[0].size
    assert on_finer.restored.n_pixels == pytest.approx(on_own.restored.n_pixels, rel=0.2)


def test_held_out_exposures_have_no_part_in_it(stack, on_finer):
    image = stack.image.copy()
    image[HELD_OUT] += 1000.0
    spoilt = run_held_out_test(dataclasses.replace(stack, image=image), HELD_OUT, config_of(2))
    assert spoilt.restored.n_pixels == on_finer.restored.n_pixels
    assert spoilt.restored_sky.value == pytest.approx(1000.0**2 / 100.0, rel=0.1)


def test_part_is_made_of_whole_pixels_of_the_exposures(stack):
    test = run_held_out_test(stack, HELD_OUT, config_of(2), size=41)
    assert test.box == test.box.on_coarser_grid(2).on_finer_grid(2)
    assert test.box.shape == (42, 42)
    assert np.isfinite(test.restored.value)


def test_psfs_that_were_fitted_are_those_of_the_finer_grid(stack, on_finer):
    own = on_finer_grid(stack, 2).psf
    same = EstimatedPsfs(stack.visits, own, np.zeros((len(stack), own.size, own.size)), 5)
    test = run_held_out_test(stack, HELD_OUT, config_of(2), psfs=same)
    assert test.restored.value == pytest.approx(on_finer.restored.value, rel=1e-5)
    wide = np.repeat(gaussian_kernel(6.0, own.size)[None], len(stack), axis=0)
    wrong = dataclasses.replace(same, psf=PsfKernels.constant(wide, own.box))
    test = run_held_out_test(stack, HELD_OUT, config_of(2), psfs=wrong)
    assert test.restored.value > 3.0 * on_finer.restored.value
