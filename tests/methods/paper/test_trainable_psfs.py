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


"""The paper's decoder learns PSFs that stay PSFs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from array_libraries import needs_keras
from small_fields import make_config, make_stack

from lsst.acn import gaussian_kernel, restore
from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.exposures.psf_kernels import PsfKernels
from lsst.acn.forward.paired_forward_model import PairedForwardModel
from lsst.acn.methods.paper.attempt import Attempt
from lsst.acn.methods.paper.inputs import PatchInputs
from lsst.acn.methods.paper.network import PaperNetwork
from lsst.acn.methods.paper.soundness import TrainingGuard
from lsst.acn.methods.paper.trainable_psfs import TrainablePsfs, starting_kernels
from lsst.acn.metrics.psf_width import psf_fwhm

pytestmark = needs_keras


def test_training_begins_with_what_it_is_given():
    stack, _ = make_stack()
    given = stack.psf.kernels[:, 0, 0]
    np.testing.assert_array_equal(starting_kernels(stack, "refine"), given)
    wide = [psf_fwhm(kernel) for kernel in starting_kernels(stack, "estimate")]
    np.testing.assert_allclose(wide, [psf_fwhm(kernel) for kernel in given], rtol=0.02)
    psfs = TrainablePsfs(given)
    np.testing.assert_allclose(psfs.to_numpy(), given, atol=1e-3)
    np.testing.assert_allclose(psfs.to_numpy().sum(axis=(1, 2)), 1.0, rtol=1e-5)


@pytest.mark.parametrize("n", [3, 4])
def test_spectra_are_those_of_the_decoder(n):
    kernels = np.array([gaussian_kernel(fwhm, 9) for fwhm in np.linspace(2.5, 4.0, n)])
    psfs = TrainablePsfs(kernels)
    model = PairedForwardModel((20, 24), 9, n, numpy_arrays())
    expected = model.spectra(psfs.to_numpy())
    np.testing.assert_allclose(np.asarray(psfs.spectra(model))[0], expected, atol=1e-5)


def test_what_the_exposures_cannot_tell_is_held_by_convention():
    kernels = np.array([gaussian_kernel(3.0, 9)] * 3)
    psfs = TrainablePsfs(kernels)
    assert float(psfs.penalty()) < 0.5
    for wrong in (np.roll(kernels, 1, axis=1), np.array([gaussian_kernel(3.6, 9)] * 3)):
        psfs._logits.assign(np.log(np.maximum(wrong, 1e-9)))
        assert float(psfs.penalty()) > 20.0


def test_psfs_are_trained_along_with_the_network():
    stack, _ = make_stack()
    config = make_config(paper__training__epochs=12, psf_mode="estimate", nuisances__passes=0)
    result = restore(stack, config)
    kernels = result.psfs.psf.kernels[:, 0, 0]
    assert result.psfs.visits == stack.visits
    assert (kernels > 0).all()
    np.testing.assert_allclose(kernels.sum(axis=(1, 2)), 1.0, rtol=1e-5)
    assert not np.allclose(kernels, starting_kernels(stack, "estimate"), atol=1e-5)
    assert (result.psfs.errors > 0).all()
    assert result.history["loss"][-1] < result.history["loss"][0]
    assert result.summary["n_parameters"] > kernels.size


def test_trained_psfs_are_those_of_the_exposures_in_any_order():
    stack, _ = make_stack()
    config = make_config(paper__training__epochs=3, psf_mode="refine", nuisances__passes=0)
    result = restore(stack, config)
    order = [2, 0, 3, 1]
    again = restore(stack.select(order), config)
    assert again.psfs.visits == tuple(stack.visits[index] for index in order)
    np.testing.assert_array_equal(again.psfs.psf.kernels, result.psfs.psf.kernels[order])
    np.testing.assert_array_equal(again.psfs.errors, result.psfs.errors[order])


def test_another_attempt_begins_with_the_given_kernels():
    stack, _ = make_stack()
    given = starting_kernels(stack, "refine")
    network = PaperNetwork(make_config(), len(stack), TrainablePsfs(given))
    before = network.psfs.to_numpy()
    network.psfs._logits.assign(0.0 * network.psfs._logits.value)
    weights = network.encoder.get_weights()[0]
    network.draw_weights(Attempt(1))
    np.testing.assert_array_equal(network.psfs.to_numpy(), before)
    assert (network.encoder.get_weights()[0] != weights).any()


def test_a_training_is_judged_with_the_kernels_that_it_came_to():
    stack, latent = make_stack()
    model = PairedForwardModel(stack.shape, stack.psf.size, len(stack), keras_arrays())
    psfs = TrainablePsfs(starting_kernels(stack, "refine"))
    narrow = PsfKernels.constant(np.array([gaussian_kernel(2.0, 9)] * len(stack)), stack.box)
    wrong = dataclasses.replace(stack, psf=narrow)

    def encode(exposures):
        from keras import ops

        return ops.convert_to_tensor(latent[None])

    def loss(stack, spectra=None):
        return TrainingGuard(encode, PatchInputs(stack, 0), [stack.box], model, 2.0, spectra).start_loss

    assert loss(wrong, lambda: psfs.spectra(model)) == pytest.approx(loss(stack), rel=0.02)
    assert loss(wrong) > 2.0 * loss(stack)


def test_known_psfs_are_not_trained():
    stack, _ = make_stack()
    assert restore(stack, make_config(nuisances__passes=0)).psfs is None
