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

"""The picture that the demonstration leaves behind."""

from __future__ import annotations

__all__ = ("draw_comparison",)

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exposures.boxes import Box
from ..metrics import richest_box

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .images import DemoImages

STRETCH_MAP = "inferno"
RESIDUAL_MAP = "RdBu_r"
FRAME_COLOR = "#56b4e9"
ZOOM = 4
DETAIL = 2.0
"""What the coadd lacks of the truth, in units of its noise, in pixels that are
worth a closer look."""

SCALE_BARS = (1, 2, 5, 10, 20, 30, 60)


def draw_comparison(images: DemoImages, title: str) -> Figure:
    """Draw coadd, restored image, truth and residual side by side.

    All share one asinh stretch, linear within the noise of the coadd, for the
    residual around zero.  A second row enlarges the part of the patch where most is gained.

    Parameters
    ----------
    images : `DemoImages`
        What to draw.
    title : `str`
        Line above everything.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        The picture, bound to no window.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.2, 7.6), dpi=90, layout="constrained")
    figure.suptitle(title, fontsize=14, fontweight="bold")
    panels = figure.subplots(2, 4, squeeze=False)
    whole = Box.from_shape(images.truth.shape)
    detail = images.truth - images.coadd > DETAIL * images.coadd_noise
    zoom = richest_box(detail, whole, min(whole.shape) // ZOOM)
    for row, box in zip(panels, (whole, zoom), strict=True):
        drawn = _draw_row(row, images, box)
        _add_scale_bar(row[0], box.shape[1], images.pixel_scale)
    for axes in panels[0]:
        _frame(axes, zoom)
    for axes, name in zip(panels[0], _panel_titles(images), strict=True):
        axes.set_title(name, fontsize=11)
    _add_color_bars(figure, panels, drawn, images)
    return figure


def _add_color_bars(figure: Figure, panels: np.ndarray, drawn: list[Any], images: DemoImages) -> None:
    unit = f"{images.unit} per pixel"
    style: dict[str, Any] = {"orientation": "horizontal", "pad": 0.02}
    below_all = figure.colorbar(drawn[0], ax=panels[:, :3], label=unit, shrink=0.6, aspect=40, **style)
    below_residual = figure.colorbar(drawn[3], ax=panels[:, 3], label=unit, shrink=0.9, aspect=20, **style)
    first, last = np.log10(3 * images.coadd_noise), np.log10(drawn[0].norm.vmax)
    decades = 10.0 ** np.arange(np.ceil(first), np.ceil(last))
    for bar, ticks in ((below_all, [0, *decades]), (below_residual, [*-decades[::-1], 0, *decades])):
        bar.set_ticks(ticks, labels=[f"{tick:g}".replace("-", "−") for tick in ticks])
        bar.minorticks_off()


def _panel_titles(images: DemoImages) -> tuple[str, str, str, str]:
    arcsec = images.pixel_scale
    return (
        f"Coadd of {images.n_visits} visits, FWHM {images.coadd_fwhm * arcsec:.2f}″",
        f"Restored, FWHM {images.target_fwhm * arcsec:.2f}″",
        f"Truth, FWHM {images.target_fwhm * arcsec:.2f}″",
        "Residual: restored − truth",
    )


def _draw_row(row: np.ndarray, images: DemoImages, box: Box) -> list[Any]:
    from matplotlib.colors import AsinhNorm

    noise = images.coadd_noise
    bright = max(float(np.quantile(images.truth, 0.999)), 10 * noise)
    stretch = AsinhNorm(linear_width=2 * noise, vmin=-2 * noise, vmax=bright)
    around_zero = AsinhNorm(linear_width=2 * noise, vmin=-bright, vmax=bright)
    cut = box.slices_within(Box.from_shape(images.truth.shape))
    extent = (box.x_start - 0.5, box.x_stop - 0.5, box.y_start - 0.5, box.y_stop - 0.5)
    drawn = []
    for axes, image, norm, colors in zip(
        row,
        (images.coadd, images.restored, images.truth, images.restored - images.truth),
        (stretch, stretch, stretch, around_zero),
        (STRETCH_MAP, STRETCH_MAP, STRETCH_MAP, RESIDUAL_MAP),
        strict=True,
    ):
        drawn.append(
            axes.imshow(
                image[cut], norm=norm, cmap=colors, origin="lower", extent=extent, interpolation="nearest"
            )
        )
        axes.set(xticks=[], yticks=[])
    return drawn


def _add_scale_bar(axes: Axes, width: int, pixel_scale: float) -> None:
    """Draw a bar of a round number of arcseconds, about a quarter wide."""
    from matplotlib import patheffects

    wanted = 0.25 * width * pixel_scale
    arcsec = max((length for length in SCALE_BARS if length <= wanted), default=SCALE_BARS[0])
    fraction = arcsec / pixel_scale / width
    outline = [patheffects.withStroke(linewidth=4, foreground="black")]
    style: dict[str, Any] = {"color": "white", "transform": axes.transAxes, "path_effects": outline}
    axes.plot([0.05, 0.05 + fraction], [0.06, 0.06], linewidth=2.5, solid_capstyle="butt", **style)
    axes.text(0.05 + fraction / 2, 0.08, f"{arcsec}″", ha="center", va="bottom", fontsize=11, **style)


def _frame(axes: Axes, box: Box) -> None:
    from matplotlib.patches import Rectangle

    corner = (box.x_start - 0.5, box.y_start - 0.5)
    axes.add_patch(
        Rectangle(corner, box.shape[1], box.shape[0], fill=False, edgecolor=FRAME_COLOR, linewidth=1.5)
    )
