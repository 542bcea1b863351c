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

"""The plot that shows a restoration at a glance."""

from __future__ import annotations

__all__ = ("draw_restoration",)

from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.table import Table

from ..measurement import PatchMeasurement
from .curve_panels import draw_chi2, draw_flux_ratios, draw_losses, draw_numbers
from .image_panels import (
    add_circle,
    add_frame,
    add_scale_bar,
    residual_norm,
    show_image,
    show_residual,
    stretch_of,
    stretch_ticks,
)
from .places import Place, interesting_places

if TYPE_CHECKING:
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure, SubFigure

FRAME_COLORS = ("#56b4e9", "#56b4e9", "black")
"""On the coadd, the restored image and the residual."""

PLACE_SIZE = 12
"""Side of a close-up in units of the FWHM of the coadd."""

LEAST_PLACE, LARGEST_PLACE = 24, 96
MAX_PLACES = 3


def draw_restoration(measurement: PatchMeasurement, metrics: Table, training: Table | None = None) -> Figure:
    """Draw a restoration next to the coadd, with what was measured.

    Parameters
    ----------
    measurement : `PatchMeasurement`
        What to show.
    metrics : `astropy.table.Table`
        Its numbers, from `tables.make_metrics_table`.
    training : `astropy.table.Table`, optional
        Loss by epoch.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        The plot, bound to no window: coadd, restored image and residual of
        the whole patch; close-ups of interesting places; training,
        chi-square of each exposure, flux ratios, and the main numbers.
    """
    from matplotlib.figure import Figure

    places = interesting_places(measurement.sources, measurement.patch.box, _place_size(measurement))
    heights = [5.4, 2.4 if places else 0.01, 2.9]
    figure = Figure(figsize=(15, sum(heights) + 0.6), dpi=110, layout="constrained")
    figure.suptitle(_title(measurement), fontsize=14, fontweight="bold")
    whole, close, curves = _subfigures(figure, 3, 1, height_ratios=heights)
    noise = float(metrics["sky_sigma_coadd"][0])
    _draw_whole(whole, measurement, noise, places)
    if places:
        blocks = _subfigures(close, 1, MAX_PLACES)
        for number, (block, place) in enumerate(zip(blocks, places, strict=False), start=1):
            _draw_place(block, measurement, noise, place, f"{number}  {place.name}")
    _draw_curves(curves, measurement, metrics, training)
    return figure


def _subfigures(parent: Figure | SubFigure, rows: int, columns: int, **options: Any) -> list[Any]:
    return list(np.ravel(parent.subfigures(rows, columns, **options)))


def _place_size(measurement: PatchMeasurement) -> int:
    size = round(PLACE_SIZE * measurement.patch.coadd_fwhm)
    return int(np.clip(size, LEAST_PLACE, LARGEST_PLACE))


def _title(measurement: PatchMeasurement) -> str:
    stack = measurement.patch.exposures
    geometry = stack.geometry
    where = f"{geometry.skymap}, tract {geometry.tract}, patch {geometry.patch.id}" if geometry else "Patch"
    band = f", band {stack.band}" if stack.band else ""
    return f"{where}{band}: {len(stack)} exposures"


def _draw_whole(parent: SubFigure, measurement: PatchMeasurement, noise: float, places: list[Place]) -> None:
    patch = measurement.patch
    box, scale = patch.box, patch.pixel_scale
    images = [patch.coadd_image, patch.restored_image]
    norm, axes = stretch_of(images, noise), parent.subplots(1, 3)
    drawn = [show_image(panel, image, box, norm) for panel, image in zip(axes, images, strict=False)]
    drawn.append(show_residual(axes[2], measurement.fits.residual, box, residual_norm()))
    axes[0].set_title(f"Coadd, FWHM {_arcsec(patch.coadd_fwhm, scale)}")
    axes[1].set_title(f"Restored, FWHM {_arcsec(patch.restored_fwhm, scale)}")
    axes[2].set_title(f"Mean of exposure − prediction, {_rms(measurement.fits.residual)}")
    for panel, color in zip(axes, FRAME_COLORS, strict=True):
        for number, place in enumerate(places, start=1):
            add_frame(panel, place.box, str(number), color)
    for panel in axes[:2]:
        add_scale_bar(panel, box.shape[1], scale)
    style: dict[str, Any] = {"location": "bottom", "pad": 0.02, "aspect": 40, "extend": "both"}
    bar = parent.colorbar(
        drawn[0], ax=axes[:2], label=f"{patch.exposures.unit} per pixel", shrink=0.6, **style
    )
    _tick(bar, norm)
    parent.colorbar(drawn[2], ax=axes[2], label="standard deviations", shrink=0.9, **style)


