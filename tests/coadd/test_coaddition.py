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

from lsst.acn import Box, ExposureStack, InvalidExposureError, PsfKernels, gaussian_kernel
from lsst.acn.coadd.coaddition import assemble_coadd, exposure_weights

SHAPE = (12, 16)


def make_stack(variances=(1.0, 4.0), *, values=(1.0, 6.0), valid=None, psf=None, image=None) -> ExposureStack:
    n = len(variances)
    if image is None:
        image = np.broadcast_to(np.array(values, float)[:, None, None], (n, *SHAPE))
    variance = np.broadcast_to(np.array(variances, float)[:, None, None], (n, *SHAPE))
    if psf is None:
        psf = np.stack([gaussian_kernel(2.0 + index, 9) for index in range(n)])
    return ExposureStack.from_arrays(image, variance, psf, valid=valid)


def test_mean_and_variance_follow_the_weights() -> None:
    coadd = assemble_coadd(make_stack())
    np.testing.assert_allclose(coadd.image, (1.0 * 1 + 0.25 * 6) / 1.25)
    np.testing.assert_allclose(coadd.variance, (1.0**2 * 1 + 0.25**2 * 4) / 1.25**2)
    assert (coadd.n_valid == 2).all()
    np.testing.assert_allclose(coadd.weights, [1.0, 0.25])


def test_weight_of_an_exposure_does_not_follow_the_light_of_a_source() -> None:
    stack = make_stack()
    variance = stack.variance.copy()
    variance[:, 5, 5] *= 100
    bright = ExposureStack.from_arrays(stack.image, variance, stack.psf)
    np.testing.assert_allclose(exposure_weights(bright), exposure_weights(stack))
    coadd = assemble_coadd(bright)
    assert coadd.image[5, 5] == coadd.image[0, 0]
    assert coadd.variance[5, 5] == pytest.approx(100 * coadd.variance[0, 0])


def test_coadd_of_poisson_noise_is_unbiased_where_pixel_weights_are_not() -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(50.0, (6, 64, 64)).astype(float)
    psf = np.repeat(gaussian_kernel(3.0, 9)[None], 6, axis=0)
    stack = ExposureStack.from_arrays(counts, counts, psf)
    naive = (stack.weight * stack.image).sum(axis=0) / stack.weight.sum(axis=0)
    assert assemble_coadd(stack).image.mean() == pytest.approx(50.0, abs=0.2)
    assert naive.mean() < 49.5


def test_invalid_pixels_are_left_out() -> None:
    valid = np.ones((2, *SHAPE), bool)
    valid[0, 3, 4] = False
    valid[:, 7, 7] = False
    coadd = assemble_coadd(make_stack(valid=valid))
    assert coadd.image[3, 4] == 6.0
    assert coadd.variance[3, 4] == 4.0
    assert np.isnan(coadd.image[7, 7])
    assert np.isnan(coadd.variance[7, 7])
    assert np.isfinite(coadd.image).sum() == coadd.image.size - 1
    assert (coadd.n_valid[3, 4], coadd.n_valid[7, 7]) == (1, 0)
    assert not coadd.exact_psf[3, 4]
    assert not coadd.exact_psf[7, 7]
    assert coadd.exact_psf.sum() == coadd.exact_psf.size - 2


def test_psf_of_the_coadd_is_the_coadd_of_the_psfs() -> None:
    stack = make_stack()
    coadd = assemble_coadd(stack)
    expected = 0.8 * stack.psf.kernels[0, 0, 0] + 0.2 * stack.psf.kernels[1, 0, 0]
    np.testing.assert_allclose(coadd.psf.kernels[0, 0, 0], expected, atol=1e-7)
    np.testing.assert_allclose(coadd.cell_weights[:, 0, 0], [0.8, 0.2])


