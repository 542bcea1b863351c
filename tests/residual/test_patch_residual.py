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

"""What a picture leaves over: its values, its PSF and its variance, in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from leftovers import FWHMS, KERNEL_SIZE, MIDDLE, SIDE, SIGMAS, exposures_of, residual_of, restored_of
from scipy.signal import fftconvolve
from small_fields import make_varying_stack

from lsst.acn import ExposureStack, gaussian_kernel
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.residual.cell_residual import PictureSpectra
from lsst.acn.residual.patch_residual import residual_of_patch

WEIGHTS = np.square(SIGMAS) ** -1.0 / (np.square(SIGMAS) ** -1.0).sum()
INSIDE = np.s_[16:-16, 16:-16]
SPECTRA = PictureSpectra(gaussian_kernel(2.0), gaussian_kernel(2.5))


def correlated(stack: ExposureStack) -> np.ndarray:
    """Return the weighted mean of the exposures, each correlated with its PSF."""
    return sum(
        weight * fftconvolve(image.astype(float), gaussian_kernel(fwhm, KERNEL_SIZE), mode="same")
        for weight, image, fwhm in zip(WEIGHTS, stack.image, FWHMS, strict=True)
    )


def test_without_a_picture_the_residual_is_the_likelihood_map() -> None:
    stack = exposures_of(fluxes=500.0, seed=1)
    residual = residual_of(stack, restored_of())
    np.testing.assert_allclose(residual.image[INSIDE], correlated(stack)[INSIDE], atol=1e-4)
    assert residual.coverage[INSIDE] == pytest.approx(1.0, abs=1e-5)


def test_psf_is_the_mean_autocorrelation() -> None:
    residual = residual_of(exposures_of(), restored_of())
    kernel = residual.kernel_at(40, 40)
    variances = [2.0 * (fwhm / FWHM_PER_SIGMA) ** 2 for fwhm in FWHMS]
    peak = sum(weight / (2 * np.pi * each) for weight, each in zip(WEIGHTS, variances, strict=True))
    assert kernel.shape == (2 * KERNEL_SIZE - 1, 2 * KERNEL_SIZE - 1)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert kernel.max() == pytest.approx(peak, rel=1e-4)
    # A star that the picture lacks is in the residual with that PSF.
    missing = residual_of(exposures_of(np.array([[48.0, 48.0]]), 700.0), restored_of())
    np.testing.assert_allclose(missing.image[33:64, 33:64], 700.0 * kernel[15:46, 15:46], atol=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0, 1.3])
def test_residual_of_a_star_is_what_the_picture_lacks(share: float) -> None:
    residual = residual_of(exposures_of(fluxes=1000.0), restored_of(fluxes=share * 1000.0))
    whole = residual_of(exposures_of(fluxes=1000.0), restored_of())
    np.testing.assert_allclose(residual.image[INSIDE], (1.0 - share) * whole.image[INSIDE], atol=2e-2)


def test_variance_is_that_of_many_draws() -> None:
    valid = np.ones((3, SIDE, SIDE), bool)
    valid[0, 40:43, 30:60] = False
    draws = [residual_of(exposures_of(seed=seed, valid=valid), restored_of()) for seed in range(120)]
    scatter = np.mean([draw.image.astype(float) ** 2 for draw in draws], axis=0)
    ratio = scatter / draws[0].variance
    assert ratio.mean() == pytest.approx(1.0, abs=0.02)
    # Along the edges, and where an exposure is masked, as well.
    assert ratio[:4].mean() == pytest.approx(1.0, abs=0.06)
    assert ratio[40:43, 32:58].mean() == pytest.approx(1.0, abs=0.08)
    variances = np.square(SIGMAS)
    squares = [float((gaussian_kernel(fwhm, KERNEL_SIZE).astype(float) ** 2).sum()) for fwhm in FWHMS]
    expected = sum(WEIGHTS**2 * variances * squares)
    assert draws[0].variance[20, 20] == pytest.approx(expected, rel=5e-3)


def test_masked_pixels_do_not_change_the_height_of_a_star() -> None:
    valid = np.ones((3, SIDE, SIDE), bool)
    valid[0, 46:51, 44:47] = valid[1, 49, :] = False
    place = np.array([[48.0, 47.0]])
    stack = exposures_of(place, 1000.0, valid=valid)
    masked, whole = (residual_of(each, restored_of()) for each in (stack, exposures_of(place, 1000.0)))
    assert masked.image[48, 47] == pytest.approx(whole.image[48, 47], rel=2e-3)
    assert 0.5 < masked.coverage[48, 47] < 0.95
    assert masked.variance[48, 47] > 1.05 * whole.variance[48, 47]


def test_outliers_are_left_out_and_what_all_exposures_show_is_not() -> None:
    clean = exposures_of(fluxes=3000.0, seed=3)
    image = clean.image.copy()
    image[1, 30, 30] += 300.0
    hit = ExposureStack.from_arrays(image, clean.variance, clean.psf)
    before, after = residual_of(clean, restored_of()), residual_of(hit, restored_of())
    assert np.abs(after.image - before.image).max() < 1.0
    assert after.coverage[30, 30] < 0.995 < before.coverage[30, 30]
    # The star, which the picture does not have, is still there in full.
    y, x = np.rint(MIDDLE[0]).astype(int)
    assert after.coverage[y, x] == pytest.approx(1.0, abs=1e-3)


def test_nothing_is_said_where_there_are_no_data() -> None:
    valid = np.ones((3, SIDE, SIDE), bool)
    valid[:, :40, :40] = False
    residual = residual_of(exposures_of(seed=4, valid=valid), restored_of())
    assert (residual.image[:10, :10] == 0).all()
    assert np.isinf(residual.variance[:10, :10]).all()
    assert np.isfinite(residual.variance[60:, 60:]).all()


def test_each_cell_has_the_psf_of_its_exposures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsst.acn.residual.patch_residual.CELL_SIZE", 20)
    stack = make_varying_stack()
    restored = np.zeros([side + 8 for side in stack.shape], np.float32)
    residual = residual_of_patch(stack, restored, SPECTRA)
    assert residual.psf.kernels.shape[1:3] == (2, 2)
    peaks = residual.psf.kernels[0].max(axis=(-1, -2))
    assert peaks[0, 0] > peaks[0, 1] > peaks[1, 1]
    # The first exposure does not reach all of the first cell.
    assert residual.coverage[20, 4] == pytest.approx(1.0, rel=0.05)


def test_exposures_that_come_in_strips_leave_the_same_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsst.acn.residual.patch_residual.CELL_SIZE", 20)
    stack = make_varying_stack()
    restored = np.random.default_rng(0).random([side + 8 for side in stack.shape]).astype(np.float32)
    whole = residual_of_patch(stack, restored, SPECTRA)

    class Strips:
        """The same exposures, a row of cells at a time."""

        def __getattr__(self, name):
            return getattr(stack, name)

        def strips(self, reach):
            for start in (0, 20):
                rows = type(stack.box)(start, start + 20, 0, stack.shape[1])
                around = rows.grown_by(reach).intersection(stack.box)
                yield rows, stack.cutout(around)

    pieces = residual_of_patch(Strips(), restored, SPECTRA)
    for name in ("image", "variance", "coverage"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), atol=1e-5)
