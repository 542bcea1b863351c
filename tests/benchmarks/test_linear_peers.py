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

"""Linear coadds and Rubin's deconvolution, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scoreboard_truths import draw

from lsst.acn import ExposureStack, gaussian_kernel

FWHM_PER_SIGMA = 2.3548200450309493
WIDTHS = (2.8, 3.4, 4.0)
SHAPE = (61, 71)


def star_stack(
    flux: float = 1000.0, widths: tuple[float, ...] = WIDTHS, noise: float = 1.0, seed: int | None = None
) -> ExposureStack:
    """Return exposures of a star in the middle, with noise if there is a seed."""
    middle = SHAPE[0] // 2, SHAPE[1] // 2
    variances = [(width / FWHM_PER_SIGMA) ** 2 for width in widths]
    image = np.stack([flux * draw(SHAPE, *middle, each, each) for each in variances])
    if seed is not None:
        image = image + noise * np.random.default_rng(seed).normal(size=image.shape)
    kernels = np.stack([gaussian_kernel(width, 21) for width in widths])
    return ExposureStack.from_arrays(image, np.full(image.shape, noise**2), kernels)


def closed_form(regularization: float, target_fwhm: float = 2.5) -> np.ndarray:
    """Return the star of unit flux that the linear coadd should show, by quadrature."""
    frequency = (np.arange(256) + 0.5) / 256 - 0.5
    square = frequency[:, None] ** 2 + frequency**2

    def transform(fwhm: float) -> np.ndarray:
        return np.exp(-2.0 * np.pi**2 * (fwhm / FWHM_PER_SIGMA) ** 2 * square)

    power = np.mean([transform(width) ** 2 for width in WIDTHS], axis=0)
    spectrum = transform(target_fwhm) * power * (1 + regularization) / (power + regularization)
    rows, columns = np.arange(SHAPE[0]) - SHAPE[0] // 2, np.arange(SHAPE[1]) - SHAPE[1] // 2
    along_y = np.exp(2j * np.pi * np.outer(rows, frequency))
    along_x = np.exp(2j * np.pi * np.outer(frequency, columns))
    return (along_y @ spectrum @ along_x).real / 256**2


@pytest.mark.parametrize("regularization", [1e-2, 1e-1])
def test_the_linear_coadd_at_the_target_is_its_closed_form(regularization: float) -> None:
    from benchmarks.peers.linear_coadds import AT_TARGET, linear_coadds

    *_, restored = linear_coadds(star_stack(), 2.5, regularization)
    assert restored.method == AT_TARGET
    assert restored.psf is None
    np.testing.assert_allclose(restored.image / 1000.0, closed_form(regularization), atol=2e-4)
    assert restored.image.sum() == pytest.approx(1000.0, rel=1e-3)


def test_with_sharp_exposures_the_linear_coadd_is_at_the_target() -> None:
    from benchmarks.peers.linear_coadds import linear_coadds

    *_, restored = linear_coadds(star_stack(widths=(2.0, 2.2)), 2.5, 1e-7)
    expected = 1000.0 * draw(SHAPE, 30, 35, *[(2.5 / FWHM_PER_SIGMA) ** 2] * 2)
    np.testing.assert_allclose(restored.image, expected, atol=0.5)


def test_the_psfs_of_linear_coadds_of_one_exposure_are_known() -> None:
    from benchmarks.peers.linear_coadds import LIKELIHOOD, PROPER, linear_coadds

    by_name = {each.method: each for each in linear_coadds(star_stack(widths=(3.0, 3.0)), 2.5)}
    assert by_name[LIKELIHOOD].is_detection_image
    np.testing.assert_allclose(by_name[LIKELIHOOD].psf, gaussian_kernel(3.0 * np.sqrt(2.0), 21), atol=1e-4)
    np.testing.assert_allclose(by_name[PROPER].psf, gaussian_kernel(3.0, 21), atol=1e-3)


def test_the_noise_of_the_proper_coadd_is_white() -> None:
    from benchmarks.peers.linear_coadds import linear_coadds

    likelihood, proper, _ = linear_coadds(star_stack(flux=0.0, noise=2.0, seed=5), 2.5)
    noise = proper.image[10:-10, 10:-10]
    assert noise.std() == pytest.approx(2.0 / np.sqrt(len(WIDTHS)), rel=0.05)
    assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.06
    smooth = likelihood.image[10:-10, 10:-10]
    assert np.corrcoef(smooth[:, 1:].ravel(), smooth[:, :-1].ravel())[0, 1] > 0.7


def test_rubins_deconvolution_returns_stars_at_the_target() -> None:
    from benchmarks.peers.rubin import rubin_deconvolution

    # Noise that is claimed but not there: footprints and steps need its size.
    stack = star_stack(noise=0.05)
    (restored,) = rubin_deconvolution(stack, 2.5)
    expected = 1000.0 * draw(SHAPE, 30, 35, *[(2.5 / FWHM_PER_SIGMA) ** 2] * 2)
    assert restored.image.sum() == pytest.approx(1000.0, rel=0.01)
    blurred = stack.image.mean(axis=0)
    assert np.abs(restored.image - expected).max() < 0.25 * np.abs(blurred - expected).max()
    assert np.abs(restored.image[:10]).max() < 1e-5 * 1000.0


def test_rubins_deconvolution_is_empty_away_from_detections() -> None:
    from benchmarks.peers.rubin import rubin_deconvolution

    (restored,) = rubin_deconvolution(star_stack(noise=2.0, seed=4), 2.5)
    # The target in single precision leaves a millionth of the star everywhere.
    assert np.abs(restored.image[:8]).max() < 1e-6 * 1000.0
    assert restored.image[20:-20, 25:-25].sum() == pytest.approx(1000.0, rel=0.1)


def test_rubins_deconvolution_leaves_what_is_at_its_model_already() -> None:
    from benchmarks.peers import rubin

    rng = np.random.default_rng(2)
    image = rng.normal(size=(32, 36))
    allowed = rng.random(image.shape) < 0.5
    model = rubin.deconvolve(np.abs(image), rubin._model_kernel(), 1.0, np.ones(image.shape, bool))
    np.testing.assert_allclose(model, np.abs(image), atol=1e-9)
    confined = rubin.deconvolve(image, rubin._model_kernel(), 1.0, allowed)
    np.testing.assert_allclose(confined, np.maximum(image, 0.0) * allowed, atol=1e-9)
