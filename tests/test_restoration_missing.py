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

import numpy as np
import pytest
from array_libraries import needs_keras
from scipy.ndimage import maximum_filter
from small_fields import make_config, make_stack
from star_fields import make_star_field

from lsst.acn import ExposureStack, InvalidExposureError, restore


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
