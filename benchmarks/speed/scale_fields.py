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

"""Large patches for the benchmarks of scale, made of copies of a small one."""

from __future__ import annotations

__all__ = ("fill_repository", "tiled_stack")

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

from lsst.acn import Box, ExposureStack, PsfKernels
from lsst.acn.image_io import make_warp
from lsst.acn.repository.patch_row import PatchRow
from lsst.acn.repository.store import VisitDescription, open_repository, put_warps, sync_dimensions
from lsst.acn.simulation import MASK_PLANES, SimulatedField, SimulationConfig, simulate_field

SEED = 3
PIECE = 525
"""Side, in pixels, of the field that is copied: an eighth of the patch of the
paper."""

CELL_SIZE = 150
DAY_OBS = 20260101


def main() -> None:
    """Fill a repository."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repo", help="Butler repository to make.")
    parser.add_argument("--size", type=int, default=4200, help="Side of a patch in pixels.")
    parser.add_argument("--visits", type=int, default=33, help="Number of exposures.")
    parser.add_argument("--patches", type=int, default=1, help="Number of patches, side by side.")
    arguments = parser.parse_args()
    fill_repository(arguments.repo, arguments.size, arguments.visits, arguments.patches)


def small_field(visits: int) -> SimulatedField:
    """Return the field that is copied."""
    return simulate_field(SimulationConfig(seed=SEED, box=Box.from_shape((PIECE, PIECE)), visits=visits))


def tiled_stack(size: int, visits: int) -> ExposureStack:
    """Return a patch in memory.

    Parameters
    ----------
    size : `int`
        Its side in pixels.
    visits : `int`
        Number of exposures.

    Returns
    -------
    stack : `~lsst.acn.ExposureStack`
        Copies of a small field, cut to size.
    """
    field = small_field(visits)
    return ExposureStack.from_arrays(
        _copies(field.image, size),
        _copies(field.variance, size),
        field.psf.at(*field.box.center),
        valid=_copies(field.stack.valid, size),
        mask=_copies(field.mask, size),
        mask_planes=MASK_PLANES,
    )


def _copies(plane: np.ndarray, size: int) -> np.ndarray:
    times = -(-size // PIECE)
    copies = np.tile(plane, (*[1] * (plane.ndim - 2), times, times))
    return copies[..., :size, :size]


def fill_repository(repo: str, size: int, visits: int, patches: int = 1) -> None:
    """Fill a Butler repository with the warps of large patches.

    Parameters
    ----------
    repo : `str`
        Repository, which is made.
    size : `int`
        Side of a patch in pixels.
    visits : `int`
        Number of exposures.
    patches : `int`, optional
        Number of equal patches, side by side.
    """
    field = small_field(visits)
    row = PatchRow(size=size, count=patches)
    geometries = row.geometries(field.wcs, CELL_SIZE)
    band = field.config.band
    described = [VisitDescription(visit, band, f"{band}_sim", DAY_OBS) for visit in field.config.visit_ids]
    with open_repository(repo) as butler:
        with butler.transaction():
            sync_dimensions(
                butler, instrument="SimCam", visits=described, patches=geometries, patch_grid=row.grid
            )
        for geometry in geometries:
            put_warps(butler, _warps(field, geometry, size), instrument="SimCam", run="simulated/warps")


def _warps(field: SimulatedField, geometry: Any, size: int) -> Iterator[tuple[int, Any]]:
    kernels = field.psf.at(*field.box.center)
    for index, visit in enumerate(field.config.visit_ids):
        yield (
            visit,
            make_warp(
                _copies(field.image[index], size),
                _copies(field.variance[index], size),
                PsfKernels.constant(kernels[index : index + 1], geometry.outer_box),
                geometry=geometry,
                box=geometry.outer_box,
                mask=_copies(field.mask[index], size),
                mask_planes=MASK_PLANES,
                band=field.config.band,
            ),
        )


if __name__ == "__main__":
    main()
