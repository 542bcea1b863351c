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
"""Restorations of known order: the truth, made worse step by step.

The truth is blurred, noised or scaled more and more.  A metric for which that
has an order has to show it; so do those that reward a worse image, as the
guide says of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.table import Table, vstack
from measured_fields import make_patch
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve
from small_fields import make_config, make_stack

import lsst.acn.restoration
from lsst.acn.measure.held_out_test import run_held_out_test
from lsst.acn.measure.measurement import PatchMeasurement, measure_patch
from lsst.acn.measure.tables import make_metrics_table, make_visit_table
from lsst.acn.metrics import peak_signal_to_noise, structural_similarity

SERIES: dict[str, list[dict[str, float]]] = {
    "noise": [{"noise": 0.5}, {"noise": 2.0}, {"noise": 6.0}, {"noise": 20.0}],
    "blur": [{}, {"blur": 0.5}, {"blur": 1.0}, {"blur": 2.0}],
    "loss of flux": [{}, {"scale": 0.97}, {"scale": 0.9}, {"scale": 0.7}],
}
WORSE = [
    ("noise", "residual_source_rms"),
    ("noise", "residual_sky_rms"),
    ("noise", "residual_source_sigma"),
    ("noise", "residual_sky_sigma"),
    ("noise", "stacked_residual_source_rms"),
    ("noise", "stacked_residual_sky_rms"),
    ("noise", "sky_sigma_restored"),
    ("noise", "sky_sigma_latent"),
    ("noise", "sky_sigma_change"),
    ("blur", "residual_source_rms"),
    ("blur", "residual_source_sigma"),
    ("blur", "residual_source_outliers"),
    ("blur", "stacked_residual_source_rms"),
    ("loss of flux", "residual_source_mean"),
    ("loss of flux", "residual_source_rms"),
    ("loss of flux", "stacked_residual_source_rms"),
]
"""Series and the numbers that rise along it."""

BETTER = [
    ("noise", "psnr_exposures"),
    ("noise", "psnr_coadd"),
    ("noise", "ssim_exposures"),
    ("noise", "ssim_coadd"),
    ("blur", "sharpness_latent"),
    ("blur", "sharpness_restored"),
    ("blur", "sharpness_change"),
    ("loss of flux", "flux_ratio"),
]
"""Series and the numbers that fall along it."""

MISLEADING = [("noise", "sharpness_latent"), ("noise", "sharpness_change")]
"""Series of ever worse images along which a number rises that calls them better."""


@pytest.fixture(scope="module")
def measured() -> dict[str, list[PatchMeasurement]]:
    edges = np.array([20.0, 26.0])
    return {
        name: [measure_patch(make_patch(**step), magnitude_edges=edges, zero_point=30.0) for step in steps]
        for name, steps in SERIES.items()
    }


@pytest.fixture(scope="module")
def tables(measured: dict[str, list[PatchMeasurement]]) -> dict[str, Table]:
    return {name: vstack([make_metrics_table(each) for each in steps]) for name, steps in measured.items()}


@pytest.mark.parametrize(("series", "number"), WORSE + MISLEADING)
def test_number_rises(series: str, number: str, tables: dict[str, Table]) -> None:
    assert (np.diff(tables[series][number]) > 0).all()


@pytest.mark.parametrize(("series", "number"), BETTER)
def test_number_falls(series: str, number: str, tables: dict[str, Table]) -> None:
    assert (np.diff(tables[series][number]) < 0).all()


def test_outliers_and_scatter_of_fluxes_come_with_noise(tables: dict[str, Table]) -> None:
    table = tables["noise"]
    assert (np.diff(table["residual_source_outliers"]) >= 0).all()
    assert table["residual_source_outliers"][-1] > 0.01 > table["residual_source_outliers"][0]
    assert table["flux_ratio_scatter"][-1, 0] > 2 * table["flux_ratio_scatter"][0, 0]


def test_likeness_to_the_coadd_rewards_its_blur(tables: dict[str, Table]) -> None:
    # Truth at the resolution of the coadd is more like it than truth at a better one.
    assert tables["blur"]["psnr_coadd"][2] > tables["blur"]["psnr_coadd"][0]
    assert tables["blur"]["psnr_exposures"][2] > tables["blur"]["psnr_exposures"][0]


@pytest.mark.parametrize("number", ["chi2", "chi2_source", "chi2_sky"])
def test_every_visit_is_explained_worse(number: str, measured: dict[str, list[PatchMeasurement]]) -> None:
    chi2 = np.array([make_visit_table(each)[number] for each in measured["noise"]])
    assert chi2.shape == (4, 5)
    assert (np.diff(chi2, axis=0) > 0).all()


def test_likeness_to_the_truth_falls_with_noise_and_blur() -> None:
    _, truth = make_stack(n=2)
    noise = np.random.default_rng(3).normal(size=truth.shape)
    valid = np.ones(truth.shape, bool)
    worse = [gaussian_filter(truth, blur) + sigma * noise for blur, sigma in ((0.3, 1), (0.6, 9), (1.2, 30))]
    for likeness in (peak_signal_to_noise, structural_similarity):
        values = [likeness(truth, image, valid, 1000.0) for image in worse]
        assert values == sorted(values, reverse=True), likeness.__name__


@pytest.mark.parametrize(("series", "pixels"), [("noise", "sky"), ("noise", "source"), ("blur", "source")])
def test_held_out_excess_rises(series: str, pixels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [_held_out_excess(step, pixels, monkeypatch) for step in SERIES[series]]
    assert (np.diff(values) > 0).all()


def _held_out_excess(step: dict[str, float], pixels: str, monkeypatch: pytest.MonkeyPatch) -> float:
    """Return the excess of a field that is "restored" to its truth made worse."""
    patch = make_patch(**step)

    def restore_latent(stack: Any, *_: object, **__: object) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        assert len(stack) == 3
        return patch.latent, {}

    monkeypatch.setattr(lsst.acn.restoration, "restore_latent", restore_latent)
    # A width that is fitted to the held-out exposures would take up some of the blur.
    test = run_held_out_test(patch.exposures, [1, 3], make_config(nuisances__passes=0))
    return test.restored.value if pixels == "source" else test.restored_sky.value


def test_numbers_of_all_exposures_by_hand() -> None:
    """Every pooled number against NumPy and SciPy alone."""
    patch = make_patch(0.7, 3.0)
    measurement = measure_patch(patch, magnitude_edges=np.array([20.0, 26.0]), zero_point=30.0)
    numbers, visits = make_metrics_table(measurement)[0], make_visit_table(measurement)
    stack, kernels = patch.exposures, patch.exposures.psf.at(0, 0)
    predicted = [convolve(patch.latent, kernel, mode="valid") for kernel in kernels]
    residual = (stack.image - predicted) / 2.0
    for name in ("source", "sky"):
        where = getattr(measurement.pixels, name) & stack.valid
        pooled = residual[where]
        widths = [1.4826 * _mad(each[mask]) for each, mask in zip(residual, where, strict=True)]
        assert numbers[f"residual_{name}_mean"] == pytest.approx(pooled.mean(), abs=1e-3)
        assert numbers[f"residual_{name}_rms"] == pytest.approx(np.sqrt(np.mean(pooled**2)), rel=1e-3)
        assert numbers[f"residual_{name}_sigma"] == pytest.approx(np.median(widths), rel=1e-3)
        assert numbers[f"residual_{name}_outliers"] == pytest.approx(np.mean(abs(pooled) > 5), abs=1e-4)
        chi2 = [np.mean(each[mask] ** 2) for each, mask in zip(residual, where, strict=True)]
        np.testing.assert_allclose(visits[f"chi2_{name}"], chi2, rtol=2e-3)
        assert numbers[f"{name}_fraction"] == pytest.approx(getattr(measurement.pixels, name).mean())
    chi2 = [np.mean(each[valid] ** 2) for each, valid in zip(residual, stack.valid, strict=True)]
    np.testing.assert_allclose(visits["chi2"], chi2, rtol=2e-3)
    scale, restored = numbers["data_range"], patch.restored.image[0].astype(float)
    squares = [
        np.mean((image - restored)[valid] ** 2) for image, valid in zip(stack.image, stack.valid, strict=True)
    ]
    np.testing.assert_allclose(visits["psnr"], 10 * np.log10(scale**2 / np.array(squares)), rtol=1e-4)
    assert numbers["psnr_exposures"] == pytest.approx(np.mean(visits["psnr"]))
    assert numbers["ssim_exposures"] == pytest.approx(np.mean(visits["ssim"]))
    low, high = np.quantile(patch.coadd_image[np.isfinite(patch.coadd_image)], (0.001, 0.999))
    assert scale == pytest.approx(high - low, rel=1e-5)


def _mad(values: np.ndarray) -> float:
    return float(np.median(np.abs(values - np.median(values))))
