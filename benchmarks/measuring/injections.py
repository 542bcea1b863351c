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

"""Sources put into exposures in front of the restoration, and what comes out of them."""

from __future__ import annotations

__all__ = ("PLACES", "SHAPES", "Response", "responses")

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.ndimage import map_coordinates

from lsst.acn import ExposureStack, RestorationResult, restore
from lsst.acn.exposures.random_streams import random_stream
from lsst.acn.flux_measurement import flux_images
from lsst.acn.fluxes.aperture_fluxes import aperture_flux_map
from lsst.acn.fluxes.point_fluxes import point_flux_map
from lsst.acn.forward.target_psf import convolve_separable
from lsst.acn.residual.cell_residual import PictureSpectra
from lsst.acn.residual.patch_residual import residual_of_patch
from lsst.acn.simulation import SkyScene, draw_noiseless, draw_truth

from .circles import in_circles
from .star_grids import SPACING, catalog_of, grid_config, make_grid, psf_models

SHAPES = {"star": (0.0, 0.0), "disc": (0.5, 1.0), "bulge": (0.5, 4.0)}
"""Half-light radius in arcsec and Sersic index of what is injected (`dict`)."""

FWHM = 4.2
"""Of the exposures, in pixels."""

PLACES = {"isolated": 0.0, "2 FWHM": 2.0, "1 FWHM": 1.0, "0.5 FWHM": 0.5}
"""Distance to a star that was there before, in `FWHM`; 0 for none near (`dict`)."""

STAR_SIGNAL_TO_NOISE = 50.0
RADIUS = 5.0


@dataclasses.dataclass(frozen=True)
class Response:
    """What an injection has changed, over what was injected.

    Parameters
    ----------
    shape, place : `str`
        A key of `SHAPES`, and of `PLACES`.
    signal_to_noise : `float`
        Of a star of the same flux.
    measured_on, flux : `str`
        ``picture`` or ``picture + residual``; ``psf`` or ``aperture``.
    mean, error, scatter : `float`
        Of all injections of the kind; ``error`` is that of the mean.
    """

    shape: str
    place: str
    signal_to_noise: float
    measured_on: str
    flux: str
    mean: float
    error: float
    scatter: float


def responses(
    seed: int,
    levels: Sequence[float],
    shapes: Sequence[str] = tuple(SHAPES),
    places: Sequence[str] = tuple(PLACES),
) -> Iterator[Response]:
    """Yield the responses to injected sources in one field.

    Parameters
    ----------
    seed : `int`
        Seed of the field, a grid of stars of a signal to noise of 50.
    levels : `~collections.abc.Sequence` [`float`]
        Signal to noise of a star of the flux that is injected.
    shapes, places : `~collections.abc.Sequence` [`str`], optional
        Of `SHAPES` and `PLACES`.

    Yields
    ------
    response : `Response`
        Two fluxes, on the picture and with its residual.

    Notes
    -----
    As ``source_injection`` does it, without the noise of the added photons:
    the noise of both restorations is the same, so that a linear method has a
    response of exactly 1.
    """
    grid = make_grid(seed, STAR_SIGNAL_TO_NOISE)
    unit = grid.flux / STAR_SIGNAL_TO_NOISE
    before = _measured(restore(grid.stack))
    for place in places:
        positions = _positions(seed, grid.positions, PLACES[place])
        for shape in shapes:
            light, truth = _light(seed, positions, shape)
            for level in levels:
                stack = dataclasses.replace(grid.stack, image=grid.stack.image + level * unit * light)
                result = restore(stack)
                injected = _injected(grid.stack, level * unit * light, level * unit * truth, result)
                for key, after in _measured(result).items():
                    change, expected = (_at(each, positions) for each in (after - before[key], injected[key]))
                    ratio = change / expected
                    error = float(ratio.std() / len(ratio) ** 0.5)
                    yield Response(shape, place, level, *key, float(ratio.mean()), error, float(ratio.std()))


def _positions(seed: int, stars: np.ndarray, separation: float) -> np.ndarray:
    """Return the places near stars, or in the middle between them."""
    if not separation:
        between = stars + 0.5 * SPACING
        return between[(between < stars.max()).all(axis=1)]
    angle = random_stream(seed, "injections").uniform(0.0, 2.0 * np.pi, len(stars))
    return stars + separation * FWHM * np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def _light(seed: int, positions: np.ndarray, shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Return sources of unit flux in the exposures, and at the target PSF."""
    config = grid_config(seed)
    scene = SkyScene(catalog_of(positions, 1.0, *SHAPES[shape]), config.pixel_scale)
    exposures = [draw_noiseless(scene, model, config.box) for model in psf_models(config)]
    return np.stack(exposures).astype(np.float32), draw_truth(scene, 2.5, config.box)


def _measured(result: RestorationResult) -> dict[tuple[str, str], np.ndarray]:
    images = flux_images(result)
    return {
        **_on_picture(result.image, result.target_psf),
        ("picture + residual", "psf"): point_flux_map(images)[0],
        ("picture + residual", "aperture"): aperture_flux_map(images, RADIUS)[0],
    }


def _injected(
    stack: ExposureStack, light: np.ndarray, truth: np.ndarray, result: RestorationResult
) -> dict[tuple[str, str], np.ndarray]:
    """Return what there is to be measured.

    For the flux of a point source, that is what a picture without anything in
    it and its residual say of the injections alone; in a circle, their light
    at the target PSF.
    """
    images = flux_images(result)
    empty = np.zeros(stack.box.grown_by(stack.psf.radius).shape, np.float32)
    spectra = PictureSpectra(result.target_psf, result.target_psf)
    residual = residual_of_patch(dataclasses.replace(stack, image=light), empty, spectra)
    alone = dataclasses.replace(images, image=np.zeros_like(images.image), residual=residual)
    on_picture = _on_picture(truth, result.target_psf)
    return {
        **on_picture,
        ("picture + residual", "psf"): point_flux_map(alone)[0],
        ("picture + residual", "aperture"): on_picture["picture", "aperture"],
    }


def _on_picture(image: np.ndarray, target_psf: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """Return PSF and aperture fluxes at each pixel of an image at the target PSF."""
    height = float((target_psf.astype(np.float64) ** 2).sum())
    return {
        ("picture", "psf"): convolve_separable(np.asarray(image, np.float32), target_psf) / height,
        ("picture", "aperture"): in_circles(image, RADIUS),
    }


def _at(image: np.ndarray, positions: np.ndarray) -> np.ndarray:
    return map_coordinates(np.asarray(image, np.float64), positions.T, order=5, mode="nearest")
