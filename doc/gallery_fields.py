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
"""The fields of the gallery: simulated ones, and DECam's where it is there."""

from __future__ import annotations

__all__ = ("SIMULATED", "GalleryField", "read_decam", "simulate")

import dataclasses
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lsst.acn import Box, ExposureStack
from lsst.acn.image_io import read_exposure_stack
from lsst.acn.repository.ingest import ingest_warps
from lsst.acn.simulation import ConditionsConfig, SceneConfig, SimulationConfig, simulate_field
from lsst.daf.butler import Butler

ROOT = Path(__file__).resolve().parents[1]
SIDE = 192
DECAM_PIXEL = 0.2623
"""Side of a pixel in arcsec."""


@dataclasses.dataclass(frozen=True, eq=False)
class GalleryField:
    """A field to restore.

    Parameters
    ----------
    name : `str`
        Name of its picture.
    title : `str`
        What it is.
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    pixel_scale : `float`
        Side of a pixel in arcsec.
    truth_at : `~collections.abc.Callable`, optional
        Returns the truth at a Gaussian PSF of some FWHM in pixels.
    """

    name: str
    title: str
    stack: ExposureStack
    pixel_scale: float
    truth_at: Callable[[float], np.ndarray] | None = None


def _config(
    seed: int, visits: int, pixel_scale: float, seeing: tuple[float, float], **scene: float
) -> SimulationConfig:
    return SimulationConfig(
        seed=seed,
        box=Box.from_shape((SIDE, SIDE)),
        visits=visits,
        pixel_scale=pixel_scale,
        scene=SceneConfig(star_bright_limit=18.5, galaxy_bright_limit=18.5, **scene),
        conditions=ConditionsConfig(seeing=seeing),
    )


SIMULATED = {
    "typical": ("A dozen exposures in good seeing", _config(31, 12, 0.168, (0.5, 0.85), crowding=200.0)),
    "crowded": (
        "A crowded field, three of four sources stars",
        _config(32, 16, 0.168, (0.55, 0.85), crowding=900.0, star_share=0.75),
    ),
    "poor-seeing": ("Poor seeing", _config(33, 12, 0.2, (0.95, 1.35), crowding=120.0)),
    "three-exposures": ("Three exposures", _config(34, 3, 0.2, (0.6, 0.9), crowding=150.0)),
}
"""Title and simulation of each simulated field, by name (`dict`)."""


def simulate(name: str) -> GalleryField:
    """Return a simulated field.

    Parameters
    ----------
    name : `str`
        One of `SIMULATED`.

    Returns
    -------
    field : `GalleryField`
        The field, with its truth.
    """
    title, config = SIMULATED[name]
    field = simulate_field(config)
    return GalleryField(name, title, field.stack, config.pixel_scale, field.truth_image)


def read_decam() -> GalleryField | None:
    """Return eight visits of DECam, or nothing where they are not there.

    Returns
    -------
    field : `GalleryField` or `None`
        From ``decam/visits.ecsv`` in the folder that the environment variable
        ``ACN_TEST_DATA`` names.
    """
    data = Path(os.environ.get("ACN_TEST_DATA", ROOT.parent / "shared" / "data"))
    table = data / "decam" / "visits.ecsv"
    if not table.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        repo = str(Path(folder) / "repo")
        where = {"skymap": "decam", "tract": 0, "patch": 0}
        ingest_warps(repo, str(table), instrument="DECam", output_run="warps", **where)
        with Butler.from_config(repo, collections="warps") as butler:
            warps = [butler.getDeferred(found) for found in butler.query_datasets("direct_warp")]
            stack = read_exposure_stack(warps)
    return GalleryField("decam", "DECam, i band", stack, DECAM_PIXEL)