def _draw_place(
    parent: SubFigure, measurement: PatchMeasurement, noise: float, place: Place, title: str
) -> None:
    patch = measurement.patch
    cut = place.box.slices_within(patch.box)
    images = [patch.coadd_image[cut], patch.restored_image[cut]]
    norm, axes = stretch_of(images, noise), parent.subplots(1, 3)
    drawn = [show_image(panel, image, place.box, norm) for panel, image in zip(axes, images, strict=False)]
    drawn.append(show_residual(axes[2], measurement.fits.residual[cut], place.box, residual_norm()))
    add_scale_bar(axes[0], place.box.shape[1], patch.pixel_scale)
    names = ("coadd", "restored", f"residual, {_rms(measurement.fits.residual[cut])}")
    for panel, name, color in zip(axes, names, FRAME_COLORS, strict=True):
        panel.set_title(name, fontsize=9, pad=3)
        if place.is_marked:
            add_circle(panel, place.y, place.x, 2 * patch.coadd_fwhm, color)
    parent.suptitle(title, fontsize=11)
    style: dict[str, Any] = {"location": "bottom", "pad": 0.03, "shrink": 0.9, "extend": "both"}
    bars = (
        parent.colorbar(drawn[0], ax=axes[:2], aspect=30, **style),
        parent.colorbar(drawn[2], ax=axes[2], aspect=13.5, ticks=[-5, 0, 5], **style),
    )
    for bar in bars:
        bar.ax.tick_params(labelsize=8)
    _tick(bars[0], norm)


def _tick(bar: Any, norm: Normalize) -> None:
    ticks = stretch_ticks(norm)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()


def _draw_curves(
    parent: SubFigure, measurement: PatchMeasurement, metrics: Table, training: Table | None
) -> None:
    """Draw curves and numbers; where nothing was trained, they have the room of its panel."""
    histories = _histories(measurement, training)
    widths = [*([1.0] if histories else []), *((1.25, 1.0, 1.15) if histories else (1.4, 1.4, 1.15))]
    panels = list(parent.subplots(1, len(widths), width_ratios=widths))
    if histories:
        draw_losses(panels.pop(0), histories)
    draw_chi2(panels[0], measurement.fits)
    draw_flux_ratios(panels[1], measurement)
    draw_numbers(panels[2], _numbers(measurement, metrics[0]))


def _histories(measurement: PatchMeasurement, training: Table | None) -> dict[str, Any]:
    """Return the histories of those trainings that have an epoch."""
    histories: dict[str, Any] = {} if training is None else {"all exposures": training}
    if measurement.held_out is not None:
        visits = " ".join(map(str, measurement.held_out.visits))
        name = f"without visits {visits}" if len(visits) < 12 else "without the held out"
        histories[name] = measurement.held_out.history
    return {name: history for name, history in histories.items() if len(history["epoch"])}


def _rms(residual: np.ndarray) -> str:
    """Return the root mean square of residuals, which is 1 where noise alone is left."""
    known = residual[np.isfinite(residual)]
    return f"rms {np.sqrt(np.mean(known.astype(np.float64) ** 2)):.2f} σ" if known.size else "no data"


def _numbers(measurement: PatchMeasurement, numbers: Any) -> list[tuple[str, str, str]]:
    """Return the main numbers of coadd and restored image as text."""

    def pair(form: str, *names: str) -> str:
        values = ("–" if np.isnan(numbers[name]) else format(numbers[name], form) for name in names)
        return " | ".join(values).replace("-", "−")

    def both(what: str, name: str, form: str) -> tuple[str, str, str]:
        return what, pair(form, f"{name}_coadd"), pair(form, f"{name}_restored")

    # Whichever way the coadd predicts the exposures better.
    peer = min(("held_out_excess_coadd", "held_out_excess_coadd_as_latent"), key=lambda name: numbers[name])
    excess = _with_error(numbers["held_out_excess"], numbers["held_out_excess_error"])
    return [
        both("PSF FWHM [arcsec]", "psf_fwhm", ".2f"),
        both("S_F, mean log spectrum", "sharpness", ".2f"),
        both(f"σ_sky [{measurement.patch.exposures.unit}]", "sky_sigma", ".3g"),
        ("    change [%], not of depth", "", pair("+.1f", "sky_sigma_change")),
        ("held-out χ² excess, sources", pair(".3g", peer), excess),
        ("residual rms, sources | sky", "", pair(".3f", "residual_source_rms", "residual_sky_rms")),
        ("PSNR to exposures | coadd [dB]", "", pair(".1f", "psnr_exposures", "psnr_coadd")),
        ("SSIM to exposures | coadd", "", pair(".3f", "ssim_exposures", "ssim_coadd")),
        ("flux ratio, bright sources", "", pair(".3f", "flux_ratio")),
        ("outlier visits", "", numbers["outlier_visits"] or "none"),
    ]


def _arcsec(pixels: float, scale: float) -> str:
    return f"{pixels * scale:.2f}″" if np.isfinite(scale) else f"{pixels:.1f} pixels"


def _with_error(value: float, error: float) -> str:
    """Return a value and its error with the digits that mean something."""
    if not (np.isfinite(value) and error > 0):
        return "–"
    digits = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}".replace("-", "−")
