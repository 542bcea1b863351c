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

"""What is known about a simulated field, and which pixels are scored."""

from __future__ import annotations

__all__ = ("BORDER", "PIXEL_CLASSES", "FieldTruth", "pixel_classes", "read_truth")

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from lsst.acn import ExposureStack
from lsst.acn.methods.cross_exposure.family.statistics import typical_noise
from lsst.acn.simulation import SimulatedField

BORDER = 8
"""Pixels along the edges that are not scored, for not every peer can know the
light that comes from beyond them."""

PIXEL_CLASSES = {
    "sky": (-math.inf, 0.05),
    "faint": (0.1, 2.0),
    "middle": (2.0, 20.0),
    "bright": (20.0, math.inf),
}
"""Range of the truth, at the target PSF and in units of the field's noise, of
each class of pixels."""

DIFFUSE = ("cloud", "intracluster_light")
"""Kinds of light that are no sources to be found."""


@dataclasses.dataclass(frozen=True, eq=False)
class FieldTruth:
    """The truth at the target PSF, and the true sources.

    Parameters
    ----------
    image : `numpy.ndarray`
        Truth, in the unit of the exposures, shape ``(height, width)``.
    noise : `float`
        Noise of the field, from `~lsst.acn.methods.cross_exposure.family.statistics.typical_noise`.
    scored : `numpy.ndarray`
        `True` where a pixel counts, same shape.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.
    depth : `float`
        AB magnitude of a point source at 5 sigma in one exposure.
    y, x : `numpy.ndarray`
        Position of each source in pixels of ``image``.
    flux, mag : `numpy.ndarray`
        Its flux, in the unit of the exposures, and AB magnitude.
    is_star : `numpy.ndarray`
        Whether it is a star.
    half_light_radius : `numpy.ndarray`
        Of a galaxy, in arcsec; 0 for stars.
    unseen : `numpy.ndarray`
        `True` where no exposure is valid, of the shape of ``image``.
    """

    image: np.ndarray
    noise: float
    scored: NDArray[np.bool_]
    target_fwhm: float
    depth: float
    y: np.ndarray
    x: np.ndarray
    flux: np.ndarray
    mag: np.ndarray
    is_star: np.ndarray
    half_light_radius: np.ndarray
    unseen: NDArray[np.bool_]

    @property
    def classes(self) -> dict[str, NDArray[np.bool_]]:
        """Pixels of each class, by name (`dict`)."""
        return pixel_classes(self.image, self.noise, self.scored)

    def on_scored(self, y: np.ndarray, x: np.ndarray) -> NDArray[np.bool_]:
        """Return which positions are on a pixel that is scored."""
        rows, columns = np.rint(y).astype(int), np.rint(x).astype(int)
        height, width = self.scored.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        return inside & self.scored[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]


def read_truth(simulated: SimulatedField, target_fwhm: float) -> FieldTruth:
    """Return the truth of a field.

    Parameters
    ----------
    simulated : `~lsst.acn.simulation.SimulatedField`
        The field.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.

    Returns
    -------
    truth : `FieldTruth`
        Positions count from the first pixel of the field.
    """
    catalog = simulated.catalog
    if "kind" in catalog.colnames:
        catalog = catalog[~np.isin(catalog["kind"], DIFFUSE)]
    return FieldTruth(
        image=simulated.truth_image(target_fwhm),
        noise=typical_noise(simulated.stack),
        scored=scored_pixels(simulated.stack),
        target_fwhm=target_fwhm,
        depth=simulated.config.conditions.depth,
        y=np.asarray(catalog["y"]) - simulated.box.y_start,
        x=np.asarray(catalog["x"]) - simulated.box.x_start,
        flux=np.asarray(catalog["flux"]),
        mag=np.asarray(catalog["mag"]),
        is_star=np.asarray(catalog["is_star"], bool),
        half_light_radius=np.asarray(catalog["half_light_radius"]),
        unseen=~simulated.stack.valid.any(axis=0),
    )


def scored_pixels(stack: ExposureStack) -> NDArray[np.bool_]:
    """Return the pixels, off the border, where most exposures are valid."""
    scored = stack.valid.sum(axis=0) > len(stack) // 2
    scored[:BORDER] = scored[-BORDER:] = False
    scored[:, :BORDER] = scored[:, -BORDER:] = False
    return scored


def pixel_classes(truth: np.ndarray, noise: float, scored: np.ndarray) -> dict[str, NDArray[np.bool_]]:
    """Return the pixels of each class.

    Parameters
    ----------
    truth : `numpy.ndarray`
        Truth, shape ``(height, width)``.
    noise : `float`
        Noise of the field.
    scored : `numpy.ndarray`
        `True` where a pixel counts, same shape.

    Returns
    -------
    classes : `dict` [`str`, `numpy.ndarray`]
        `True` where a pixel is of the class, by its name.
    """
    level = truth / noise
    return {
        name: scored & (level >= lowest) & (level < highest)
        for name, (lowest, highest) in PIXEL_CLASSES.items()
    }
