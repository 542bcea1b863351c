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

from __future__ import annotations

import numpy as np
import pytest

from lsst.acn import Box, InvalidExposureError, PsfKernels, gaussian_kernel
from lsst.acn.exposures.psf_kernels import kernel_moments


def test_kernels_must_be_odd_square_finite_and_of_unit_sum():
    box = Box(0, 8, 0, 8)
    good = gaussian_kernel(2.0, 7)
    for bad, message in [
        (good[:, :6], "square with odd sides"),
        (good[:6, :6], "square with odd sides"),
        (2 * good, "number 0 has NaN pixels or no unit sum"),
        (np.where(good == good.max(), np.nan, good), "number 0 has NaN"),
        (np.full_like(good, np.nan), "number 0 has no PSF"),
    ]:
        with pytest.raises(InvalidExposureError, match=message):
            PsfKernels.constant(bad[None], box)


def test_small_losses_of_the_stamp_are_mended():
    psf = PsfKernels.constant(0.97 * gaussian_kernel(2.0, 7)[None], Box(0, 8, 0, 8))
    assert psf.kernels.sum() == pytest.approx(1.0, abs=1e-6)


def test_varying_kernels_are_looked_up_by_cell_and_gaps_by_the_nearest():
    kernels = np.stack([[[gaussian_kernel(f, 7) for f in (2.0, 3.0, 4.0)]]])
    kernels[0, 0, 1] = np.nan
    psf = PsfKernels(kernels, Box(0, 10, 0, 30), (10, 10))
    np.testing.assert_allclose(psf.at(5, 29)[0], gaussian_kernel(4.0, 7), rtol=1e-6)
    np.testing.assert_allclose(psf.at(5, 9.4)[0], gaussian_kernel(2.0, 7), rtol=1e-6)
    np.testing.assert_allclose(psf.at(5, 15)[0], gaussian_kernel(2.0, 7), rtol=1e-6)
    np.testing.assert_allclose(psf.at(-50, 500)[0], gaussian_kernel(4.0, 7), rtol=1e-6)


def test_gaussian_kernel_has_its_width_and_unit_sum():
    kernel = gaussian_kernel(4.0).astype(float)
    offset = np.arange(len(kernel)) - len(kernel) // 2
    sigma = np.sqrt((kernel.sum(axis=0) * offset**2).sum())
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert 2.3548 * sigma == pytest.approx(4.0, rel=2e-3)


def test_moments_of_a_tilted_gaussian() -> None:
    y, x = np.mgrid[-15:16, -15:16]
    covariance = np.array([[6.0, 1.0], [1.0, 4.0]])
    a, b, c = np.linalg.inv(covariance)[[0, 0, 1], [0, 1, 1]]
    kernel = np.exp(-0.5 * (a * x**2 + 2 * b * x * y + c * y**2))
    assert kernel_moments(kernel / kernel.sum()) == pytest.approx((6.0, 4.0, 1.0), rel=1e-4)
    assert np.isnan(kernel_moments(np.zeros((9, 9)))).all()
