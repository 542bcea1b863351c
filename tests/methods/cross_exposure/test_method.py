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
from array_libraries import needs_keras, sums_of
from small_fields import make_config, make_stack

from lsst.acn import Box, ExposureStack, InvalidExposureError, RestorationConfig, restore
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.exposures.mirrored_cutout import mirrored_cutout, mirrored_index
from lsst.acn.methods.cross_exposure.family.exposure_sums import sum_up
from lsst.acn.methods.cross_exposure.family.family import FAMILY_SIZE, SHARP_MEMBER, make_family
from lsst.acn.methods.cross_exposure.family.first_model import FIRST_PASS
from lsst.acn.methods.cross_exposure.family.margins import family_margin
from lsst.acn.methods.cross_exposure.family.path import follow_path
from lsst.acn.methods.cross_exposure.family.refinement import refine_bright
from lsst.acn.methods.cross_exposure.family.restored_family import restore_family, restore_whole_family
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.cross_exposure.network.samples import draw_samples

QUICK = {
    "method": "cross_exposure",
    "cross_exposure__network": "fresh",
    "cross_exposure__steps": 6,
    "cross_exposure__samples": 4,
    "cross_exposure__tile_size": 24,
    "cross_exposure__channels": 8,
    "cross_exposure__dilations": [1],
}


XP = numpy_arrays()


def family_without_fill(stack):
    """Return what the sums with the coadd in holes give."""
    sums = sums_of(stack)
    latent = follow_path(XP, sum_up(XP, sums), FIRST_PASS)[-1]
    return make_family(XP, sums._replace(trust=np.ones_like(sums.trust)), latent)


def test_mirrored_cutouts_equal_symmetric_padding():
    stack, _ = make_stack()
    np.testing.assert_array_equal(mirrored_index(-3, 7, 4), [2, 1, 0, 0, 1, 2, 3, 3, 2, 1])
    part = mirrored_cutout(stack, Box(-5, 20, 30, 52))
    padded = np.pad(stack.image, [(0, 0), (5, 5), (5, 5)], mode="symmetric")
    np.testing.assert_array_equal(part.image, padded[:, 0:25, 35:57])
    inside = mirrored_cutout(stack, Box(2, 20, 3, 9))
    assert np.shares_memory(inside.image, stack.image)


def test_statistics_against_sums_over_full_transforms():
    stack, _ = make_stack(n=3)
    whole = ExposureStack.from_arrays(
        stack.image * 0 + np.arange(3)[:, None, None],
        np.ones(stack.image.shape) * np.array([1, 2, 4])[:, None, None],
        stack.psf,
    )
    statistics = sum_up(XP, sums_of(whole))
    weights = np.array([1, 1 / 2, 1 / 4])
    assert statistics.noise == pytest.approx(1 / np.sqrt(weights.sum()))
    assert statistics.power[0, 0] == pytest.approx(1.0, rel=1e-5)
    kernels = stack.psf.at(0, 0)
    squares = [np.mean(np.abs(spectrum) ** 2) for spectrum in sharp_spectra(kernels, stack.shape)]
    assert statistics.mean_power == pytest.approx((weights * squares).sum() / weights.sum(), rel=1e-3)
    mean = (weights * np.arange(3)).sum() / weights.sum()
    np.testing.assert_allclose(statistics.image, mean, rtol=1e-4)


def sharp_spectra(kernels, shape):
    """Return full transforms of kernels that are narrower by a Gaussian of variance 1/3."""
    spectra = np.fft.fft2(kernels, s=shape)
    along_y, along_x = (2 * np.pi * np.fft.fftfreq(side) for side in shape)
    return spectra * np.exp((along_y[:, None] ** 2 + along_x**2) / 6)


def test_significance_has_unit_width_in_pure_noise():
    rng = np.random.default_rng(0)
    stack, _ = make_stack(shape=(120, 128))
    scale = np.array([1, 1, 2, 2])[:, None, None]
    noise = ExposureStack.from_arrays(
        rng.normal(size=stack.image.shape) * scale, np.ones(stack.image.shape) * scale**2, stack.psf
    )
    family = family_without_fill(noise)
    assert family.significance.std() == pytest.approx(1.0, abs=0.1)
    assert family.members.shape == (120, 128, FAMILY_SIZE)
    assert family.members.min() >= 0


