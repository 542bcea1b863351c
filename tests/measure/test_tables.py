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

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from astropy.table import Table, vstack
from measured_fields import make_patch
from small_fields import make_config

from lsst.acn import ExposureStack, InvalidExposureError
from lsst.acn.measure.columns import METRICS_COLUMNS, VISIT_COLUMNS, ColumnMeaning
from lsst.acn.measure.exposure_fits import fit_exposures
from lsst.acn.measure.held_out_test import run_held_out_test
from lsst.acn.measure.measurement import PatchMeasurement, measure_patch
from lsst.acn.measure.restored_patch import RestoredPatch
from lsst.acn.measure.tables import make_metrics_table, make_visit_table
from lsst.acn.metrics import classify_pixels, latent_excess, mean_log_spectrum, sky_noise

EDGES = np.arange(20.0, 26.0)


def measure(patch: RestoredPatch) -> PatchMeasurement:
    return measure_patch(patch, magnitude_edges=EDGES, zero_point=30.0)


@pytest.fixture(scope="module")
def truth() -> PatchMeasurement:
    """The perfect restoration."""
    return measure(make_patch())


def test_perfect_restoration_leaves_nothing_but_noise(truth: PatchMeasurement) -> None:
    numbers = make_metrics_table(truth)[0]
    for name in ("residual_source_rms", "residual_sky_rms", "stacked_residual_source_rms"):
        assert numbers[name] == pytest.approx(1.0, abs=0.1), name
    assert numbers["residual_source_mean"] == pytest.approx(0.0, abs=0.1)
    assert numbers["residual_sky_outliers"] == 0
    assert numbers["flux_ratio"] == pytest.approx(1.0, abs=0.02)
    assert (numbers["n_outlier_visits"], numbers["outlier_visits"]) == (0, "")


def test_numbers_are_those_of_the_images(truth: PatchMeasurement) -> None:
    numbers, patch = make_metrics_table(truth)[0], truth.patch
    assert numbers["sharpness_latent"] == mean_log_spectrum(patch.latent[4:-4, 4:-4])
    assert numbers["sky_sigma_coadd"] == sky_noise(patch.coadd_image)
    change = numbers["sky_sigma_restored"] / numbers["sky_sigma_coadd"]
    assert numbers["sky_sigma_change"] == pytest.approx(100 * (change - 1))
    assert numbers["n_exposures"] == 5
    difference = (patch.restored.image[0] - patch.coadd.image[0])[patch.coadd.valid[0]]
    psnr = 10 * np.log10(numbers["data_range"] ** 2 / np.mean(difference.astype(float) ** 2))
    assert numbers["psnr_coadd"] == pytest.approx(psnr)


def test_noise_that_goes_together_is_told_from_white_noise(truth: PatchMeasurement) -> None:
    numbers = make_metrics_table(truth)[0]
    assert numbers["noise_correlation_length_coadd"] == pytest.approx(0.63, abs=0.05)
    assert numbers["detection_scale_coadd"] == pytest.approx(1.0, abs=0.1)
    # In the sky of the truth there is nothing at all.
    assert numbers["detection_scale_restored"] < 1e-3
    # What is made a target PSF wide goes together as far, and is .4 where the variance says 1.
    noisy = make_metrics_table(measure(make_patch(noise=0.5)))
    assert 1.5 < noisy["noise_correlation_length_restored"][0] < 2.5
    assert noisy["noise_correlation_length_restored"].unit == "pix"
    assert 0.3 < noisy["detection_scale_restored"][0] < 0.5


def test_restorations_of_known_order_come_out_in_that_order(truth: PatchMeasurement) -> None:
    worse = [measure(make_patch(blur, noise)) for blur, noise in ((0.5, 2.0), (1.0, 6.0), (2.0, 20.0))]
    table = vstack([make_metrics_table(each) for each in (truth, *worse)])
    for name in ("residual_source_rms", "stacked_residual_sky_rms", "residual_sky_rms", "sky_sigma_latent"):
        assert (np.diff(table[name]) > 0).all(), name


def test_residual_map_is_the_mean_of_all_exposures_over_its_noise() -> None:
    patch = make_patch()
    offset = dataclasses.replace(patch, latent=patch.latent - 1.0)
    pixels = classify_pixels(patch.coadd_image, patch.coadd.variance[0], patch.coadd_fwhm)
    change = fit_exposures(offset, pixels).residual - fit_exposures(patch, pixels).residual
    # Each exposure rises by 1 above its prediction; the mean of n has noise 2 / sqrt(n).
    n_valid = patch.exposures.valid.sum(axis=0)
    np.testing.assert_allclose(change, np.sqrt(n_valid) / 2.0, rtol=1e-4)


