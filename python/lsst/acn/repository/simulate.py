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

"""Fill a Butler repository with simulated warps and their truth."""

from __future__ import annotations

__all__ = ("SimulatedWarps", "simulate_warps")

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from astropy.table import Table

from lsst.daf.butler import Butler, DatasetRef, DatasetType
from lsst.daf.butler.registry import ConflictingDefinitionError

from ..errors import RepositoryConflictError
from ..exposures.psf_kernels import gaussian_kernel
from ..image_io import PatchGeometry, make_warp
from ..simulation import MASK_PLANES, SimulatedField, SimulationConfig, simulate_field
from .dimension_records import VisitDescription, stored_patch_box, sync_dimensions
from .names import check_collection_name
from .patch_row import PatchRow
from .store import (
    WARP_DATASET_TYPE,
    check_not_stored,
    open_repository,
    put_warps,
    register_warp_type,
    remove_leftovers,
)

DAY_OBS = 20260101
TRUTH_DIMENSIONS = ("skymap", "tract", "patch", "band")
TRUTH_STORAGE_CLASSES = {"simulated_truth": "CellCoadd", "simulated_truth_catalog": "ArrowAstropy"}

NARROWEST, WIDEST = 0.1, 100.0
"""Pixels that the PSF of the truth may be wide."""

TRUTH_VARIANCE = 1e-6
"""Variance of the truth in nJy squared: what drawing may be wrong by (`float`)."""


@dataclasses.dataclass(frozen=True, eq=False)
class SimulatedWarps:
    """What a simulation has put into a repository.

    Parameters
    ----------
    field : `SimulatedField`
        All patches in one.
    references : `list` [`lsst.daf.butler.DatasetRef`]
        Warps, truth images and truth catalogues.
    """

    field: SimulatedField
    references: list[DatasetRef]


def simulate_warps(
    repo: str,
    config: SimulationConfig,
    patches: PatchRow,
    *,
    instrument: str = "SimCam",
    physical_filter: str | None = None,
    truth_fwhm: float = 2.5,
    output_run: str = "simulated/warps",
) -> SimulatedWarps:
    """Simulate warps of adjacent patches and store them with their truth.

    Parameters
    ----------
    repo : `str`
        Butler repository, which is made if there is none.
    config : `SimulationConfig`
        What to simulate; its ``box`` is replaced by that of ``patches``.
    patches : `PatchRow`
        The patches.
    instrument : `str`, optional
        Name of the instrument.
    physical_filter : `str`, optional
        Name of the filter; by default the band and ``_sim``.
    truth_fwhm : `float`, optional
        Full width at half maximum, in pixels, of the Gaussian PSF of the
        truth image.
    output_run : `str`, optional
        Run to store everything in.

    Returns
    -------
    warps : `SimulatedWarps`
        The field and the datasets that were stored.

    Raises
    ------
    ValueError
        Raised if ``config`` and ``patches`` do not fit together, or
        ``truth_fwhm`` is no width that pixels show.
    RepositoryConflictError
        Raised if the repository says something else or cannot hold a name, or
        the run already has such datasets.  Nothing is changed then.
    RepositoryUnavailableError
        Raised if the repository is locked or cannot be written to.
    """
    if not NARROWEST <= truth_fwhm <= WIDEST:
        raise ValueError(
            f"truth_fwhm must be positive, {NARROWEST:g} to {WIDEST:g} pixels; got {truth_fwhm}."
        )
    check_collection_name(output_run)
    config = _on_patches(config, patches)
    visits = [
        VisitDescription(visit, config.band, physical_filter or f"{config.band}_sim", DAY_OBS)
        for visit in config.visit_ids
    ]
    with open_repository(repo) as butler:
        _check_nothing_is_stored(butler, config, patches, instrument, output_run)
        field = simulate_field(config)
        geometries = patches.geometries(field.wcs, config.cell_size)
        _check_patches(butler, geometries)
        _register_types(butler)
        remove_leftovers(repo, output_run, [WARP_DATASET_TYPE, *TRUTH_STORAGE_CLASSES])
        try:
            with butler.transaction():
                sync_dimensions(
                    butler, instrument=instrument, visits=visits, patches=geometries, patch_grid=patches.grid
                )
                references = []
                for geometry in geometries:
                    part = field.cutout(geometry.outer_box)
                    warps = _warps(part, geometry)
                    references += put_warps(butler, warps, instrument=instrument, run=output_run)
                    references += _put_truth(butler, part, geometry, truth_fwhm, output_run)
        except ConflictingDefinitionError as error:
            raise RepositoryConflictError(
                f"Run {output_run} of {repo} already has truth of these patches; choose another run."
            ) from error
    return SimulatedWarps(field, references)


