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

"""What tells a training that came to nothing."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras
from small_fields import make_config, make_stack

from lsst.acn import TrainingDivergedError
from lsst.acn.arrays.keras_arrays import keras_arrays
from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.methods.paper.inputs import PatchInputs
from lsst.acn.methods.paper.network import PaperNetwork
from lsst.acn.methods.paper.soundness import HIGH_LOSS, PATIENCE, TrainingGuard
from lsst.acn.methods.paper.training import train

pytestmark = needs_keras


class Encoder:
    """Returns the true latent image, times a factor and with part of it dark."""

    def __init__(self, latent: np.ndarray) -> None:
        self.latent, self.factor = latent, 0.5

    def __call__(self, exposures: Any) -> Any:
        from keras import ops

        return ops.convert_to_tensor(np.float32(self.factor) * self.latent[None])


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(make_stack()[1])


@pytest.fixture
def guard(encoder: Encoder) -> TrainingGuard:
    stack, _ = make_stack()
    model = ForwardModel(stack.shape, stack.psf.size, keras_arrays())
    return TrainingGuard(encoder, PatchInputs(stack, 0), [stack.box], model, 2.0)


def test_the_starting_loss_is_that_of_the_sample(guard: TrainingGuard, encoder: Encoder) -> None:
    stack, latent = make_stack()
    model = ForwardModel(stack.shape, stack.psf.size)
    residual = np.abs(stack.image - model.apply(0.5 * latent, model.spectra(stack.psf.at(0, 0))))[stack.valid]
    expected = np.where(residual < 2.0, residual**2 / 2, 2.0 * (residual - 1.0)).mean()
    assert guard.start_loss == pytest.approx(expected, rel=1e-4)


def test_a_network_that_has_learned_is_sound(guard: TrainingGuard, encoder: Encoder) -> None:
    encoder.factor = 1.0
    guard.judge()


def test_a_loss_that_is_no_lower_is_an_error(guard: TrainingGuard, encoder: Encoder) -> None:
    with pytest.raises(TrainingDivergedError, match="before training and is .* after") as caught:
        guard.judge()
    assert caught.value.metadata["final_loss"] == caught.value.metadata["start_loss"] == guard.start_loss


def test_bright_sources_that_have_gone_out_are_an_error(guard: TrainingGuard, encoder: Encoder) -> None:
    encoder.factor = 1.0
    encoder.latent = encoder.latent.copy()
    encoder.latent[:, encoder.latent.shape[1] // 2 :] = 0.0
    guard.start_loss = 1e6
    with pytest.raises(TrainingDivergedError, match="% of the bright pixels have no light") as caught:
        guard.judge()
    # Four of its six stars are on that half.
    assert 0.5 < caught.value.metadata["lost_share"] < 1.0


def test_an_empty_image_has_lost_all_bright_pixels(guard: TrainingGuard, encoder: Encoder) -> None:
    encoder.factor = 0.0
    guard.start_loss = 1e6
    with pytest.raises(TrainingDivergedError, match="100 %"):
        guard.judge()


def test_a_loss_may_peak_but_has_to_come_back(guard: TrainingGuard) -> None:
    high = 1.01 * HIGH_LOSS * guard.start_loss
    for epoch in range(1, PATIENCE):
        guard.watch(high, epoch)
    guard.watch(guard.start_loss, PATIENCE)
    for epoch in range(1, PATIENCE):
        guard.watch(high, PATIENCE + epoch)
    with pytest.raises(TrainingDivergedError, match=f"had not come back in epoch {2 * PATIENCE}") as caught:
        guard.watch(high, 2 * PATIENCE)
    assert caught.value.metadata["final_loss"] == high


@pytest.mark.parametrize("unit_exposures", [12, 1000])
def test_a_hundred_exposures_need_a_unit_of_their_own(unit_exposures: int) -> None:
    stack, _ = make_stack(n=100, shape=(32, 32), noise=10.0)
    config = make_config(
        seed=2,
        paper__tile_size=32,
        paper__training__epochs=12,
        paper__network__unit_exposures=unit_exposures,
    )
    network = PaperNetwork(config, 100)
    inputs, log = PatchInputs(stack, network.margin), logging.getLogger(__name__)
    if unit_exposures == 12:
        assert network.output_unit == pytest.approx(4.8)
        loss = train(network, inputs, config, log)["loss"]
        assert loss[-1] < loss[0]
    else:
        assert network.output_unit == 40.0
        with pytest.raises(TrainingDivergedError):
            train(network, inputs, config, log)
