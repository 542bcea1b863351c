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

import logging

import numpy as np
import pytest
from array_libraries import needs_keras
from scipy.ndimage import maximum_filter
from small_fields import make_config, make_stack, make_varying_stack
from star_fields import make_star_field

from lsst.acn import Box, ExposureStack, InvalidExposureError, TrainingDivergedError, restore
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


@needs_keras
def test_units_scale_through():
    stack, _ = make_stack()
    scaled = ExposureStack.from_arrays(
        stack.image * 1024, stack.variance * 1024**2, stack.psf, valid=stack.valid
    )
    one, many = restore(stack, make_config()), restore(scaled, make_config())
    np.testing.assert_allclose(many.image, one.image * 1024, rtol=1e-3, atol=1e-2 * 1024)


@needs_keras
def test_exposures_without_a_valid_pixel_are_left_out():
    stack, _ = make_stack()
    valid = stack.valid.copy()
    valid[1] = False
    result = restore(
        ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid), make_config()
    )
    assert result.summary["n_exposures"] == 3


def test_exposures_that_show_nothing_are_refused_by_name():
    stack, _ = make_stack()
    nothing = ExposureStack.from_arrays(
        stack.image, stack.variance, stack.psf, valid=np.zeros(stack.image.shape, bool)
    )
    with pytest.raises(InvalidExposureError, match=r"needs an exposure.*visits \[2, 3\] has any"):
        restore(nothing.select([2, 3]), make_config())


@pytest.mark.parametrize("method", ["cross_exposure", "image_mm", pytest.param("paper", marks=needs_keras)])
def test_one_exposure_is_deconvolved_with_what_cannot_be_known_said(method, caplog):
    stack, truth = make_stack(noise=0.5)
    one = stack.select([1])
    config = make_config(method=method, cross_exposure__network="shipped")
    result = restore(one, config)
    assert "Visit 1 is alone: cosmic rays" in caplog.text
    assert result.summary["n_exposures"] == 1
    assert np.isfinite(result.image).all()
    assert (result.variance > 0).all()
    assert not result.no_data.any()
    if method != "paper":
        # Sharper than the exposure, and the light is there.
        assert result.image.max() > 1.1 * one.image.max()
        near = maximum_filter(truth, 7) > 0
        assert result.latent[near].sum() == pytest.approx(truth.sum(), rel=0.1)


def test_the_jackknife_takes_more_than_one_exposure():
    stack, _ = make_stack()
    config = make_config(method="cross_exposure", cross_exposure__network="shipped")
    config.cross_exposure.variance = "jackknife"
    with pytest.raises(InvalidExposureError, match="jackknife.*visit 2 is alone"):
        restore(stack.select([2]), config)


@pytest.mark.parametrize("method", ["cross_exposure", "image_mm", pytest.param("paper", marks=needs_keras)])
def test_pixels_that_no_exposure_shows_are_marked_and_not_known(method):
    stack, _ = make_stack(n=4, shape=(64, 64))
    valid = stack.valid.copy()
    valid[:, 20:44, 24:48] = False
    hole = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid)
    config = make_config(method=method, cross_exposure__network="shipped")
    result = restore(hole, config)
    np.testing.assert_array_equal(result.no_data, ~valid.any(axis=0))
    inside = result.variance[26:38, 30:42]
    assert np.median(inside) > 10 * np.median(result.variance[~result.no_data])


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


def test_parts_with_few_exposures_have_no_seam_and_a_larger_variance():
    field = make_star_field(n=9, stars=6, galaxies=3, side=112, seed=2)
    full = field.stack(field.kernels)
    valid = full.valid.copy()
    valid[3:, :, :56] = False
    places = np.round(field.stars).astype(int)
    y, x = places[np.argmax(field.truth[tuple(places.T)])]
    valid[::2, y - 3 : y + 4, x - 3 : x + 4] = False
    stack = ExposureStack.from_arrays(full.image, full.variance, full.psf, valid=valid)
    config = make_config(method="cross_exposure", cross_exposure__network="shipped", nuisances__passes=0)
    whole, result = restore(full, config), restore(stack, config)
    error, least = result.image - field.truth, whole.image - field.truth
    rows, columns = np.indices(error.shape)
    sky = field.truth < 3.0
    left, seam, right = sky & (columns < 50), sky & (abs(columns - 56) < 4), sky & (columns > 62)
    # A seam would be a step or a ridge.
    rises = [np.sqrt(np.mean(error[part] ** 2) / np.mean(least[part] ** 2)) for part in (left, seam, right)]
    assert rises[1] < 1.3 * rises[0]
    assert rises[2] < 1.3
    assert abs(error[left].mean() - error[right].mean()) < 0.1
    more = result.variance / whole.variance
    assert np.median(more[~sky & (columns < 50)]) > 1.25
    assert 0.8 < np.median(more[~sky & (columns > 62)]) < 1.25
    # The star that is saturated in every other exposure is no ghost of itself.
    near = np.hypot(rows - y, columns - x) < 6
    assert np.abs(error[near]).max() < 0.1 * field.truth[near].max()
    assert np.sqrt(np.mean(error[near] ** 2 / result.variance[near])) < 2.0


@pytest.mark.parametrize("given", [True, False])
def test_a_trained_network_is_not_trained_further_on_a_patch(given: bool) -> None:
    stack, _ = make_stack()
    config = make_config(method="cross_exposure", cross_exposure__steps=3)
    config.cross_exposure.network = "fresh" if given else "shipped"
    with pytest.raises(ValueError, match="not trained further on a patch"):
        restore(stack, config, network=load_default_network() if given else None)
    config.cross_exposure.network = "fresh"
    config.forbid_adaptation(False)
