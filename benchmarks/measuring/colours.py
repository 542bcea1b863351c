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

"""Colours from bands that are restored one by one, against those of matched coadds."""

from __future__ import annotations

__all__ = ("KINDS", "ColourErrors", "measure_colours")

import dataclasses

import numpy as np
import scipy.fft
from astropy.table import Table, vstack
from scipy.ndimage import map_coordinates

from lsst.acn import ExposureStack, restore
from lsst.acn.arrays.spectra import gaussian_spectrum
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.exposures.random_streams import random_stream
from lsst.acn.flux_measurement import flux_images
from lsst.acn.fluxes.aperture_fluxes import aperture_flux_map
from lsst.acn.residual.target_division import centred_spectrum
from lsst.acn.simulation import ConditionsConfig, SkyScene, draw_truth

from .circles import in_circles
from .star_grids import SIZE, catalog_of, draw_planes, grid_config, psf_models

BANDS = {
    "g": ConditionsConfig(seeing=(0.7, 1.0), depth=25.0),
    "r": ConditionsConfig(seeing=(0.55, 0.8), depth=25.3),
    "i": ConditionsConfig(seeing=(0.5, 0.7), depth=24.9),
}
"""Seeing and depth of the exposures of each band (`dict`)."""

TARGET_FWHM, MATCHED_FWHM, RADIUS = 2.5, 6.5, 5.0
"""PSF of the restored images, of the matched coadds, and radius of the circles, in pixels."""

KINDS = ("star", "galaxy", "blend")
COLOURS = {"star": (0.6, 0.3), "disc": (0.4, 0.1), "bulge": (1.0, 0.45), "neighbour": (0.0, 0.0)}
"""g − r and r − i (`dict`)."""

DISC_SHARE, DISC_RADIUS, BULGE_RADIUS, BLEND_SEPARATION, SPACING = 0.6, 0.6, 0.25, 4.2, 40


@dataclasses.dataclass(frozen=True, eq=False)
class ColourErrors:
    """Measured less true colours in magnitudes.

    Parameters
    ----------
    restored, matched : `dict` [`str`, `numpy.ndarray`]
        On picture and residual at the target PSF, and on coadds of one PSF,
        by the two bands, such as ``g-r``; a row per source.
    kind : `numpy.ndarray`
        Which of `KINDS` each source is.
    """

    restored: dict[str, np.ndarray]
    matched: dict[str, np.ndarray]
    kind: np.ndarray


def measure_colours(seed: int, r_flux: float) -> ColourErrors:
    """Measure the colours of a field of stars, galaxies with gradients, and blends.

    Parameters
    ----------
    seed : `int`
        Seed of the field.
    r_flux : `float`
        Flux of each source in r, in nJy.

    Returns
    -------
    errors : `ColourErrors`
        Of all of them.
    """
    positions, kind = _places(seed)
    restored, matched = {}, {}
    for number, (band, conditions) in enumerate(BANDS.items()):
        config = grid_config(seed + 1000 * number, conditions)
        models = psf_models(config)
        catalog = _catalog(positions, kind, r_flux, band)
        kernels = np.stack([model.kernel_at(*config.box.center) for model in models])
        stack = ExposureStack.from_arrays(*draw_planes(catalog, models, config), kernels, box=config.box)
        scene = SkyScene(catalog, config.pixel_scale)
        pictures = {
            "restored": aperture_flux_map(flux_images(restore(stack)), RADIUS)[0],
            "matched": in_circles(_matched_coadd(stack), RADIUS),
        }
        for fwhm, found, name in ((TARGET_FWHM, restored, "restored"), (MATCHED_FWHM, matched, "matched")):
            truth = _at(in_circles(draw_truth(scene, fwhm, config.box), RADIUS), positions)
            found[band] = _at(pictures[name], positions) / truth
    return ColourErrors(_colours(restored), _colours(matched), kind)


def _places(seed: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.arange(28, SIZE - 27, SPACING)
    grid = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)
    positions = grid + random_stream(seed, "colours").uniform(-0.5, 0.5, grid.shape)
    return positions, np.array(KINDS)[np.arange(len(grid)) % len(KINDS)]


def _catalog(positions: np.ndarray, kind: np.ndarray, r_flux: float, band: str) -> Table:
    """Return the sources as one band shows them."""
    flux = {name: r_flux * _relative_flux(*colours, band) for name, colours in COLOURS.items()}
    galaxies, blends = positions[kind == "galaxy"], positions[kind == "blend"]
    disc, bulge = DISC_SHARE * flux["disc"], (1.0 - DISC_SHARE) * flux["bulge"]
    return vstack(
        [
            catalog_of(positions[kind != "galaxy"], flux["star"]),
            catalog_of(galaxies, disc, DISC_RADIUS, 1.0),
            catalog_of(galaxies, bulge, BULGE_RADIUS, 4.0),
            catalog_of(blends + (0.0, BLEND_SEPARATION), flux["neighbour"]),
        ]
    )


def _relative_flux(g_minus_r: float, r_minus_i: float, band: str) -> float:
    return float(10.0 ** (0.4 * {"g": -g_minus_r, "r": 0.0, "i": r_minus_i}[band]))


def _matched_coadd(stack: ExposureStack) -> np.ndarray:
    """Return the coadd, brought to a broader Gaussian PSF."""
    coadd = assemble_coadd(stack)
    image, psf = np.asarray(coadd.image, np.float64), coadd.psf.at(*stack.box.center)[0]
    wanted = gaussian_spectrum(image.shape, (MATCHED_FWHM / FWHM_PER_SIGMA) ** 2)
    ratio = wanted / centred_spectrum(psf, image.shape)
    return scipy.fft.irfft2(scipy.fft.rfft2(image) * ratio, s=image.shape)


def _colours(ratios: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return by how much colours are wrong, from measured over true fluxes."""
    magnitudes = {band: -2.5 * np.log10(ratio) for band, ratio in ratios.items()}
    return {f"{a}-{b}": magnitudes[a] - magnitudes[b] for a, b in (("g", "r"), ("r", "i"))}


def _at(image: np.ndarray, positions: np.ndarray) -> np.ndarray:
    return map_coordinates(np.asarray(image, np.float64), positions.T, order=5, mode="nearest")
