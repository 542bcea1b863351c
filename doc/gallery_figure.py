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
"""A picture of one field of the gallery."""

from __future__ import annotations

__all__ = ("GalleryImages", "draw_field")

import dataclasses
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lsst.acn import Box
from lsst.acn.measure.plots.image_panels import (
    add_frame,
    add_scale_bar,
    show_image,
    stretch_of,
    stretch_ticks,
)
from lsst.acn.metrics import richest_box

ZOOM = 4
GAIN = 3.0
"""What the restored image has above the coadd, in units of the coadd's noise,
in pixels that are worth a closer look."""

EDGE = 12
"""Pixels along the edges that are not looked at closely."""

FRAME_COLOR = "#56b4e9"


@dataclasses.dataclass(frozen=True, eq=False)
class GalleryImages:
    """Images of one field.

    Parameters
    ----------
    title : `str`
        Line above everything.
    panels : `dict` [`str`, `numpy.ndarray`]
        Images by title, among them the coadd and the restored image.
    coadd, restored : `str`
        Titles of these two.
    noise : `float`
        Noise of the coadd.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    unit : `str`
        Unit of the pixels.
    """

    title: str
    panels: dict[str, np.ndarray]
    coadd: str
    restored: str
    noise: float
    pixel_scale: float
    unit: str


def draw_field(images: GalleryImages) -> Figure:
    """Draw the images of a field side by side, and enlarge a part of each.

    Parameters
    ----------
    images : `GalleryImages`
        What to draw.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        All panels share one asinh stretch, linear within the noise of the
        coadd.
    """
    count = len(images.panels)
    figure = Figure(figsize=(2.9 * count, 6.8), dpi=88, layout="constrained")
    figure.suptitle(images.title, fontsize=13, fontweight="bold")
    axes = figure.subplots(2, count, squeeze=False)
    whole = Box.from_shape(images.panels[images.coadd].shape)
    zoom = _worth_a_look(images, whole)
    norm = stretch_of([images.panels[images.coadd], images.panels[images.restored]], images.noise)
    for column, (title, image) in zip(axes.T, images.panels.items(), strict=True):
        column[0].set_title(title, fontsize=10)
        for panel, box in zip(column, (whole, zoom), strict=True):
            drawn = show_image(panel, image[box.slices_within(whole)], box, norm)
        add_frame(column[0], zoom, "", FRAME_COLOR)
    # The cleanest panels have most room for it.
    for panel, box in zip(axes[:, -1], (whole, zoom), strict=True):
        add_scale_bar(panel, box.shape[1], images.pixel_scale)
    style: dict[str, Any] = {"location": "bottom", "pad": 0.02, "aspect": 50, "shrink": 0.6}
    bar = figure.colorbar(drawn, ax=axes, label=f"{images.unit} per pixel", extend="both", **style)
    ticks = stretch_ticks(norm)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    return figure


def _worth_a_look(images: GalleryImages, whole: Box) -> Box:
    """Return the part with most pixels that the coadd lacks light in."""
    gained = images.panels[images.restored] - images.panels[images.coadd] > GAIN * images.noise
    inside = np.zeros_like(gained)
    inside[EDGE:-EDGE, EDGE:-EDGE] = True
    return richest_box(gained & inside, whole, min(whole.shape) // ZOOM)