def test_coadd_of_star_images_matches_its_psf_cell_by_cell() -> None:
    kernels = np.stack([[[gaussian_kernel(1.5 + t + j, 7) for j in range(2)]] for t in range(2)])
    psf = PsfKernels(kernels, Box.from_shape(SHAPE), (12, 8))
    image = np.zeros((2, *SHAPE))
    image[:, 2:9, 0:7] = kernels[:, 0, 0]
    image[:, 2:9, 8:15] = kernels[:, 0, 1]
    coadd = assemble_coadd(make_stack(psf=psf, image=image))
    np.testing.assert_allclose(coadd.image[2:9, 0:7], coadd.psf.kernels[0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(coadd.image[2:9, 8:15], coadd.psf.kernels[0, 0, 1], atol=1e-6)


def test_exposure_that_covers_too_little_of_a_cell_is_not_in_its_psf() -> None:
    kernels = np.stack([[[gaussian_kernel(2.0 + t, 9)] * 2] for t in range(2)])
    psf = PsfKernels(kernels, Box.from_shape(SHAPE), (12, 8))
    valid = np.ones((2, *SHAPE), bool)
    valid[1, :, 2:] = False
    coadd = assemble_coadd(make_stack(valid=valid, psf=psf))
    np.testing.assert_allclose(coadd.valid_fractions[:, 0], [[1, 1], [0.25, 0]])
    np.testing.assert_allclose(coadd.cell_weights[:, 0], [[1, 1], [0, 0]])
    assert not coadd.exact_psf[:, :2].any()
    assert coadd.exact_psf[:, 2:].all()
    lenient = assemble_coadd(make_stack(valid=valid, psf=psf), min_valid_fraction=0.1)
    np.testing.assert_array_equal(lenient.exact_psf[0], [True] * 2 + [False] * 6 + [True] * 8)


def test_cells_can_be_finer_than_those_of_the_psfs() -> None:
    valid = np.ones((2, *SHAPE), bool)
    valid[1, :, 8:] = False
    coadd = assemble_coadd(make_stack(valid=valid), cell_box=Box.from_shape((12, 16)), cell_shape=(6, 8))
    np.testing.assert_allclose(coadd.cell_weights[1], [[0.2, 0], [0.2, 0]])
    assert coadd.psf.kernels.shape == (1, 2, 2, 9, 9)
    assert coadd.psf.cell_shape == (6, 8)
    assert coadd.exact_psf.all()


def test_last_cells_may_reach_beyond_the_patch() -> None:
    coadd = assemble_coadd(make_stack(), cell_box=Box.from_shape((15, 20)), cell_shape=(5, 5))
    assert coadd.valid_fractions.shape == (2, 3, 4)
    np.testing.assert_array_equal(coadd.valid_fractions, 1.0)


def test_scarcely_covered_cell_still_has_a_psf_and_an_empty_one_has_none() -> None:
    kernels = np.stack([[[gaussian_kernel(2.0 + t, 9)] * 2] for t in range(2)])
    psf = PsfKernels(kernels, Box.from_shape(SHAPE), (12, 8))
    valid = np.zeros((2, *SHAPE), bool)
    valid[1, 0, 0] = True
    coadd = assemble_coadd(make_stack(valid=valid, psf=psf))
    np.testing.assert_allclose(coadd.psf.kernels[0, 0, 0], kernels[1, 0, 0], atol=1e-6)
    assert np.isnan(coadd.psf.kernels[0, 0, 1]).all()
    assert coadd.exact_psf[0, 0]


def test_cell_without_a_psf_borrows_the_nearest() -> None:
    kernels = np.stack([[[gaussian_kernel(2.0 + t, 9)] * 2] for t in range(2)])
    kernels[1, 0, 1] = np.nan
    coadd = assemble_coadd(make_stack(psf=PsfKernels(kernels, Box.from_shape(SHAPE), (12, 8))))
    np.testing.assert_allclose(coadd.psf.kernels[0, 0, 1], coadd.psf.kernels[0, 0, 0], atol=1e-7)


def test_cells_are_found_in_a_cutout() -> None:
    kernels = np.stack([[[gaussian_kernel(2.0 + t + j, 9) for j in range(2)]] for t in range(2)])
    stack = make_stack(psf=PsfKernels(kernels, Box.from_shape(SHAPE), (12, 8)))
    whole, part = assemble_coadd(stack), assemble_coadd(stack.cutout(Box(0, 12, 9, 16)))
    assert np.isnan(part.psf.kernels[0, 0, 0]).all()
    np.testing.assert_array_equal(part.psf.kernels[0, 0, 1], whole.psf.kernels[0, 0, 1])


def test_exposure_without_valid_pixels_has_no_weight() -> None:
    valid = np.ones((2, *SHAPE), bool)
    valid[1] = False
    coadd = assemble_coadd(make_stack(valid=valid))
    np.testing.assert_array_equal(coadd.weights, [1, 0])
    np.testing.assert_array_equal(coadd.image, 1.0)
    assert coadd.exact_psf.all()


def test_stack_without_valid_pixels_is_an_error() -> None:
    with pytest.raises(InvalidExposureError, match="None of the 2 exposures has a valid pixel"):
        assemble_coadd(make_stack(valid=np.zeros((2, *SHAPE), bool)))


@pytest.mark.parametrize("factor", [1e-19, 1e-9, 1e17])
def test_mean_has_the_unit_of_the_exposures(factor: float) -> None:
    stack = make_stack()
    scaled = ExposureStack.from_arrays(
        stack.image * factor,
        np.where(stack.valid, stack.variance.astype(float) * factor**2, np.inf),
        stack.psf,
        valid=stack.valid,
    )
    one, other = assemble_coadd(stack), assemble_coadd(scaled)
    np.testing.assert_allclose(other.image / factor, one.image, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(other.variance / factor**2, one.variance, rtol=1e-5)
    np.testing.assert_allclose(other.psf.kernels, one.psf.kernels, atol=1e-7)
