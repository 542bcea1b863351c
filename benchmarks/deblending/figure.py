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

"""A picture of what the deblender works on."""

from __future__ import annotations

__all__ = ("draw_blends",)

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .footprints import find_blends
from .images import DeblendingField

SOFTENING = 3.0
"""Standard deviations of the coadd at which the scale turns from linear to logarithmic."""


def draw_blends(
    path: Path,
    images: Mapping[str, np.ndarray],
    field: DeblendingField,
) -> None:
    """Draw the coadd, and all images with the outlines of their footprints.

    Parameters
    ----------
    path : `pathlib.Path`
        File to write.
    images : `~collections.abc.Mapping` [`str`, `numpy.ndarray`]
        Deconvolved images, the truth last.
    field : `DeblendingField`
        The coadd.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = {"coadd": field.image, **images}
    *_, truth = images.values()
    figure = Figure(figsize=(3.2 * len(panels), 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    top = np.arcsinh(float(np.percentile(truth, 99.9)) / field.noise / SOFTENING)
    for axes, (name, image) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.imshow(
            np.arcsinh(image / field.noise / SOFTENING), origin="lower", cmap="gray_r", vmin=0, vmax=top
        )
        if name in images:
            blends = find_blends(image / field.noise, field.peaks, field.allowed)
            axes.contour(blends.labels > 0, [0.5], colors="tab:red", linewidths=0.6)
        axes.set(title=name, xticks=[], yticks=[])
    figure.savefig(path, dpi=80)
