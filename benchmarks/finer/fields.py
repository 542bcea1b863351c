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

"""Dithered exposures of stars, galaxies and close pairs, and what they should look like."""

from __future__ import annotations

__all__ = ("DitheredConfig", "DitheredField", "Pair", "Source", "make_field")

import dataclasses
from collections.abc import Sequence

import galsim
import numpy as np

from lsst.acn import ExposureStack

OVERSAMPLING = 4
"""Samples per pixel of the PSFs that exposures come with."""

KERNEL_RADIUS, REACH = 12, 30
"""Of PSF kernels, and around a source that is drawn, in pixels of the exposures."""

ALONE = 8.0
"""Pixels around a pair in which there is nothing else."""

ANGLES = (0.0, 0.5 * np.pi, 0.25 * np.pi, 0.7)
"""Of the pairs, one in each quarter of the field."""

EDGE = 8.0


@dataclasses.dataclass(frozen=True)
class DitheredConfig:
    """What a field is like.

    Parameters
    ----------
    seed : `int`
        Of all draws.
    side : `int`
        Side of the field in pixels of the exposures.
    visits : `int`
        Number of exposures.
    fwhm : `float`
        Of the PSFs before pixels see them, in pixels, give or take 5 %.
    sky : `float`
        Variance of an empty pixel; the noise of the light comes on top.
    stars, galaxies : `int`
        How many.
    is_dithered : `bool`
        Whether exposures are off by fractions of a pixel.
    separation, pair_flux : `float`
        Of the stars of a pair, in pixels, and the flux of each.
    """

    seed: int
    side: int = 96
    visits: int = 12
    fwhm: float = 1.2
    sky: float = 100.0
    stars: int = 25
    galaxies: int = 10
    is_dithered: bool = True
    separation: float = 1.5
    pair_flux: float = 2e4


@dataclasses.dataclass(frozen=True)
class Source:
    """A star, or a galaxy with an exponential profile.

    Parameters
    ----------
    y, x, flux : `float`
        In pixels of the exposures.
    radius, g1, g2 : `float`
        Half-light radius in pixels, 0 for a star, and shear.
    """

    y: float
    x: float
    flux: float
    radius: float = 0.0
    g1: float = 0.0
    g2: float = 0.0

    def seen_through(self, psf: galsim.GSObject) -> galsim.GSObject:
        """Return its profile behind a PSF."""
        if not self.radius:
            return psf.withFlux(self.flux)
        profile = galsim.Exponential(half_light_radius=self.radius).shear(g1=self.g1, g2=self.g2)
        return galsim.Convolve(psf, profile).withFlux(self.flux)


Pair = tuple[Source, Source]
"""Two stars that are close to each other."""


@dataclasses.dataclass(frozen=True, eq=False)
class DitheredField:
    """Exposures and all that is in them.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    sources : `tuple` [`Source`, ...]
        All, those of pairs too.
    pairs : `tuple` [`Pair`, ...]
        Two stars each.
    """

    stack: ExposureStack
    sources: tuple[Source, ...]
    pairs: tuple[Pair, ...]

    def truth(self, factor: int, fwhm: float) -> np.ndarray:
        """Return the field at a Gaussian PSF.

        Parameters
        ----------
        factor : `int`
            Pixels per pixel of the exposures along each axis.
        fwhm : `float`
            Of the PSF, in such smaller pixels.

        Returns
        -------
        image : `numpy.ndarray`
            On the finer grid.
        """
        psf = galsim.Gaussian(fwhm=fwhm / factor)
        return _draw(self.sources, psf, self.stack.shape[0], (0.0, 0.0), factor, "no_pixel")


def make_field(config: DitheredConfig) -> DitheredField:
    """Return a field.

    Parameters
    ----------
    config : `DitheredConfig`
        What it is like.

    Returns
    -------
    field : `DitheredField`
        Exposures and truth.
    """
    rng = np.random.default_rng(config.seed)
    pairs = _pairs(config, rng)
    sources = [*_sources(config, pairs, rng), *(star for pair in pairs for star in pair)]
    images, kernels, offsets = [], [], []
    for _ in range(config.visits):
        psf = galsim.Moffat(beta=3.5, fwhm=config.fwhm * rng.uniform(0.95, 1.05))
        offset = rng.uniform(-0.5, 0.5, 2) if config.is_dithered else np.zeros(2)
        images.append(_draw(sources, psf, config.side, tuple(offset), 1, "auto"))
        kernels.append(_kernel(psf))
        offsets.append(offset)
    variance = config.sky + np.array(images)
    stack = ExposureStack.from_arrays(
        rng.normal(images, np.sqrt(variance)),
        variance,
        np.array(kernels),
        psf_oversampling=OVERSAMPLING,
        offsets=np.array(offsets),
    )
    return DitheredField(stack, tuple(sources), tuple(pairs))


def _pairs(config: DitheredConfig, rng: np.random.Generator) -> list[Pair]:
    pairs = []
    for number, angle in enumerate(ANGLES):
        y, x = (config.side * (0.25 + 0.5 * place) + rng.uniform(-0.5, 0.5) for place in divmod(number, 2))
        dy, dx = 0.5 * config.separation * np.sin(angle), 0.5 * config.separation * np.cos(angle)
        flux = config.pair_flux
        pairs.append((Source(y - dy, x - dx, flux), Source(y + dy, x + dx, flux)))
    return pairs


def _sources(config: DitheredConfig, pairs: Sequence[Pair], rng: np.random.Generator) -> list[Source]:
    sources = [
        Source(*rng.uniform(0.5 * EDGE, config.side - 0.5 * EDGE, 2), 10 ** rng.uniform(2.0, 5.0))
        for _ in range(config.stars)
    ]
    sources += [
        Source(
            *rng.uniform(EDGE, config.side - EDGE, 2),
            10 ** rng.uniform(3.0, 4.7),
            *rng.uniform((0.7, -0.3, -0.3), (3.0, 0.3, 0.3)),
        )
        for _ in range(config.galaxies)
    ]
    middles = [(0.5 * (one.y + other.y), 0.5 * (one.x + other.x)) for one, other in pairs]
    return [
        source for source in sources if all(np.hypot(source.y - y, source.x - x) > ALONE for y, x in middles)
    ]


def _draw(
    sources: Sequence[Source],
    psf: galsim.GSObject,
    side: int,
    offset: tuple[float, ...],
    factor: int,
    method: str,
) -> np.ndarray:
    """Return sources on a grid, pixel (0, 0) of whose exposures is in the middle of its first pixels."""
    image = galsim.ImageD(factor * side, factor * side, scale=1.0 / factor)
    for source in sources:
        # GalSim counts pixels from 1.
        y, x = (
            factor * (place + moved) + 0.5 * (factor - 1) + 1.0
            for place, moved in zip((source.y, source.x), offset, strict=True)
        )
        reach = factor * REACH
        around = galsim.BoundsI(round(x) - reach, round(x) + reach, round(y) - reach, round(y) + reach)
        profile = source.seen_through(psf)
        stamp = image[around & image.bounds]
        profile.drawImage(image=stamp, add_to_image=True, center=galsim.PositionD(x, y), method=method)
    return image.array


def _kernel(psf: galsim.GSObject) -> np.ndarray:
    side = 2 * OVERSAMPLING * KERNEL_RADIUS + 1
    kernel = psf.drawImage(nx=side, ny=side, scale=1.0 / OVERSAMPLING).array.astype(np.float64)
    return kernel / kernel.sum()
