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
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from measured_fields import make_patch

from lsst.acn import Box, ExposureStack
from lsst.acn.measure.measurement import PatchMeasurement, measure_patch
from lsst.acn.measure.plots.curve_panels import draw_chi2, draw_flux_ratios
from lsst.acn.measure.plots.image_panels import (
    MAX_SIDE,
    add_circle,
    add_scale_bar,
    show_image,
    stretch_of,
    stretch_ticks,
)
from lsst.acn.measure.plots.places import interesting_places
from lsst.acn.measure.plots.restoration_plot import draw_restoration
from lsst.acn.measure.tables import make_metrics_table
from lsst.acn.metrics import FluxRatios, SourceFluxes

BOX = Box.from_shape((100, 120), (1000, 2000))
HISTORY = {"epoch": np.array([1, 2, 3]), "loss": np.array([3.0, 2.0, 1.5])}


def make_sources(*rows: tuple[float, float, float]) -> SourceFluxes:
    """Return sources at (y, x) with some flux, whose error is 1."""
    y, x, flux = np.array(rows, float).reshape(-1, 3).T
    return SourceFluxes(x, y, flux, np.ones_like(flux), flux, flux > 0, radius=3.0)


@pytest.fixture(scope="module")
def measurement() -> PatchMeasurement:
    return measure_patch(make_patch(0.5, 0.5), magnitude_edges=np.arange(20.0, 28.0), zero_point=31.4)


def test_places_are_the_brightest_the_most_crowded_and_the_faintest() -> None:
    sources = make_sources((20, 20, 900), (70, 80, 30), (72, 84, 40), (75, 80, 50), (20, 90, 8), (90, 20, 3))
    places = interesting_places(sources, BOX, 20)
    assert [place.name for place in places] == [
        "brightest source",
        "most crowded",
        "faintest source of 7σ or more",
    ]
    inside = [(1020, 2020), (1072, 2081), (1020, 2090)]
    for place, (y, x) in zip(places, inside, strict=True):
        assert place.box.shape == (20, 20)
        assert place.box.contains(Box(y, y + 1, x, x + 1))
    assert [place.is_marked for place in places] == [False, False, True]
    assert [(place.y, place.x) for place in places] == [(1020, 2020), (1075, 2080), (1020, 2090)]


def test_places_stay_inside_the_patch_and_apart() -> None:
    places = interesting_places(make_sources((1, 1, 100), (3, 2, 60), (99, 119, 50)), BOX, 24)
    assert [place.name for place in places] == ["brightest source", "faintest source of 7σ or more"]
    assert all(BOX.contains(place.box) for place in places)
    assert not places[0].box.overlaps(places[1].box)


def test_empty_patch_has_no_places() -> None:
    assert interesting_places(make_sources(), BOX, 24) == []
    assert interesting_places(make_sources((50, 50, 20)), BOX, 500)[0].box == BOX


def test_stretch_is_shared_and_reaches_from_noise_to_the_brightest() -> None:
    faint, bright = np.zeros((10, 10)), np.full((10, 10), 500.0)
    bright[0, 0] = np.nan
    norm = stretch_of([faint, bright], 2.0)
    assert (norm.vmin, norm.vmax) == (-6.0, 500.0)
    assert stretch_of([faint], 2.0).vmax == 20.0


@pytest.mark.parametrize("bright", [0.5, 31.0, 90.0, 5e4])
def test_ticks_are_round_in_range_and_apart(bright: float) -> None:
    norm = stretch_of([np.full((9, 9), bright)], 0.03 * bright)
    ticks = stretch_ticks(norm)
    assert ticks[0] == 0
    assert len(ticks) >= 3
    assert max(ticks) > 0.3 * norm.vmax
    assert (np.diff(np.sort(norm(ticks))) >= 0.12).all()


def test_comparisons_share_one_scale_and_residuals_are_centred(measurement: PatchMeasurement) -> None:
    figure = draw_restoration(measurement, make_metrics_table(measurement), HISTORY)
    images = [axes.images[0] for axes in figure.findobj(lambda each: hasattr(each, "images")) if axes.images]
    whole = [image for image in images if image.get_array().shape == measurement.patch.exposures.shape]
    coadd, restored, residual = whole
    assert coadd.norm is restored.norm
    assert residual.norm.vmin == -residual.norm.vmax
    np.testing.assert_array_equal(residual.get_array(), measurement.fits.residual)
    close = [image for image in images if image.get_array().shape == (36, 36)]
    assert len(close) % 3 == 0
    assert all(first.norm is second.norm for first, second in zip(close[::3], close[1::3], strict=True))


@pytest.mark.parametrize(
    ("unit", "zero_point", "label"),
    [
        ("nJy", 31.4, "AB magnitude in the coadd"),
        ("adu", 31.4, "log₁₀ of the flux in the coadd [adu]"),
        ("adu", 27.0, "magnitude in the coadd, zero point 27"),
    ],
)
def test_brightness_is_named_by_what_is_known_of_it(
    measurement: PatchMeasurement, unit: str, zero_point: float, label: str
) -> None:
    patch = measurement.patch
    planes = (dataclasses.replace(each, unit=unit) for each in (patch.exposures, patch.coadd, patch.restored))
    exposures, coadd, restored = planes
    patch = dataclasses.replace(patch, exposures=exposures, coadd=coadd, restored=restored)
    axes = Figure().subplots()
    draw_flux_ratios(axes, dataclasses.replace(measurement, patch=patch, zero_point=zero_point))
    assert axes.get_xlabel() == label
    if "flux" in label:
        shown = measurement.sources.is_complete & (measurement.sources.signal_to_noise >= 5.0)
        (points,) = [line for line in axes.lines if line.get_label() == "sources"]
        flux = 10 ** (0.4 * (31.4 - measurement.sources.magnitudes(31.4)[shown]))
        np.testing.assert_allclose(10.0 ** points.get_xdata(), flux, rtol=1e-6)


