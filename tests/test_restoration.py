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

import functools
import logging
import time

import numpy as np
import pytest
from array_libraries import needs_keras
from small_fields import make_config, make_stack, make_varying_stack

from lsst.acn import (
    Box,
    ExposureStack,
    InvalidExposureError,
    TrainingDivergedError,
    gaussian_kernel,
    restore,
)
from lsst.acn.forward.target_psf import convolve_separable
from lsst.acn.methods.cross_exposure.network.shipped import load_default_network
from lsst.acn.methods.paper.method import PaperMethod


@needs_keras
def test_shapes_boxes_and_signs():
    stack, _ = make_stack()
    stack = ExposureStack.from_arrays(
        stack.image, stack.variance, stack.psf.kernels[:, 0, 0], valid=stack.valid, box=Box(100, 140, 7, 55)
    )
    result = restore(stack, make_config())
    assert result.image.shape == result.variance.shape == (40, 48)
    assert result.latent.shape == (48, 56)
    assert result.latent_box == Box(96, 144, 3, 59)
    assert result.latent.min() >= 0
    assert (result.variance > 0).all()
    assert result.target_psf.sum() == pytest.approx(1.0, abs=1e-5)
    assert all(len(column) == 3 for column in result.history.values())
    assert result.summary["n_exposures"] == 4
    assert result.summary["n_attempts"] == 1
    assert result.summary["fit_seconds"] >= result.summary["training_seconds"] > 0
    assert result.summary["restore_seconds"] > 0


@needs_keras
def test_training_lowers_the_loss_and_finds_the_stars():
    stack, truth = make_stack(n=6)
    result = restore(stack, make_config(paper__training__epochs=60))
    assert result.history["loss"][-1] < 0.9 * result.history["loss"][0]
    assert result.latent.sum() == pytest.approx(truth.sum(), rel=0.15)
    brightest = np.unravel_index(truth[8:-8, 8:-8].argmax(), (32, 40))
    y, x = brightest[0] + 4, brightest[1] + 4
    window = result.image[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4]
    assert window.max() > 0.2 * truth.max() * result.target_psf.max()


@needs_keras
def test_tiled_and_untiled_restorations_agree():
    stack, _ = make_stack(shape=(90, 100))
    config = make_config()
    method = PaperMethod(stack, config)
    log = logging.getLogger(__name__)
    method.fit(log)
    tiled = method.restore(None, log)[0]
    config.tiles.restoring_size = 1000
    untiled = method.restore(None, log)[0]
    noise = 1.0
    np.testing.assert_allclose(tiled, untiled, atol=1e-3 * noise)
    assert untiled.max() > 10 * noise


@needs_keras
def test_the_same_seed_gives_the_same_bytes():
    stack, _ = make_stack()
    first, second = restore(stack, make_config()), restore(stack, make_config())
    other = restore(stack, make_config(seed=7))
    for name in ("image", "variance", "latent"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert (first.latent != other.latent).any()


@needs_keras
def test_psfs_may_vary_over_the_patch():
    result = restore(make_varying_stack(), make_config(paper__training__epochs=30))
    assert np.isfinite(result.image).all()
    assert result.history["loss"][-1] < result.history["loss"][0]


QUICK = {
    "cross_exposure": {"cross_exposure__network": "shipped"},
    "image_mm": {"image_mm__iterations": 20},
    "paper": {},
}
METHODS = [pytest.param(name, marks=needs_keras if name == "paper" else ()) for name in QUICK]


@pytest.fixture(scope="module")
def restored_once():
    """Return what a method makes of a small field, made once."""
    stack, _ = make_stack(n=4, shape=(36, 40))
    return functools.cache(
        lambda method: (stack, restore(stack, make_config(method=method, **QUICK[method])))
    )


def in_unit(stack, factor):
    variance = np.where(stack.valid, stack.variance.astype(float) * factor**2, np.inf)
    return ExposureStack.from_arrays(stack.image * factor, variance, stack.psf, valid=stack.valid)


@pytest.mark.parametrize(
    ("method", "factor"),
    [(name, factor) for name in ("cross_exposure", "image_mm") for factor in (1e-20, 1e-9, 1e3, 1e18)]
    + [pytest.param("paper", factor, marks=needs_keras) for factor in (1e-14, 1e18)],
)
def test_units_scale_through(method, factor, restored_once):
    stack, one = restored_once(method)
    many = restore(in_unit(stack, factor), make_config(method=method, **QUICK[method]))
    # The latent image is sharper, and its pixels depend on rounding more.
    for name, power, tolerance in (
        ("image", 1, 1e-5),
        ("latent", 1, 5e-5),
        ("variance", 2, 1e-3),
        ("detection_variance", 2, 1e-3),
    ):
        expected, found = getattr(one, name), getattr(many, name).astype(float) / factor**power
        # The largest variances may be beyond the range of float32.
        held = expected.astype(float) * factor**power < 0.9 * np.finfo(np.float32).max
        np.testing.assert_allclose(found[held], expected[held], rtol=0, atol=tolerance * expected[held].max())
    left, left_once = many.residual, one.residual
    np.testing.assert_allclose(left.image / factor, left_once.image, atol=1e-5 * one.image.max())
    corrections = one.corrections.in_unit(factor)
    np.testing.assert_allclose(many.corrections.values, corrections.values, rtol=1e-3, atol=1e-4 * factor)


@pytest.mark.parametrize("method", METHODS)
def test_powers_of_two_change_no_digit(method, restored_once):
    stack, one = restored_once(method)
    many = restore(in_unit(stack, 2.0**-30), make_config(method=method, **QUICK[method]))
    for name, power in (("image", 1), ("latent", 1), ("variance", 2), ("detection_variance", 2)):
        found, expected = getattr(many, name) * 2.0 ** (30 * power), getattr(one, name)
        # But of numbers below the least normal one, which have fewer digits.
        is_normal = np.abs(expected) > 2.0 ** (30 * power) * np.finfo(np.float32).tiny
        np.testing.assert_array_equal(found[is_normal], expected[is_normal])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-30)


