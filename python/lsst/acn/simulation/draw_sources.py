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

"""Drawing a scene through a PSF on a grid of pixels."""

from __future__ import annotations

__all__ = ("draw_noiseless", "draw_truth")

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exposures.boxes import Box
from .optics import scatter_light
from .pixel_grid import PixelGrid
from .psf_model import PsfModel
from .sky.sky_scene import SkyScene

TRUTH_REACH = 4.0
"""Radius of a stamp of the truth, in units of its FWHM (`float`)."""


def draw_noiseless(scene: SkyScene, psf: PsfModel, pixels: Box | PixelGrid) -> np.ndarray:
    """Draw what an exposure would show without noise, sky and defects.

    Every source is drawn through the PSF of its own position; then part of
    all light is scattered into the aureole, if there is one.

    Parameters
    ----------
    scene : `SkyScene`
        The sources.
    psf : `PsfModel`
        The PSF of the exposure, pixel included.
    pixels : `Box` or `PixelGrid`
        Pixels to draw, those of the tract or others.

    Returns
    -------
    image : `numpy.ndarray`
        Flux of each pixel in nJy, float64, of the shape of the pixels.
    """
    grid = pixels if isinstance(pixels, PixelGrid) else PixelGrid(pixels)
    margin = psf.optics.aureole_reach(psf.pixel_scale)
    image = _draw(scene, psf.profile_at, psf.size / 2 + 1, grid.on(grid.box.grown_by(margin)))
    height, width = image.shape
    return scatter_light(image, psf.optics, psf.pixel_scale)[
        margin : height - margin, margin : width - margin
    ]


def draw_truth(scene: SkyScene, fwhm: float, box: Box) -> np.ndarray:
    """Draw the sky as a round Gaussian PSF alone would show it.

    PSF kernels hold the pixel, so a latent image does not: there is no pixel
    in the truth either.  It is the surface brightness in the middle of each
    pixel times the pixel's area.

    Parameters
    ----------
    scene : `SkyScene`
        The sources.
    fwhm : `float`
        Full width at half maximum of the Gaussian in pixels.
    box : `Box`
        Pixels to draw, in tract pixels.

    Returns
    -------
    truth : `numpy.ndarray`
        Flux of each pixel in nJy, float64, shape ``box.shape``.

    Raises
    ------
    ValueError
        Raised if ``fwhm`` is not positive.
    """
    import galsim

    if not fwhm > 0:
        raise ValueError(f"The truth needs a resolution with a positive FWHM; got {fwhm}.")
    # A Gaussian this narrow is not quite band limited; GalSim's usual cut would ring.
    accurate = galsim.GSParams(maxk_threshold=1e-5, folding_threshold=1e-4)
    gaussian = galsim.Gaussian(fwhm=fwhm * scene.pixel_scale, gsparams=accurate)
    return _draw(scene, lambda y, x: gaussian, TRUTH_REACH * fwhm + 1, PixelGrid(box))


def _draw(
    scene: SkyScene, psf_at: Callable[[float, float], Any], psf_reach: float, grid: PixelGrid
) -> np.ndarray:
    import galsim

    box, scale = grid.box, grid.galsim_scale(scene.pixel_scale)
    image = galsim.ImageD(np.zeros(box.shape), xmin=box.x_start, ymin=box.y_start)
    for index in range(len(scene)):
        y, x = scene.position(index)
        row, column = grid.from_tract(y, x)
        side = 2 * int(np.ceil(scene.reach(index) + psf_reach))
        if not _stamp_box(row, column, side).overlaps(box):
            continue
        stamp = _blurred(scene.profile(index), psf_at(y, x)).drawImage(
            nx=side,
            ny=side,
            center=galsim.PositionD(column, row),
            method="no_pixel",
            dtype=np.float64,
            **scale,
        )
        bounds = stamp.bounds & image.bounds
        if bounds.isDefined():
            image[bounds] += stamp[bounds]
    return image.array


def _blurred(profile: Any, psf: Any) -> Any:
    import galsim

    if isinstance(profile, galsim.DeltaFunction):
        # Without a transform, and so without its errors.
        return psf.withFlux(profile.flux)
    # Each with its own accuracy, or GalSim makes the tables of all Sersic indices anew.
    return galsim.Convolve(profile, psf, propagate_gsparams=False)


def _stamp_box(y: float, x: float, side: int) -> Box:
    return Box.from_shape((side + 2, side + 2), (int(y) - side // 2 - 1, int(x) - side // 2 - 1))