def test_the_sparser_the_member_the_less_it_makes_of_noise_and_stars_stay():
    stack, truth = make_stack(n=6, shape=(80, 90))
    family = restore_family(stack, stack.box.grown_by(stack.psf.radius))
    empty = np.ones(truth.shape, bool)
    for y, x in np.argwhere(truth > 0):
        empty[max(y - 9, 0) : y + 10, max(x - 9, 0) : x + 10] = False
    sharp = family.members[..., SHARP_MEMBER - 1 : SHARP_MEMBER + 3]
    noise = [member[empty].sum() for member in np.moveaxis(sharp, -1, 0)]
    assert noise == sorted(noise, reverse=True)
    assert noise[-1] < 0.1 * noise[0]
    y, x = np.unravel_index(truth.argmax(), truth.shape)
    box = np.s_[y - 2 : y + 3, x - 2 : x + 3]
    fluxes = family.members[box].sum(axis=(0, 1))[SHARP_MEMBER : SHARP_MEMBER + 3] * family.unit
    np.testing.assert_allclose(fluxes, truth[box].sum(), rtol=0.05)


def test_cosmic_rays_that_no_mask_knows_do_not_leak_in():
    stack, _ = make_stack(n=8)
    clean = restore_family(stack, stack.box)
    image = stack.image.copy()
    image[3, 20:22, 24] += 1000.0
    hit = ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=stack.valid)
    change = np.abs(restore_family(hit, stack.box).members - clean.members).max()
    assert change * clean.unit < 10.0


def test_samples_never_hold_the_exposures_they_are_made_from(monkeypatch):
    stack, _ = make_stack(n=6)
    seen = []
    monkeypatch.setattr(
        "lsst.acn.methods.cross_exposure.network.samples.restore_family",
        lambda part, *args: seen.append(part.visits) or restore_family(part, *args),
    )
    tiles = [Box(0, 24, 0, 24), Box(8, 32, 8, 32)]
    rng = np.random.default_rng(0)
    samples = list(draw_samples(stack, tiles, share=0.6, n_held_out=2, rng=rng))
    for tile, sample, inside in zip(tiles, samples, seen, strict=True):
        assert len(inside) == 4
        held_out = [visit for visit in stack.visits if visit not in inside]
        expected = stack.select(held_out).cutout(tile).image
        found = sample.data * np.median(expected[sample.data != 0] / sample.data[sample.data != 0])
        np.testing.assert_allclose(np.sort(found, axis=0), np.sort(expected, axis=0), rtol=1e-4, atol=1e-4)


@needs_keras
def test_restores_and_says_how_sure_it_is():
    stack, truth = make_stack(n=8)
    result = restore(stack, make_config(**QUICK))
    assert result.latent.min() >= 0
    assert (result.variance > 0).all()
    assert result.latent.sum() == pytest.approx(truth.sum(), rel=0.1)
    assert len(result.history["loss"]) == 3


@needs_keras
def test_tiled_and_untiled_agree():
    stack, _ = make_stack(n=5, shape=(90, 100))
    config = make_config(**QUICK, tiles__restoring_size=64)
    method = CrossExposureMethod(stack, config)
    log = logging.getLogger(__name__)
    tiled = method.restore(None, log)[0]
    config.tiles.restoring_size = 1000
    untiled = method.restore(None, log)[0]
    assert np.sqrt(np.mean((tiled - untiled) ** 2)) < 0.02 * untiled.max()
    assert tiled.sum() == pytest.approx(untiled.sum(), rel=1e-2)