def test_the_nuisances_and_the_noise_layers_have_the_unit_of_the_exposures():
    stack, _ = make_stack(n=6, shape=(64, 64))
    image = stack.image + np.array([8.0, 0, 0, -8.0, 0, 0], np.float32)[:, None, None]
    stack = ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=stack.valid)
    config = make_config(method="image_mm", image_mm__iterations=10, n_noise_layers=1)
    factor = 1e-9
    one, many = restore(stack, config), restore(in_unit(stack, factor), config)
    assert one.corrections.column("sky")[0] > 3.0
    expected = one.corrections.in_unit(factor).column("sky")
    np.testing.assert_allclose(many.corrections.column("sky"), expected, rtol=0, atol=1e-4 * factor)
    (layer,), (layer_once,) = many.noise_layers, one.noise_layers
    atol = 1e-5 * one.image.max()
    np.testing.assert_allclose(layer.image / factor, layer_once.image, atol=atol)
    np.testing.assert_allclose(layer.residual / factor, layer_once.residual, atol=atol)


def block(shape, rows, columns):
    valid = np.zeros(shape, bool)
    valid[rows, columns] = True
    return valid


FEW = {
    "2 x 2 in the middle": block((64, 64), slice(31, 33), slice(31, 33)),
    "3 x 3 in a corner": block((128, 128), slice(0, 3), slice(0, 3)),
    "a row": block((64, 64), 20, slice(None)),
    "one row alone": np.ones((1, 64), bool),
    "one pixel alone": np.ones((1, 1), bool),
}


def few_pixels(valid):
    image = np.random.default_rng(2).normal(size=(4, *valid.shape))
    kernels = np.stack([gaussian_kernel(fwhm, 9) for fwhm in (2.5, 3.0, 3.5, 4.0)])
    return ExposureStack.from_arrays(
        image, np.ones_like(image), kernels, valid=np.broadcast_to(valid, image.shape)
    )


@pytest.mark.parametrize(
    ("method", "passes"),
    [(name, passes) for name in ("cross_exposure", "image_mm") for passes in (0, 2)]
    + [pytest.param("paper", 2, marks=needs_keras)],
)
@pytest.mark.parametrize("few", FEW)
def test_few_valid_pixels_are_restored_or_refused_at_once(method, few, passes):
    config = make_config(method=method, **QUICK[method] | {"nuisances__passes": passes})
    config.image_mm.iterations, config.paper.training.epochs = 5, 1
    start = time.monotonic()
    try:
        result = restore(few_pixels(FEW[few]), config)
    except TrainingDivergedError:
        assert method == "paper"
    else:
        assert np.isfinite(result.image).all()
        assert (result.variance > 0).all()
        if few == "3 x 3 in a corner" and method != "paper":
            # No tile there has a valid pixel.
            assert np.isinf(result.variance[60:, 60:]).all()
        if FEW[few].sum() <= 9:
            assert result.residual.coverage.max() < 0.3
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("method", METHODS)
def test_exposures_without_any_valid_pixel_are_refused(method):
    stack = few_pixels(np.zeros((64, 64), bool))
    with pytest.raises(InvalidExposureError, match="needs an exposure with valid pixels; none of"):
        restore(stack, make_config(method=method, **QUICK[method]))


