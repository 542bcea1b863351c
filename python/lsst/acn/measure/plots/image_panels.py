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

"""Images as panels of a plot: stretches, scale bars, frames."""

from __future__ import annotations

__all__ = (
    "add_circle",
    "add_frame",
    "add_scale_bar",
    "residual_norm",
    "show_image",
    "show_residual",
    "stretch_of",
    "stretch_ticks",
)

from typing import TYPE_CHECKING, Any

import numpy as np

from ...exposures.boxes import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.image import AxesImage

# Both maps keep their order in grey and for every kind of colour vision.
IMAGE_MAP = "inferno"
RESIDUAL_MAP = "RdBu_r"
NO_DATA_COLOR = "0.6"

RESIDUAL_LIMIT = 5.0
"""Residual, in standard deviations, at which the colours end."""

TICK_DISTANCE = 0.12
"""Least distance of two ticks as a share of the length of a colour bar."""

MAX_SIDE = 1000
"""Pixels on a side from which on several are drawn as one: no panel has as many,
and the figure keeps what it draws."""

SCALE_BARS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


def stretch_of(images: list[np.ndarray], noise: float) -> Normalize:
    """Return one asinh stretch for several images.

    Parameters
    ----------
    images : `list` [`numpy.ndarray`]
        All images that are to share it.
    noise : `float`
        Standard deviation of the sky, within which it is about linear.

    Returns
    -------
    stretch : `matplotlib.colors.AsinhNorm`
        From three standard deviations below zero to where a thousandth of
        the brightest image's pixels are brighter.
    """
    from matplotlib.colors import AsinhNorm

    noise = noise if noise > 0 else 1.0
    peaks = [np.quantile(image[np.isfinite(image)], 0.999) for image in images if np.isfinite(image).any()]
    return AsinhNorm(linear_width=2 * noise, vmin=-3 * noise, vmax=max([10 * noise, *peaks]))


def stretch_ticks(norm: Normalize) -> list[float]:
    """Return round values to mark on the colour bar of a stretch.

    Parameters
    ----------
    norm : `matplotlib.colors.Normalize`
        From `stretch_of`.

    Returns
    -------
    ticks : `list` [`float`]
        Zero and some of 1, 2, 5, 10 and so on, the largest first, as far
        apart as their labels need.
    """
    assert norm.vmax is not None
    top = int(np.floor(np.log10(norm.vmax)))
    values = [step * 10.0**power for power in range(top, top - 6, -1) for step in (5, 2, 1)]
    ticks = [0.0]
    for value in values:
        if value <= norm.vmax and all(abs(norm(value) - norm(tick)) >= TICK_DISTANCE for tick in ticks):
            ticks.append(value)
    return ticks


def residual_norm() -> Normalize:
    """Return the scale of residuals in units of their noise, centred on 0.

    Returns
    -------
    norm : `matplotlib.colors.Normalize`
        From -5 to 5.
    """
    from matplotlib.colors import Normalize

    return Normalize(-RESIDUAL_LIMIT, RESIDUAL_LIMIT)


def show_image(axes: Axes, image: np.ndarray, box: Box, norm: Normalize) -> AxesImage:
    """Draw an image.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    image : `numpy.ndarray`
        Pixel values, NaN where there is nothing.
    box : `Box`
        Its pixels.
    norm : `matplotlib.colors.Normalize`
        Stretch.

    Returns
    -------
    drawn : `matplotlib.image.AxesImage`
        What a colour bar takes.
    """
    return _show(axes, image, box, norm, IMAGE_MAP)


def show_residual(axes: Axes, residual: np.ndarray, box: Box, norm: Normalize) -> AxesImage:
    """Draw residuals in units of their noise.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    residual : `numpy.ndarray`
        Pixel values, NaN where there is nothing.
    box : `Box`
        Its pixels.
    norm : `matplotlib.colors.Normalize`
        From `residual_norm`.

    Returns
    -------
    drawn : `matplotlib.image.AxesImage`
        What a colour bar takes.
    """
    return _show(axes, residual, box, norm, RESIDUAL_MAP)


def _show(axes: Axes, image: np.ndarray, box: Box, norm: Normalize, colors: str) -> AxesImage:
    from matplotlib import colormaps

    extent = (box.x_start - 0.5, box.x_stop - 0.5, box.y_start - 0.5, box.y_stop - 0.5)
    color_map = colormaps[colors].with_extremes(bad=NO_DATA_COLOR)
    drawn = axes.imshow(_thinned(image), norm=norm, cmap=color_map, origin="lower", extent=extent)
    axes.set(xticks=[], yticks=[])
    # A mark that reaches beyond the image must not widen the panel.
    axes.autoscale(False)
    return drawn


def _thinned(image: np.ndarray) -> np.ndarray:
    """Return the means of blocks of known pixels, so that an image has no more than it can show."""
    step = max(image.shape) // MAX_SIDE
    if step < 2:
        return image
    rows, columns = (np.arange(0, size, step) for size in image.shape)
    known = np.isfinite(image)
    total, number = (
        np.add.reduceat(np.add.reduceat(plane, rows, axis=0, dtype=np.float32), columns, axis=1)
        for plane in (np.where(known, image, 0.0), known)
    )
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


def add_scale_bar(axes: Axes, width: int, pixel_scale: float) -> None:
    """Draw a bar of a round number of arcseconds, at most a third as wide.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    width : `int`
        Number of pixels across it.
    pixel_scale : `float`
        Side of a pixel in arcsec; if it is not known, nothing is drawn.
    """
    from matplotlib import patheffects

    if not np.isfinite(pixel_scale):
        return
    longest = width * pixel_scale / 3
    length = max((bar for bar in SCALE_BARS if bar <= longest), default=SCALE_BARS[0])
    stop = 0.05 + length / pixel_scale / width
    outline = [patheffects.withStroke(linewidth=4, foreground="black")]
    style: dict[str, Any] = {"color": "white", "transform": axes.transAxes, "path_effects": outline}
    axes.plot([0.05, stop], [0.06, 0.06], linewidth=2.5, solid_capstyle="butt", **style)
    axes.text((0.05 + stop) / 2, 0.08, f"{length:g}″", ha="center", va="bottom", fontsize=10, **style)


def add_circle(axes: Axes, y: float, x: float, radius: float, color: str) -> None:
    """Draw a circle around a source.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    y, x : `float`
        Row and column of the source.
    radius : `float`
        Radius in pixels.
    color : `str`
        Color of the circle.
    """
    from matplotlib.patches import Circle

    axes.add_patch(Circle((x, y), radius, fill=False, edgecolor=color, linewidth=1.2))


def add_frame(axes: Axes, box: Box, label: str, color: str) -> None:
    """Draw a labelled frame around a part of an image.

    Parameters
    ----------
    axes : `matplotlib.axes.Axes`
        Panel to draw in.
    box : `Box`
        What to frame.
    label : `str`
        Text at its upper left.
    color : `str`
        Color of frame and text.
    """
    from matplotlib.patches import Rectangle

    corner = (box.x_start - 0.5, box.y_start - 0.5)
    axes.add_patch(Rectangle(corner, box.shape[1], box.shape[0], fill=False, edgecolor=color, linewidth=1.5))
    axes.annotate(
        label,
        (box.x_start - 0.5, box.y_stop - 0.5),
        xytext=(3, -3),
        textcoords="offset points",
        va="top",
        color=color,
        fontsize=11,
        fontweight="bold",
    )
