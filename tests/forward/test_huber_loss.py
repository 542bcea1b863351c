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

from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.forward.huber_loss import GROUP, masked_huber, reconstruction_loss
from lsst.acn.forward.paired_forward_model import PairedForwardModel

pytestmark = needs_keras


def test_both_branches_and_the_mask_against_values_by_hand():
    data = np.array([[1.0, 5.0, -4.0, 100.0]], "f4")
    model = np.zeros_like(data)
    root_weight = np.array([[1.0, 1.0, 0.5, 0.0]], "f4")
    # 1/2 + 2 (5 - 1) + 2^2 / 2, over three valid pixels.
    expected = (0.5 + 8.0 + 2.0) / 3
    assert float(masked_huber(data, model, root_weight, 2.0)) == pytest.approx(expected, rel=1e-6)


def test_nothing_valid_gives_zero():
    data = np.ones((1, 4), "f4")
    assert float(masked_huber(data, 0 * data, 0 * data, 2.0)) == 0.0


@pytest.mark.parametrize("n_psfs", [1, 2])
@pytest.mark.parametrize(
    ("kind", "n"), [(ForwardModel, 3), (PairedForwardModel, 2), (PairedForwardModel, 4 * GROUP + 3)]
)
def test_value_and_gradient_are_those_of_the_masked_huber_loss(kind, n, n_psfs):
    import tensorflow as tf

    rng = np.random.default_rng(6)
    options = (n, keras_arrays()) if kind is PairedForwardModel else (keras_arrays(),)
    model = kind((20, 17), 5, *options)
    spectra = model.spectra(rng.random((n_psfs, n, 5, 5)).astype("f4") / 25)
    data = rng.normal(3.0, 3.0, (2, n, 20, 17)).astype("f4")
    root_weight = (rng.random(data.shape) * (rng.random(data.shape) > 0.2)).astype("f4")
    latent = tf.constant(rng.random((2, 24, 21)).astype("f4"))
    results = []
    for loss in (
        lambda x: reconstruction_loss(model, x, spectra, data, root_weight, 1.5),
        lambda x: masked_huber(data, model.apply(x, spectra), root_weight, 1.5),
    ):
        with tf.GradientTape() as tape:
            tape.watch(latent)
            value = 3.0 * loss(latent)
        results.append((float(value), np.asarray(tape.gradient(value, latent))))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-5 * np.abs(results[1][1]).max())
    assert np.abs(results[0][1]).max() > 0