def test_visit_that_differs_is_flagged() -> None:
    patch = make_patch()
    image = patch.exposures.image.copy()
    image[3] += np.random.default_rng(1).normal(0.0, 4.0, image[3].shape)
    stack = ExposureStack.from_arrays(
        image, patch.exposures.variance, patch.exposures.psf, visits=[2, 3, 5, 7, 11]
    )
    fits = fit_exposures(
        dataclasses.replace(patch, exposures=stack),
        classify_pixels(patch.coadd_image, patch.coadd.variance[0], patch.coadd_fwhm),
    )
    assert fits.outlier_visits == [7]
    assert fits.exposures[3].everywhere.reduced_chi2 == pytest.approx(1 + 4.0**2 / 2.0**2, rel=0.1)


def test_tables_say_what_is_wrong_with_which_visit() -> None:
    patch = make_patch()
    kernels = patch.exposures.psf.kernels[:, 0, 0].copy()
    kernels[1] = np.roll(kernels[1], 1, axis=0)
    variance = patch.exposures.variance * np.array([1, 1, 1, 1, 0.25])[:, None, None]
    stack = ExposureStack.from_arrays(patch.exposures.image, variance, kernels, visits=[2, 3, 5, 7, 11])
    measurement = measure(dataclasses.replace(patch, exposures=stack))
    visits, numbers = make_visit_table(measurement), make_metrics_table(measurement)[0]
    assert visits["psf_offset"].unit == "pix"
    assert visits["psf_offset"][1] == pytest.approx(1.0, abs=0.05)
    assert visits["noise_ratio"][4] == pytest.approx(2.0, rel=0.1)
    assert "off the middle" in visits["warnings"][1]
    assert "scatter" in visits["warnings"][4]
    said = numbers["exposure_warnings"]
    assert "Visit 3: its PSF is " in said
    assert "Visit 11: " in said
    assert f"its pixels scatter {visits['noise_ratio'][4]:.2f} times" in said
    assert numbers["n_warned_visits"] == sum(bool(text) for text in visits["warnings"]) >= 2


@pytest.mark.parametrize(
    ("make", "columns"), [(make_metrics_table, METRICS_COLUMNS), (make_visit_table, VISIT_COLUMNS)]
)
def test_every_column_says_what_it_is(
    make: Callable[..., Table], columns: dict[str, ColumnMeaning], truth: PatchMeasurement
) -> None:
    table = make(truth, {"seed": 3})
    assert table.colnames == list(columns)
    assert all(table[name].description.endswith(".") for name in columns)
    assert table.meta["seed"] == 3
    if "sky_sigma_coadd" in columns:
        assert (table["sky_sigma_coadd"].unit, table["psnr_coadd"].unit) == ("nJy", "dB")


def test_visit_table_has_a_row_per_visit(truth: PatchMeasurement) -> None:
    table = make_visit_table(truth)
    assert table["visit"].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(table["chi2"], 1.0, atol=0.1)
    assert np.isnan(table["held_out_excess"]).all()
    assert table["n_pixels"].tolist() == truth.patch.exposures.valid.sum(axis=(1, 2)).tolist()


def test_tables_of_patches_with_other_numbers_of_visits_stack(truth: PatchMeasurement) -> None:
    other = measure(make_patch(n=3, noise=0.1))
    numbers = vstack([make_metrics_table(each) for each in (truth, other)])
    assert numbers["n_exposures"].tolist() == [5, 3]
    assert numbers["flux_ratio_median"].shape == (2, len(EDGES) - 1)
    assert len(vstack([make_visit_table(each) for each in (truth, other)])) == 8


def test_parts_that_do_not_belong_together_are_refused() -> None:
    patch = make_patch()
    with pytest.raises(InvalidExposureError, match="The coadd is on"):
        dataclasses.replace(patch, coadd=patch.exposures)
    with pytest.raises(InvalidExposureError, match="latent image"):
        dataclasses.replace(patch, latent=patch.latent[1:])
    with pytest.raises(InvalidExposureError, match="'adu'"):
        dataclasses.replace(patch, restored=dataclasses.replace(patch.restored, unit="adu"))


@pytest.fixture
def config() -> object:
    return make_config(method="image_mm", image_mm__iterations=40)


