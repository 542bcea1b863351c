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

"""The simulated fields of the scoreboard."""

from __future__ import annotations

__all__ = ("FIELDS", "TUNING_FIELD", "BenchmarkField", "benchmark_field", "quick_fields")

import dataclasses

import numpy as np

from lsst.acn import Box
from lsst.acn.simulation import ConditionsConfig, SceneConfig, SimulationConfig

BEYOND_COADD_DEPTH = 0.7
"""Magnitudes by which the faintest source is fainter than a point source at
5 sigma in the coadd, so that no method finds everything."""

BRIGHTEST_STAR, BRIGHTEST_GALAXY = 18.5, 19.0
"""AB magnitudes.  One star that is brighter would make up all of the error of
a field as small as these."""

QUICK_SIZE = 96
QUICK_VISITS = 8


@dataclasses.dataclass(frozen=True)
class BenchmarkField:
    """A field with a name.

    Parameters
    ----------
    name : `str`
        What its table is called.
    config : `SimulationConfig`
        How to simulate it; its seed is that of every draw.
    is_crowded : `bool`, optional
        Whether sources overlap at the resolution of the exposures.
    """

    name: str
    config: SimulationConfig
    is_crowded: bool = False

    @property
    def depth(self) -> float:
        """AB magnitude of a point source at 5 sigma in one exposure (`float`)."""
        return self.config.conditions.depth

    @property
    def work(self) -> int:
        """Pixels of all exposures, which most methods' time goes with (`int`)."""
        height, width = self.config.box.shape
        return self.config.visits * height * width

    def describe(self) -> str:
        """Return the conditions in words."""
        config = self.config
        low, high = config.conditions.seeing
        height, width = config.box.shape
        return (
            f"{config.visits} exposures of {height} × {width} pixels of {config.pixel_scale:g}″, seeing "
            f"{low:g}–{high:g}″, depth {self.depth:g} mag each, seed {config.seed}"
        )


def benchmark_field(
    name: str,
    seed: int,
    size_and_visits: tuple[int, int],
    pixel_scale: float,
    seeing: tuple[float, float],
    depth: float,
    sources: int,
    star_share: float = 0.15,
    is_crowded: bool = False,
) -> BenchmarkField:
    """Return a field with so many sources down to its faint limit.

    Parameters
    ----------
    name : `str`
        What its table is called.
    seed : `int`
        Of every draw.
    size_and_visits : `tuple` [`int`, `int`]
        Side in pixels, and number of exposures.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    seeing : `tuple` [`float`, `float`]
        Best and worst, in arcsec.
    depth : `float`
        AB magnitude of a point source at 5 sigma in one exposure.
    sources : `int`
        Number in the field.
    star_share : `float`, optional
        Share of them that are stars.
    is_crowded : `bool`, optional
        Whether they overlap.

    Returns
    -------
    field : `BenchmarkField`
        The field.
    """
    size, visits = size_and_visits
    stamp = 2 * int(np.ceil(2.3 * seeing[1] / pixel_scale)) + 1
    arcmin2 = (size * pixel_scale / 60.0) ** 2
    coadd_depth = depth + 1.25 * np.log10(visits)
    config = SimulationConfig(
        seed=seed,
        box=Box.from_shape((size, size)),
        visits=visits,
        pixel_scale=pixel_scale,
        psf_size=max(stamp, 21),
        scene=SceneConfig(
            crowding=sources / arcmin2,
            star_share=star_share,
            faint_limit=float(coadd_depth + BEYOND_COADD_DEPTH),
            star_bright_limit=BRIGHTEST_STAR,
            galaxy_bright_limit=BRIGHTEST_GALAXY,
        ),
        conditions=ConditionsConfig(seeing=seeing, depth=depth),
    )
    return BenchmarkField(name, config, is_crowded)


# Name, seed, (side, exposures), pixels, seeing, depth, sources.  The seeds are below 100 000, where those
# of the fields begin that the shipped network is trained on.
FIELDS = (
    benchmark_field("typical", 11, (192, 12), 0.168, (0.5, 0.85), 25.3, 110),
    benchmark_field("0.1″ pixels, sharp", 12, (192, 10), 0.1, (0.4, 0.6), 25.3, 80),
    benchmark_field("poor seeing", 13, (192, 12), 0.2, (0.9, 1.3), 25.0, 100),
    benchmark_field("0.3″ pixels, sparse", 14, (192, 8), 0.3, (0.8, 1.3), 25.3, 40),
    benchmark_field("3 exposures", 15, (256, 3), 0.2, (0.6, 0.9), 25.3, 170),
    benchmark_field("100 exposures", 16, (96, 100), 0.168, (0.5, 1.0), 24.0, 70),
    benchmark_field(
        "crowded", 18, (192, 12), 0.168, (0.55, 0.85), 25.3, 450, star_share=0.3, is_crowded=True
    ),
    benchmark_field(
        "crowded, deep", 19, (144, 33), 0.2, (0.6, 1.0), 24.8, 280, star_share=0.3, is_crowded=True
    ),
)
"""The fields of the scoreboard (`tuple` [`BenchmarkField`])."""

TUNING_FIELD = benchmark_field("tuning", 1, (128, 10), 0.168, (0.55, 0.9), 25.3, 60)
"""Where the free parameters of the peers were chosen (`BenchmarkField`)."""


def quick_fields() -> tuple[BenchmarkField, ...]:
    """Return small versions of two fields, a typical and a crowded one."""
    return tuple(_shrunk(field) for field in FIELDS if field.name in ("typical", "crowded"))


def _shrunk(field: BenchmarkField) -> BenchmarkField:
    config = dataclasses.replace(
        field.config, box=Box.from_shape((QUICK_SIZE, QUICK_SIZE)), visits=QUICK_VISITS
    )
    return dataclasses.replace(field, config=config)