@needs_keras
def test_no_network_is_trained_on_hardly_any_pixel():
    stack = few_pixels(FEW["2 x 2 in the middle"]).select([0, 1, 2])
    valid = stack.valid & (np.arange(3) == 1)[:, None, None]
    valid[[0, 2], 0, 0] = True
    stack = ExposureStack.from_arrays(stack.image, stack.variance.clip(max=1.0), stack.psf, valid=valid)
    options = {"steps": 2, "samples": 2, "tile_size": 16}
    config = make_config(
        method="cross_exposure",
        nuisances__passes=0,
        **{f"cross_exposure__{name}": value for name, value in options.items()},
    )
    with pytest.raises(InvalidExposureError, match="No tile is reached by enough exposures"):
        restore(stack, config)


def test_wrong_psfs_are_told_of_by_number(caplog):
    stack, _ = make_stack(n=4, kernel_size=15)
    kernels = stack.psf.kernels[:, 0, 0].copy()
    kernels[2] = np.roll(kernels[2], 1, axis=0)
    moved = ExposureStack.from_arrays(stack.image, stack.variance, kernels, valid=stack.valid)
    with caplog.at_level(logging.WARNING):
        restore(moved, make_config(method="image_mm", image_mm__iterations=2, nuisances__passes=0))
    assert "Visit 2: its PSF is 1.00 pixels off the middle of its kernel." in caplog.text


@needs_keras
def test_a_loss_that_is_not_finite_is_an_error(monkeypatch):
    stack, _ = make_stack()
    monkeypatch.setattr(
        "lsst.acn.methods.paper.training.make_training_step", lambda *args, **kwargs: lambda batch: np.nan
    )
    with pytest.raises(TrainingDivergedError, match="epoch 1"):
        restore(stack, make_config())


@needs_keras
def test_progress_is_logged_with_the_time_left(caplog):
    stack, _ = make_stack()
    with caplog.at_level(logging.INFO):
        restore(stack, make_config())
    assert "epoch 3 of 3, loss" in caplog.text
    assert "0 s left" in caplog.text


def test_residual_is_what_the_image_leaves_over():
    stack, _ = make_stack(n=6, noise=3.0)
    result = restore(stack, make_config(method="image_mm", image_mm__iterations=30))
    residual = result.residual
    assert residual.image.shape == result.image.shape
    inside = np.s_[8:-8, 8:-8]
    scaled = residual.image[inside] / np.sqrt(residual.variance[inside])
    # Where there is no star, nothing but noise, and less than that, for it was fitted.
    assert 0.2 < np.median(np.abs(scaled)) / 0.6745 < 1.5
    assert result.summary["residual_seconds"] > 0
    assert restore(stack, make_config(method="image_mm", keep_residual=False)).residual is None


def test_noise_layers_are_of_the_seed_and_hold_noise_alone():
    stack, _ = make_stack(n=6)
    config = make_config(method="image_mm", image_mm__iterations=20, n_noise_layers=2)
    first, again = restore(stack, config), restore(stack, config)
    assert len(first.noise_layers) == 2
    one, two = first.noise_layers
    np.testing.assert_array_equal(one.image, again.noise_layers[0].image)
    assert (one.image != two.image).any()
    inside = np.s_[8:-8, 8:-8]
    scaled = np.array([layer.residual / np.sqrt(first.residual.variance) for layer in (one, two)])
    assert 0.2 < np.median(np.abs(scaled[:, *inside])) / 0.6745 < 1.5
    # A star changes by its noise, not by itself.
    assert np.abs(one.image).max() < 0.2 * first.image.max()
    assert not restore(stack, make_config(method="image_mm")).noise_layers


@pytest.mark.parametrize("given", [True, False])
def test_a_trained_network_is_not_trained_further_on_a_patch(given: bool) -> None:
    stack, _ = make_stack()
    config = make_config(method="cross_exposure", cross_exposure__steps=3)
    config.cross_exposure.network = "fresh" if given else "shipped"
    with pytest.raises(ValueError, match="not trained further on a patch"):
        restore(stack, config, network=load_default_network() if given else None)
    config.cross_exposure.network = "fresh"
    config.forbid_adaptation(False)


@pytest.mark.parametrize("method", ["cross_exposure", "image_mm"])
def test_detection_on_a_picture_of_noise_finds_nothing(method):
    rng = np.random.default_rng(5)
    kernels = np.stack([gaussian_kernel(fwhm, 25) for fwhm in (3.6, 4.2, 4.8, 5.2)])
    noise = rng.normal(size=(4, 96, 96))
    stack = ExposureStack.from_arrays(noise, np.ones_like(noise), kernels)
    result = restore(stack, make_config(method=method, image_mm__iterations=20))
    height = (result.target_psf.astype(float) ** 2).sum()
    significance = convolve_separable(result.image, result.target_psf) / np.sqrt(
        height * result.detection_variance
    )
    assert significance[12:-12, 12:-12].max() < 5.0
    assert (result.detection_variance >= result.variance).all()