def test_plot_names_outlier_visits_and_what_is_missing(measurement: PatchMeasurement) -> None:
    exposures = [dataclasses.replace(each, is_outlier=each.visit == 3) for each in measurement.fits.exposures]
    fits = dataclasses.replace(measurement.fits, exposures=tuple(exposures))
    changed = dataclasses.replace(measurement, fits=fits)
    figure = draw_restoration(changed, make_metrics_table(changed), None)
    assert {"visit 3", "Reduced χ² of each exposure", "3"} <= texts_of(figure)


def texts_of(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))}


def widths_of_curves(figure: Figure) -> list[float]:
    figure.draw_without_rendering()
    panels = figure.findobj(Axes)
    return [each.get_position().width for each in panels if each.get_title().startswith(("Red", "Flux"))]


def test_panels_of_curves_have_the_room_of_a_training_that_there_was_not(
    measurement: PatchMeasurement,
) -> None:
    metrics = make_metrics_table(measurement)
    trained = draw_restoration(measurement, metrics, HISTORY)
    plain = draw_restoration(measurement, metrics, {name: values[:0] for name, values in HISTORY.items()})
    assert "Training" in texts_of(trained)
    assert "Training" not in texts_of(plain)
    for narrow, wide in zip(widths_of_curves(trained), widths_of_curves(plain), strict=True):
        assert wide > 1.15 * narrow


def test_residuals_say_their_rms(measurement: PatchMeasurement) -> None:
    residual = np.full(measurement.patch.exposures.shape, 1.5)
    residual[::2] *= -1
    residual[0] = np.nan
    fits = dataclasses.replace(measurement.fits, residual=residual)
    changed = dataclasses.replace(measurement, fits=fits)
    texts = texts_of(draw_restoration(changed, make_metrics_table(changed), None))
    assert "Mean of exposure − prediction, rms 1.50 σ" in texts
    assert "residual, rms 1.50 σ" in texts


def test_plot_of_a_blank_patch_can_be_saved(measurement: PatchMeasurement, tmp_path: Path) -> None:
    patch = measurement.patch
    blank = ExposureStack.from_arrays(
        np.zeros((1, *patch.exposures.shape)), np.ones((1, *patch.exposures.shape)), patch.coadd.psf
    )
    empty = dataclasses.replace(patch, coadd=blank, restored=blank, latent=np.zeros_like(patch.latent))
    measured = measure_patch(empty, magnitude_edges=np.arange(20.0, 28.0), zero_point=31.4)
    draw_restoration(measured, make_metrics_table(measured), HISTORY).savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_marks_at_the_edge_do_not_widen_a_panel() -> None:
    axes = Figure().subplots()
    box = Box.from_shape((20, 24), (100, 200))
    show_image(axes, np.zeros(box.shape), box, stretch_of([np.zeros(box.shape)], 1.0))
    add_circle(axes, 101, 201, 9.0, "white")
    add_scale_bar(axes, box.shape[1], 0.2)
    axes.figure.canvas.draw()
    assert (axes.get_xlim(), axes.get_ylim()) == ((199.5, 223.5), (99.5, 119.5))


def test_names_of_outlier_visits_stay_in_their_panel(measurement: PatchMeasurement) -> None:
    exposures = [dataclasses.replace(each, is_outlier=True) for each in measurement.fits.exposures]
    axes = Figure().subplots()
    draw_chi2(axes, dataclasses.replace(measurement.fits, exposures=tuple(exposures)))
    alignments = [text.get_horizontalalignment() for text in axes.texts]
    assert alignments == ["left", "center", "center", "center", "right"]


def test_flux_ratios_and_their_scatter_are_inside_the_panel(measurement: PatchMeasurement) -> None:
    ratios = FluxRatios(np.array([22.5]), np.array([3]), np.array([0.4]), np.array([0.3]))
    axes = Figure().subplots()
    draw_flux_ratios(axes, dataclasses.replace(measurement, ratios=ratios))
    low, high = axes.get_ylim()
    assert low < 0.4 - 0.3
    assert high > 1.05


def test_a_large_image_is_drawn_with_as_many_pixels_as_it_can_show() -> None:
    image = np.repeat(np.arange(3.0 * MAX_SIDE), 4).reshape(-1, 4).astype(np.float32)
    image[5, 1], image[6:9, 0:3] = np.nan, np.nan
    axes = Figure().subplots()
    drawn = show_image(axes, image, Box.from_shape(image.shape), stretch_of([image], 1.0))
    shown = drawn.get_array()
    assert shown.shape == (MAX_SIDE, 2)
    np.testing.assert_allclose(shown[0], 1.0)
    assert shown[1, 0] == pytest.approx((3 * 3 + 3 * 4 + 2 * 5) / 8)
    assert np.ma.getmaskarray(shown)[2].tolist() == [True, False]
    assert drawn.get_extent() == [-0.5, 3.5, -0.5, 3.0 * MAX_SIDE - 0.5]
