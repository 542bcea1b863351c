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

"""Fields as cameras take them, from Rubin's to a small survey telescope's."""

from __future__ import annotations

__all__ = ("INSTRUMENTS",)

import dataclasses

from lsst.acn.simulation.pixel_noise import NoiseConfig

from .fields import BenchmarkField, benchmark_field

BRIGHTEST = 6.8
"""Magnitudes by which the brightest star is brighter than the depth of one exposure."""


def _instrument(
    name: str,
    seed: int,
    size_and_visits: tuple[int, int],
    pixel_scale: float,
    seeing: tuple[float, float],
    depth: float,
    sources: int,
    noise: NoiseConfig,
) -> BenchmarkField:
    """Return a field with the noise of a camera, and stars as bright as it can take."""
    field = benchmark_field(name, seed, size_and_visits, pixel_scale, seeing, depth, sources, star_share=0.3)
    limits = {"star_bright_limit": depth - BRIGHTEST, "galaxy_bright_limit": depth - BRIGHTEST + 0.5}
    scene = dataclasses.replace(field.config.scene, **limits)
    return dataclasses.replace(field, config=dataclasses.replace(field.config, scene=scene, noise=noise))


# Electrons for each nJy are about those of one exposure: 200 s on 8 m, 30 s on 6.4 m, 90 s on 4 m, and so on.
INSTRUMENTS = (
    _instrument("HSC", 31, (192, 20), 0.168, (0.5, 0.9), 25.3, 110, NoiseConfig(10.0)),
    _instrument("LSSTCam", 32, (192, 24), 0.2, (0.6, 1.1), 24.0, 90, NoiseConfig(1.6, resampling="lanczos3")),
    _instrument("DECam", 33, (192, 12), 0.263, (0.8, 1.3), 23.8, 90, NoiseConfig(1.4)),
    _instrument("space-like", 34, (160, 8), 0.1, (0.12, 0.121), 26.5, 80, NoiseConfig(3.0, read_share=0.2)),
    _instrument(
        "near-infrared",
        35,
        (192, 30),
        0.2,
        (0.5, 0.8),
        23.0,
        90,
        NoiseConfig(3.0, read_share=0.002, resampling="bilinear"),
    ),
    _instrument("ZTF-like", 36, (128, 50), 1.0, (1.9, 2.6), 20.5, 90, NoiseConfig(0.05, read_share=0.1)),
)
"""Fields as cameras take them (`tuple` [`BenchmarkField`])."""