@pytest.mark.parametrize("variance", ["predicted", "jackknife"])
def test_where_no_exposure_has_data_nothing_is_claimed(variance):
    stack, _ = make_stack(n=4, shape=(60, 200))
    valid = stack.valid.copy()
    valid[:, :, 90:] = False
    part = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid)
    config = RestorationConfig()
    config.cross_exposure.variance = variance
    config.tiles.restoring_size, config.tiles.overlap = 50, 4
    result = restore(part, config)
    far, known = np.s_[:, 160:], np.s_[:, :80]
    assert (result.image[far] == 0).all()
    assert np.isposinf(result.variance[far]).all()
    assert (result.variance[known] > 0).all()
    assert np.isfinite(result.variance[known]).all()


def test_two_exposures_are_too_few():
    stack, _ = make_stack(n=2)
    with pytest.raises(InvalidExposureError, match=r"needs 3 exposures.*\[0, 1\]"):
        restore(stack, make_config(**QUICK))


def test_saturated_cores_are_filled_with_what_their_surroundings_say():
    stack, truth = make_stack(n=6, shape=(64, 64), noise=0.5)
    radius = stack.psf.radius
    inner = truth[radius + 12 : -radius - 12, radius + 12 : -radius - 12]
    y, x = np.unravel_index(inner.argmax(), inner.shape)
    y, x = y + 12, x + 12
    valid = stack.valid.copy()
    valid[:, y - 1 : y + 2, x - 1 : x + 2] = False
    image = np.where(valid, stack.image, 0.0)
    saturated = ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=valid)
    box = saturated.box.grown_by(radius)
    near = np.s_[y + radius - 4 : y + radius + 5, x + radius - 4 : x + radius + 5]
    family = restore_family(saturated, box)
    filled = family.members[..., SHARP_MEMBER][near].sum() * family.unit
    once = family_without_fill(mirrored_cutout(saturated, box.grown_by(2 * radius)))
    interpolated = once.cropped(2 * radius).members[..., SHARP_MEMBER][near].sum() * once.unit
    expected = truth[near].sum()
    assert abs(filled - expected) < 0.5 * abs(interpolated - expected)


def test_pixels_of_large_variance_count_for_less():
    stack, truth = make_stack(n=4)
    variance = stack.variance.copy()
    variance[:2] = 1.0
    image = stack.image.copy()
    # A patch of one exposure that is wrong, and says so.
    image[0, 10:20, 10:20] += 3.0
    variance[0, 10:20, 10:20] = 1e4
    honest = ExposureStack.from_arrays(image, variance, stack.psf, valid=stack.valid)
    blind = ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=stack.valid)
    latent = np.zeros(stack.shape, np.float32)
    patch = np.s_[13:17, 13:17]
    sums = [sum_up(XP, sums_of(part), latent).image[patch].mean() for part in (honest, blind)]
    without = sum_up(XP, sums_of(stack), latent).image[patch].mean()
    assert abs(sums[0] - without) < 0.4 * abs(sums[1] - without)


def test_refinement_fits_bright_sources_better_and_leaves_the_sky_alone():
    stack, truth = make_stack(n=6, shape=(60, 64))
    box = stack.box.grown_by(stack.psf.radius)
    margin = family_margin(stack.psf.radius, box.shape)
    family = restore_whole_family(stack, box, margin)
    start = 0.8 * family.members[..., SHARP_MEMBER]
    refined = refine_bright(XP, start, family, 20)
    inside = slice(margin, -margin)
    bright = family.significance[inside, inside] > 100
    model = truth / family.unit
    assert truth[bright].sum() > 0
    before, after = (
        abs(image[inside, inside][bright].sum() / model[bright].sum() - 1) for image in (start, refined)
    )
    assert before > 0.1
    assert after < 0.03
    faint = family.significance < 2
    assert np.abs(refined - start)[faint].max() < 2e-3 * refined.max()
    with pytest.raises(ValueError, match="whole family"):
        refine_bright(XP, start[5:], family, 1)


def test_refinement_is_a_matter_of_the_config():
    stack, _ = make_stack(n=4)
    plain = restore(stack, make_config(**QUICK | {"cross_exposure__steps": 0}))
    refined = restore(
        stack, make_config(**QUICK | {"cross_exposure__steps": 0}, cross_exposure__refinement_updates=20)
    )
    assert np.abs(plain.image - refined.image).max() > 0
