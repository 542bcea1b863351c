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


"""Exposures are handed to a method with PSFs that fit, whatever they come with."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from star_fields import draw_psfs, kernel_of, make_star_field

from lsst.acn import RestorationConfig, gaussian_kernel, restore
from lsst.acn.metrics.psf_width import psf_fwhm
from lsst.acn.psfs.prepared_exposures import prepare, with_known_psfs

LOG = logging.getLogger(__name__)


def restored_error(field, kernels, mode):
    """Return the rms error in source pixels, and the result."""
    config = RestorationConfig(psf_mode=mode, keep_residual=False)
    result = restore(field.stack(kernels), config)
    is_source = field.truth > 3.0
    return np.sqrt(np.mean((result.image - field.truth)[is_source] ** 2)), result


def test_a_field_with_unknown_psfs_is_restored_almost_as_well():
    field = make_star_field()
    known, fixed = restored_error(field, field.kernels, "fixed")
    unknown, result = restored_error(field, [gaussian_kernel(2.6, 25)] * len(field.kernels), "estimate")
    assert unknown < 1.3 * known
    assert fixed.psfs is None
    kernels = result.psfs.psf.kernels[:, 0, 0]
    np.testing.assert_allclose(kernels, field.kernels, atol=0.02 * field.kernels.max())


@pytest.mark.parametrize(("fwhm", "size"), [(1.2, None), (2.8, 25), (5.2, 25), (12.0, 25)])
def test_psfs_that_are_far_from_those_of_stars_are_begun_anew(fwhm, size, caplog):
    """One Gaussian for all, too narrow or too wide, on stamps too small for stars or not."""
    field = make_star_field()
    stack = field.stack([gaussian_kernel(fwhm, size)] * len(field.kernels))
    prepared = prepare(stack, RestorationConfig(psf_mode="refine"), LOG)
    assert "too wrong to be refined" in caplog.text
    assert prepared.psfs.n_stars >= 4
    kernels = prepared.psfs.psf.kernels[:, 0, 0].astype(float)
    widths = [[psf_fwhm(kernel) for kernel in each] for each in (kernels, field.kernels)]
    np.testing.assert_allclose(*widths, rtol=0.01)


def test_psfs_that_are_a_little_wrong_are_refined(caplog):
    field = make_star_field()
    wrong = [kernel_of(25, 1.1 * variance, shape) for variance, shape in draw_psfs(len(field.kernels))]
    prepared = prepare(field.stack(wrong), RestorationConfig(psf_mode="refine"), LOG)
    assert "too wrong" not in caplog.text
    widths = [
        [psf_fwhm(kernel) for kernel in each] for each in (prepared.psfs.psf.kernels[:, 0, 0], field.kernels)
    ]
    np.testing.assert_allclose(*widths, rtol=0.01)


def test_exposures_are_not_corrected_for_what_their_psfs_got_wrong():
    """PSFs without wings hold too much light in the core, and exposures seem to have other flux scales."""
    field = make_star_field()
    along = np.arange(25) - 12
    core = np.hypot(along[:, None], along) <= 4
    wrong = [np.where(core | (number % 3 > 0), kernel, 0) for number, kernel in enumerate(field.kernels)]
    wrong = [kernel / kernel.sum() for kernel in wrong]
    assert wrong[0].max() > 1.02 * field.kernels[0].max()
    scales = {}
    for mode in ("fixed", "refine"):
        prepared = prepare(field.stack(wrong), RestorationConfig(psf_mode=mode), LOG)
        scales[mode] = np.abs(prepared.corrections.column("flux_scale")).max()
    assert scales["fixed"] > 0.01
    assert scales["refine"] < 0.3 * scales["fixed"]


def test_a_config_for_known_psfs_is_a_copy():
    config = RestorationConfig(psf_mode="refine")
    assert with_known_psfs(config).psf_mode == "fixed"
    assert config.psf_mode == "refine"


def test_psfs_that_the_method_trains_are_left_to_it():
    field = make_star_field(n=3, stars=0, galaxies=2, side=64)
    config = RestorationConfig(method="paper", psf_mode="estimate")
    config.nuisances.passes = 0
    prepared = prepare(field.stack(field.kernels), config, LOG)
    assert prepared.psfs is None
    np.testing.assert_allclose(prepared.exposures.psf.kernels[:, 0, 0], field.kernels, atol=1e-6)


def test_what_is_found_does_not_depend_on_the_unit():
    field = make_star_field(n=4)
    stack = field.stack([gaussian_kernel(2.6, 25)] * len(field.kernels))
    config = RestorationConfig(psf_mode="estimate")
    config.psfs.rounds = config.nuisances.passes = 1
    factor = 2.0**-40
    here, there = (prepare(each, config, LOG) for each in (stack, stack.in_unit(factor)))
    assert there.unit == factor * here.unit
    np.testing.assert_array_equal(there.exposures.image, here.exposures.image)
    np.testing.assert_array_equal(there.psfs.psf.kernels, here.psfs.psf.kernels)
    np.testing.assert_array_equal(there.psfs.errors, here.psfs.errors)
    np.testing.assert_array_equal(there.corrections.values, here.corrections.in_unit(factor).values)
