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

"""Training against the truth of simulated fields."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from array_libraries import needs_keras
from scipy.signal import oaconvolve
from small_fields import make_config, make_stack

from benchmarks.shipped.train_default_network import draw_chances
from benchmarks.shipped.training_fields import draw_field, is_ideal_field
from benchmarks.shipped.truth_training import draw_truth_batches, make_truth_sample, truth_loss
from lsst.acn import Box, gaussian_kernel
from lsst.acn.methods.cross_exposure.family.family import FAMILY_SIZE, SHARP_MEMBER
from lsst.acn.methods.cross_exposure.family.restored_family import restore_family
from lsst.acn.methods.cross_exposure.family.sampling import sampled_kernel_fwhm
from lsst.acn.methods.cross_exposure.network.mixing_network import N_FEATURES, fresh_network
from lsst.acn.methods.cross_exposure.network.trainable import TrainableNetwork
from lsst.acn.methods.cross_exposure.network.training import take_training_steps

MARGIN = 2


def make_sample(seed=0):
    stack, latent = make_stack(n=6, shape=(48, 48), seed=seed)
    radius = stack.psf.radius
    truth = oaconvolve(latent, gaussian_kernel(2.5), mode="same")[radius:-radius, radius:-radius]
    return make_truth_sample(stack, truth, MARGIN)


def make_network():
    network = TrainableNetwork(fresh_network(4, [1], np.random.default_rng(0)), 2.0)
    assert network.margin == MARGIN
    return network


def test_a_sample_is_in_units_of_the_point_source_noise():
    sample = make_sample()
    height, width = sample.truth.shape
    assert sample.members.shape == (height + 2 * MARGIN, width + 2 * MARGIN, FAMILY_SIZE)
    assert sample.context.shape == (height + 2 * MARGIN, width + 2 * MARGIN, N_FEATURES - FAMILY_SIZE)
    unit = restore_family(make_stack(n=6, shape=(48, 48))[0], Box.from_shape((48, 48)).grown_by(MARGIN)).unit
    assert sample.noise * unit == pytest.approx(1 / np.sqrt(6))
    assert sample.is_known.all()


def test_tiles_go_with_their_truth():
    sample = make_sample()
    # A member that shows the truth must show it in every tile.
    inside = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    sample.members[..., 0][inside] = sample.truth
    batches = draw_truth_batches([sample], np.ones(1), size=20, batch_size=6, rng=np.random.default_rng(0))
    features, members, truth, is_known, noise = next(batches)
    assert features.shape[:3] == members.shape[:3] == (6, 20 + 2 * MARGIN, 20 + 2 * MARGIN)
    np.testing.assert_array_equal(members[:, MARGIN:-MARGIN, MARGIN:-MARGIN, 0], truth)
    np.testing.assert_array_equal(features[..., :FAMILY_SIZE], np.arcsinh(members))
    assert features.shape[-1] == N_FEATURES
    assert is_known.shape == truth.shape
    assert noise.shape == (6,)
    assert len({tile.tobytes() for tile in truth}) == 6


def test_samples_are_drawn_as_often_as_they_should():
    samples = [make_sample(0), make_sample(1)]
    drawn = draw_truth_batches(
        samples, np.array([0.25, 0.75]), size=48, batch_size=400, rng=np.random.default_rng(3)
    )
    truth = next(drawn)[2]
    shares = [np.mean([np.array_equal(tile, sample.truth) for tile in truth]) for sample in samples]
    assert shares == pytest.approx([0.25, 0.75], abs=0.07)


def test_half_of_the_draws_are_of_ideal_fields():
    n_fields = 20
    chances = draw_chances(n_fields).reshape(n_fields, -1)
    is_ideal = np.array([is_ideal_field(100_000 + index) for index in range(n_fields)])
    assert 2 < is_ideal.sum() < 12
    assert chances[is_ideal].sum() == pytest.approx(0.5)
    assert chances.sum() == pytest.approx(1.0)
    # Each of them and each of the others as often as its like.
    assert np.ptp(chances[is_ideal]) == np.ptp(chances[~is_ideal]) == 0.0


def test_an_ideal_field_has_no_fault_but_its_grids():
    fields = {seed: draw_field(seed) for seed in range(100_000, 100_012)}
    ideal = [field for seed, field in fields.items() if is_ideal_field(seed)]
    assert 0 < len(ideal) < len(fields)
    for field in ideal:
        for part in (field.psf_errors, field.calibration, field.sky, field.trails, field.optics):
            assert part == type(part)()


@needs_keras
def test_loss_by_hand():
    network = make_network()
    sample = make_sample()
    drawn = draw_truth_batches([sample], np.ones(1), size=24, batch_size=2, rng=np.random.default_rng(1))
    batch = next(drawn)
    features, members, truth, is_known, noise = batch
    kernel = gaussian_kernel(sampled_kernel_fwhm(2.5))[None]
    inside = np.s_[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    mixed = oaconvolve(np.asarray(network.mix(features, members)), kernel, mode="same", axes=(1, 2))[inside]
    light = oaconvolve(members[..., SHARP_MEMBER], kernel, mode="same", axes=(1, 2))[inside]
    noise = noise[:, None, None]
    errors = [image - truth for image in (mixed, light)]
    expected = ratios_by_hand(light, noise, errors, 0.05, (2, 20))
    block = gaussian_kernel(3.5 * np.sqrt(8 * np.log(2)))[None]
    means = [oaconvolve(image, block, mode="same", axes=(1, 2)) for image in (light, *errors)]
    expected += 0.5 * ratios_by_hand(means[0], noise / (7 * np.sqrt(np.pi)), means[1:], 0.01, (10,))
    sky = light < 2 * noise
    offsets = [np.abs(np.where(sky, error, 0).sum(axis=(1, 2))) for error in errors]
    expected += 0.25 * np.mean(offsets[0] / (offsets[1] + 0.02 * noise[:, 0, 0] * sky.sum(axis=(1, 2))))
    assert is_known.all()
    assert float(truth_loss(network, 2.5)(batch)) == pytest.approx(expected, rel=1e-3)


def ratios_by_hand(light, noise, errors, fraction, levels):
    unit_squared = noise**2 + (fraction * light) ** 2
    ours, reference = (np.sqrt(1 + 0.5 * error**2 / unit_squared) - 1 for error in errors)
    level = np.digitize(light / noise, levels)
    total = 0.0
    for number in range(len(levels) + 1):
        sums = [np.where(level == number, values, 0).sum(axis=(1, 2)) for values in (ours, reference)]
        total += np.mean(sums[0] / (sums[1] + 1))
    return total


@needs_keras
def test_training_lowers_the_loss():
    network = make_network()
    drawn = draw_truth_batches(
        [make_sample(0), make_sample(1)], np.full(2, 0.5), size=32, batch_size=2, rng=np.random.default_rng(2)
    )
    batches = ((batch, number % 10 == 0) for number, batch in enumerate(drawn, start=1))
    options = make_config(cross_exposure__steps=40, cross_exposure__learning_rate=0.01).cross_exposure
    history = take_training_steps(
        network, batches, truth_loss(network, 2.5), options, logging.getLogger(__name__)
    )
    assert list(history["epoch"]) == [1, 2, 3, 4]
    assert history["loss"][-1] < 0.9 * history["loss"][0]
