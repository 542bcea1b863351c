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

"""The error model that ships inside the package, and the variance it gives."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
from importlib.resources import files

import numpy as np
import pytest
from array_libraries import libraries, needs_keras
from small_fields import make_stack

from lsst.acn import Box, ExposureStack, InvalidNetworkError, RestorationConfig, gaussian_kernel, restore
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.methods.cross_exposure.error_features import (
    FAINTEST,
    FEATURES,
    RESTORED,
    SIGNIFICANCES,
    make_error_features,
)
from lsst.acn.methods.cross_exposure.error_model import FILE, ErrorModel, expected_variance, load_error_model
from lsst.acn.methods.cross_exposure.family.evidence import Evidence
from lsst.acn.methods.cross_exposure.family.family import SHARP_MEMBER, RestorationFamily
from lsst.acn.methods.cross_exposure.family.restored_family import restore_family
from lsst.acn.methods.cross_exposure.family.statistics import typical_noise
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.cross_exposure.tile import TileRestorer
from lsst.acn.simulation import SimulationConfig, simulate_field

KERNEL = gaussian_kernel(2.2)
PROFILE = KERNEL.sum(axis=0)


@pytest.fixture
def packed():
    return json.loads((files("lsst.acn") / "data" / FILE).read_text())


def test_two_thirds_of_the_errors_are_within_one_sigma():
    field = simulate_field(SimulationConfig(seed=5, box=Box.from_shape((160, 160)), visits=8))
    noise = typical_noise(field.stack)
    known = field.stack.valid.sum(axis=0) > 4
    for fwhm in (2.5, 3.5):
        config = RestorationConfig()
        config.target_psf_fwhm = fwhm
        result = restore(field.stack, config)
        truth = field.truth_image(fwhm)
        pull = np.abs(result.image - truth) / np.sqrt(result.variance)
        for where in (truth < 0.05 * noise, truth > 0.1 * noise):
            assert 0.7 < np.percentile(pull[known & where], 68.27) < 1.4


def test_the_fewer_exposures_show_a_pixel_the_larger_the_variance():
    field = simulate_field(SimulationConfig(seed=6, box=Box.from_shape((96, 120)), visits=8))
    valid = field.stack.valid.copy()
    valid[1:, :, 40:80] = False
    valid[:, :, 80:] = False
    poor = ExposureStack.from_arrays(field.stack.image, field.stack.variance, field.stack.psf, valid=valid)
    ratio = restore(poor).variance / restore(field.stack).variance
    seen_by_all, by_one, by_none = (
        np.median(ratio[8:-8, columns]) for columns in (slice(8, 32), slice(48, 72), slice(92, 112))
    )
    assert 0.8 < seen_by_all < 1.3
    assert by_one > 4
    assert by_none > 10 * by_one


def test_no_pixel_claims_more_than_the_light_around_it_says():
    features = np.zeros((2, 3, len(FEATURES)), np.float32)
    features[..., RESTORED] = np.log(8.0 + FAINTEST)
    features[..., SIGNIFICANCES] = np.arcsinh([1.0, -9.0, 4.0])
    model = load_error_model()
    sure = dataclasses.replace(model, biases=(*model.biases[:-1], np.full(2, -20.0, np.float32)))
    sure = dataclasses.replace(sure, weights=(*model.weights[:-1], 0 * model.weights[-1]))
    np.testing.assert_allclose(np.sqrt(sure.variance(numpy_arrays(), features)), 8.0 / 4.0, rtol=1e-4)


def test_it_scales_with_the_unit_of_the_stack():
    stack, _ = make_stack(n=4)
    family = restore_family(stack, stack.box)
    latent = family.members[..., SHARP_MEMBER]
    xp = numpy_arrays()
    variance = expected_variance(xp, latent, family, PROFILE, 6)
    larger = expected_variance(xp, latent, family._replace(unit=10 * family.unit), PROFILE, 6)
    assert variance.shape == (stack.shape[0] - 12, stack.shape[1] - 12)
    assert variance.dtype == np.float32
    assert (variance > 0).all()
    np.testing.assert_allclose(larger, 100 * variance, rtol=1e-5)


def test_what_a_tile_says_of_a_pixel_does_not_depend_on_its_margin():
    stack, _ = make_stack(n=4, shape=(60, 64))
    family = restore_family(stack, stack.box)
    latent = family.members[..., SHARP_MEMBER]
    xp = numpy_arrays()
    all_of_it = make_error_features(xp, latent, family, PROFILE, 0)
    assert all_of_it.shape == (*stack.shape, len(FEATURES))
    np.testing.assert_allclose(
        make_error_features(xp, latent, family, PROFILE, 24), all_of_it[24:-24, 24:-24], atol=1e-5
    )


def test_every_tile_is_restored_once_for_both_planes(monkeypatch):
    stack, _ = make_stack(n=4)
    method = CrossExposureMethod(stack, RestorationConfig())
    calls, restore_tile = [], TileRestorer.__call__
    monkeypatch.setattr(
        TileRestorer, "__call__", lambda *given: (calls.append(given), restore_tile(*given))[1]
    )
    latent, variance = method.restore(KERNEL, logging.getLogger(__name__))
    assert len(calls) == 1
    assert latent.shape == stack.box.grown_by(stack.psf.radius).shape
    assert variance is not None
    assert variance.shape == stack.shape
    assert method.restore(None, logging.getLogger(__name__))[1] is None


@pytest.mark.parametrize(
    ("option", "value"),
    [("variance", "jackknife"), ("network", "fresh"), pytest.param("steps", 1, marks=needs_keras)],
)
def test_what_the_model_does_not_know_is_left_to_the_jackknife(option, value):
    stack, _ = make_stack(n=4)
    config = RestorationConfig()
    assert CrossExposureMethod(stack, config).predicts_variance
    setattr(config.cross_exposure, option, value)
    assert not CrossExposureMethod(stack, config).predicts_variance


@libraries
def test_libraries_agree_to_the_edges(library):
    stack, _ = make_stack(n=4)
    family = restore_family(stack, stack.box)
    latent = family.members[..., SHARP_MEMBER]
    expected = expected_variance(numpy_arrays(), latent, family, PROFILE, 0)
    xp = library()
    *planes, evidence, _ = family
    parts = [xp.constant(part) for part in planes]
    evidence = Evidence(*map(xp.constant, evidence))
    theirs = RestorationFamily(*parts, evidence=evidence, statistics=None)
    found = xp.run(expected_variance, xp.constant(latent), theirs, xp.constant(PROFILE), margin=0)
    np.testing.assert_allclose(xp.to_numpy(found), expected, rtol=1e-4)


def test_packing_loses_nothing_but_digits(packed):
    model = load_error_model()
    assert packed["provenance"]["script"] == "benchmarks/shipped/train_error_model.py"
    assert model.pack(packed["provenance"]) == packed


def damaged(packed, change):
    broken = copy.deepcopy(packed)
    change(broken)
    return broken


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda packed: packed.update(version=0), "not an error model that this version reads"),
        (lambda packed: packed["features"].pop(), "fitted to other features"),
        (lambda packed: packed.pop("biases"), "is damaged: KeyError"),
        (lambda packed: packed["weights"][0].append([1.0]), "is damaged: ValueError"),
        (lambda packed: packed["weights"][1][0].__setitem__(0, 9.0), "do not match its checksum"),
    ],
)
def test_damaged_models_are_refused_by_name(packed, change, message):
    with pytest.raises(InvalidNetworkError, match=f"^some.json.*{message}"):
        ErrorModel.unpack(damaged(packed, change), "some.json")