def _on_patches(config: SimulationConfig, patches: PatchRow) -> SimulationConfig:
    # The sky touches the middle of the first patch, however many there are, so that later runs
    # with more patches agree on where the first ones lie.
    middle = 0.5 * (patches.size - 1)
    return dataclasses.replace(config, box=patches.box, center_pixel=(middle, middle))


def _check_nothing_is_stored(
    butler: Butler, config: SimulationConfig, patches: PatchRow, instrument: str, run: str
) -> None:
    for patch in range(patches.count):
        check_not_stored(
            butler,
            list(config.visit_ids),
            run=run,
            instrument=instrument,
            skymap=patches.skymap,
            tract=patches.tract,
            patch=patch,
        )


def _check_patches(butler: Butler, geometries: list[PatchGeometry]) -> None:
    for geometry in geometries:
        stored = stored_patch_box(butler, geometry)
        if stored is not None and stored != geometry.outer_box:
            raise RepositoryConflictError(
                f"Patch {geometry.patch.id} of tract {geometry.tract} of skymap {geometry.skymap} covers "
                f"{stored} in the repository, not {geometry.outer_box}, on the pixel grid of this "
                "simulation; choose another tract or skymap."
            )


def _register_types(butler: Butler) -> None:
    register_warp_type(butler)
    for name, storage_class in TRUTH_STORAGE_CLASSES.items():
        butler.registry.registerDatasetType(
            DatasetType(name, TRUTH_DIMENSIONS, storageClass=storage_class, universe=butler.dimensions)
        )


def _warps(field: SimulatedField, geometry: PatchGeometry) -> Iterator[tuple[int, Any]]:
    """Yield visits and their warps."""
    cells = geometry.patch.cells.cell_shape
    psf = field.psf_on(field.box, (cells.y, cells.x))
    for index, conditions in enumerate(field.conditions):
        yield (
            conditions.visit,
            make_warp(
                field.image[index],
                field.variance[index],
                psf.select(np.array([index])),
                geometry=geometry,
                mask=field.mask[index],
                mask_planes=MASK_PLANES,
                band=field.config.band,
                metadata=_true_conditions(field, index),
            ),
        )


def _true_conditions(field: SimulatedField, index: int) -> dict[str, Any]:
    """Return what an exposure is like, and what is wrong with it."""
    conditions, wrong = field.conditions[index], field.nuisances[index]
    return {
        "simulation_seed": field.config.seed,
        "simulation_seeing": conditions.fwhm,
        "simulation_depth": conditions.depth,
        "simulation_sky_offset": conditions.sky_offset,
        "simulation_sky_level": wrong.sky.level,
        "simulation_flux_scale": wrong.calibration.scale,
        "simulation_shift_y": wrong.calibration.shift[0],
        "simulation_shift_x": wrong.calibration.shift[1],
        "simulation_psf_width_error": wrong.psf.width,
        "simulation_psf_g1_error": wrong.psf.g1,
        "simulation_psf_g2_error": wrong.psf.g2,
    }


def _put_truth(
    butler: Butler, field: SimulatedField, geometry: PatchGeometry, fwhm: float, run: str
) -> list[DatasetRef]:
    truth = make_warp(
        field.truth_image(fwhm),
        np.full(field.box.shape, TRUTH_VARIANCE, np.float32),
        gaussian_kernel(fwhm),
        geometry=geometry,
        band=field.config.band,
        metadata={"simulation_seed": field.config.seed, "simulation_truth_fwhm": fwhm},
    )
    data_id = {
        "skymap": geometry.skymap,
        "tract": geometry.tract,
        "patch": geometry.patch.id,
        "band": field.config.band,
    }
    return [
        butler.put(truth, "simulated_truth", data_id, run=run),
        butler.put(_catalog_around(field), "simulated_truth_catalog", data_id, run=run),
    ]


def _catalog_around(field: SimulatedField) -> Table:
    """Return the sources whose light may reach a patch."""
    catalog, box = field.catalog, field.box.grown_by(field.config.scene.edge_margin)
    y, x = np.round(catalog["y"]), np.round(catalog["x"])
    rows, columns = (y >= box.y_start) & (y < box.y_stop), (x >= box.x_start) & (x < box.x_stop)
    return catalog[np.asarray(rows & columns)]
