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


"""Kernels that are moved, widened and sheared."""

from __future__ import annotations

import galsim
import numpy as np
import pytest

from lsst.acn import gaussian_kernel
from lsst.acn.nuisances.exposure_fit import REACH, prediction_changes
from lsst.acn.nuisances.kernel_changes import core_center, corrected_kernels, psf_variance, stretch_changes


def moments(kernel):
    """Return the centroid and the second moments xx, yy, xy of a kernel."""
    along = np.arange(len(kernel)) - len(kernel) // 2
    total = kernel.sum()
    x, y = (kernel.sum(0) @ along) / total, (kernel.sum(1) @ along) / total
    dx, dy = along - x, along - y
    xx, yy = (kernel.sum(0) @ dx**2) / total, (kernel.sum(1) @ dy**2) / total
    return x, y, xx, yy, (dy @ kernel @ dx) / total


def test_a_kernel_is_moved_and_its_moments_grow_by_what_is_asked_for():
    kernel = gaussian_kernel(4.0, 41).astype(float)
    changed = corrected_kernels(kernel[None], np.array([[0.3, -0.2, 0.4, 0.15, -0.1]]))[0]
    before, after = moments(kernel), moments(changed.astype(float))
    grown = np.array(after) - np.array(before)
    np.testing.assert_allclose(grown, [0.3, -0.2, 0.4 + 0.15, 0.4 - 0.15, -0.1], atol=2e-4)


@pytest.mark.parametrize("shape", [(0.3, 0.0, 0.0), (0.0, -0.05, 0.0), (0.0, 0.0, 0.05)])
def test_what_is_changed_and_changed_back_is_as_it_was(shape):
    kernel = gaussian_kernel(4.0, 41)[None]
    change = np.array([[0.1, 0.2, *shape]])
    back = corrected_kernels(corrected_kernels(kernel, change), -change)
    assert np.abs(back - kernel).max() < 1e-3 * kernel.max()


def moffat(fwhm, shear=(0.0, 0.0)):
    """Return a seeing profile with wings, drawn by other code."""
    profile = galsim.Moffat(beta=3.0, fwhm=fwhm).shear(g1=shear[0], g2=shear[1])
    image = profile.drawImage(nx=61, ny=61, scale=1.0, method="no_pixel", dtype=float).array
    return image / image.sum()


def test_a_psf_with_wings_that_is_wider_is_a_dilated_one():
    kernel, wider = moffat(4.0), moffat(4.0 * 1.05)
    changed = corrected_kernels(kernel[None], [[0.0, 0.0, (1.05**2 - 1) * psf_variance(kernel), 0.0, 0.0]])[0]
    assert np.abs(changed - wider).max() < 1e-3 * wider.max()
    assert psf_variance(changed) == pytest.approx(1.05**2 * psf_variance(kernel), rel=1e-3)


def test_a_psf_with_wings_that_is_longer_is_a_sheared_one():
    kernel, longer = moffat(4.0), moffat(4.0, (0.02, -0.03))
    moments = 2 * psf_variance(kernel) * np.array([0.0, 0.02, -0.03])
    changed = corrected_kernels(kernel[None], [[0.0, 0.0, *moments]])[0]
    assert np.abs(changed - longer).max() < 4e-3 * longer.max()


def test_a_psf_beside_the_middle_of_its_stamp_stays_where_it_is():
    kernel = corrected_kernels(moffat(4.0)[None], [[0.4, -0.3, 0.0, 0.0, 0.0]])
    wider = corrected_kernels(kernel, [[0.0, 0.0, 0.3, 0.1, 0.1]])[0]
    assert core_center(wider) == pytest.approx(core_center(kernel[0]), abs=1e-3)


def test_the_changes_of_a_stretched_kernel_are_its_derivatives():
    kernel = moffat(4.0)
    changes = stretch_changes(prediction_changes(np.pad(kernel, REACH))[:3], psf_variance(kernel))
    for index in range(3):
        step = np.zeros((1, 5))
        step[0, 2 + index] = 0.02
        slope = (corrected_kernels(kernel[None], step) - corrected_kernels(kernel[None], -step))[0] / 0.04
        assert np.abs(changes[index] - slope).max() < 0.05 * np.abs(slope).max()


def test_kernels_of_all_cells_are_changed_and_missing_ones_stay_missing():
    kernels = np.broadcast_to(gaussian_kernel(3.0, 21), (2, 3, 2, 21, 21)).copy()
    kernels[0, 1, 1] = np.nan
    changed = corrected_kernels(kernels, np.array([[0.5, 0, 0, 0, 0], [0, 0, 0, 0, 0]], float))
    assert np.isnan(changed[0, 1, 1]).all()
    np.testing.assert_allclose(changed[1], kernels[1], atol=1e-6)
    assert moments(changed[0, 0, 0].astype(float))[0] == pytest.approx(0.5, abs=1e-3)
    np.testing.assert_allclose(np.nansum(changed, axis=(-1, -2))[1], 1.0, atol=1e-5)