def test_held_out_exposures_have_no_part_in_the_restoration(config: object) -> None:
    stack = make_patch().exposures
    test = run_held_out_test(stack, [1, 3], config)
    image = stack.image.copy()
    image[[1, 3]] += 1000.0
    changed = ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=stack.valid)
    assert test.visits == (1, 3)
    assert test.box == stack.box
    # A million sigma or none: the latent image and the pixels are the same.
    spoilt = run_held_out_test(changed, [1, 3], config)
    assert spoilt.restored.value == pytest.approx(test.restored.value, rel=0.05)
    config.nuisances.passes = 0
    spoilt = run_held_out_test(changed, [1, 3], config)
    assert spoilt.restored.n_pixels == test.restored.n_pixels
    assert spoilt.restored.value == pytest.approx((1000 / 2) ** 2, rel=0.05)


def test_restoration_beats_its_peers_on_held_out_exposures(config: object) -> None:
    test = run_held_out_test(make_patch().exposures, [0, 4], config)
    assert 0 < test.restored.value < min(test.coadd.value, test.coadd_as_latent.value)
    measurement = dataclasses.replace(measure(make_patch()), held_out=test)
    numbers, visits = make_metrics_table(measurement)[0], make_visit_table(measurement)
    assert numbers["held_out_excess"] == test.restored.value
    assert numbers["held_out_visits"] == "0 4"
    np.testing.assert_array_equal(np.flatnonzero(~np.isnan(visits["held_out_excess"])), [0, 4])


def test_part_with_most_sources_is_restored(config: object) -> None:
    stack = make_patch().exposures
    test = run_held_out_test(stack, [2], config, size=40)
    assert test.box.shape == (40, 40)
    assert stack.box.contains(test.box)
    assert 0 < test.restored.n_pixels <= 1600


def test_held_out_visit_has_to_be_in_the_stack(config: object) -> None:
    with pytest.raises(InvalidExposureError, match=r"\[77\]"):
        run_held_out_test(make_patch().exposures, [1, 77], config)


def test_excess_of_the_truth_is_that_of_the_noise() -> None:
    patch = make_patch()
    where = np.ones(patch.exposures.shape, bool)
    excess = latent_excess(patch.exposures, patch.latent, patch.latent_box, where)
    assert abs(excess.value) < 4 * excess.error


@pytest.mark.parametrize("factor", [1e-19, 1e-9, 1e17])
def test_numbers_are_the_same_in_any_unit(factor: float, truth: PatchMeasurement) -> None:
    planes = {
        name: in_unit(getattr(truth.patch, name), factor) for name in ("exposures", "coadd", "restored")
    }
    latent = truth.patch.latent * np.float32(factor)
    patch = dataclasses.replace(truth.patch, latent=latent, **planes)
    other = measure_patch(patch, magnitude_edges=EDGES, zero_point=30.0 + 2.5 * np.log10(factor))
    np.testing.assert_array_equal(other.pixels.source, truth.pixels.source)
    np.testing.assert_allclose(other.ratios.median, truth.ratios.median, rtol=1e-5)
    for name in ("reduced_chi2", "chi2_error"):
        expected, found = (
            [getattr(each.source, name) for each in measured.fits.exposures] for measured in (truth, other)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    for name in ("psnr", "ssim"):
        expected, found = (
            [getattr(each, name) for each in measured.fits.exposures] for measured in (truth, other)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    ratios = [[each.noise_ratio for each in measured.qualities] for measured in (truth, other)]
    np.testing.assert_allclose(ratios[1], ratios[0], rtol=1e-4)


@pytest.mark.parametrize("factor", [1e-19, 1e17])
def test_held_out_exposures_are_foretold_in_any_unit(factor: float, truth: PatchMeasurement) -> None:
    config = make_config(method="image_mm", image_mm__iterations=10)
    stack = truth.patch.exposures
    assert isinstance(stack, ExposureStack)
    one, other = (run_held_out_test(each, [1, 3], config) for each in (stack, in_unit(stack, factor)))
    for name in ("restored", "restored_sky", "coadd", "coadd_as_latent"):
        expected, found = getattr(one, name), getattr(other, name)
        assert found.value == pytest.approx(expected.value, rel=1e-3, abs=1e-3 * expected.error)
        assert found.n_pixels == expected.n_pixels


def in_unit(stack: ExposureStack, factor: float) -> ExposureStack:
    variance = np.where(stack.valid, stack.variance.astype(float) * factor**2, np.inf)
    return ExposureStack.from_arrays(
        stack.image * factor, variance, stack.psf, valid=stack.valid, box=stack.box
    )
