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

"""Restored patches, made up, in a Butler repository."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from astropy.table import Table

from lsst.acn import Box, gaussian_kernel
from lsst.acn.image_io import PatchGeometry, make_patch_geometry, make_warp, tangent_plane_wcs
from lsst.acn.repository.store import VisitDescription, open_repository, sync_dimensions
from lsst.daf.butler import Butler, DatasetType

DIMENSIONS = ("skymap", "tract", "patch", "band")
STORAGE_CLASSES = {
    "restored_coadd": "CellCoadd",
    "reference_coadd": "CellCoadd",
    "restored_coadd_metrics": "ArrowAstropy",
    "restored_coadd_plot": "Plot",
}
RUN, SKYMAP = "restored", 'test<&>"map'
OUTLIER = 3
"""Patch whose restored image has a noisy sky."""


def make_geometries(count: int, side: int) -> list[PatchGeometry]:
    """Return patches side by side."""
    wcs = tangent_plane_wcs(30.0, -5.0, 0.2)
    boxes = [Box.from_shape((side, side + 20), (0, number * (side + 20))) for number in range(count)]
    return [
        make_patch_geometry(wcs, skymap=SKYMAP, tract=7, patch=number, outer_box=box, cell_size=side)
        for number, box in enumerate(boxes)
    ]


def make_image(
    geometry: PatchGeometry, fwhm: float, noise: float, seed: Sequence[int], redness: int = 0
) -> np.ndarray:
    """Return a few stars of a patch, the same ones at any width and noise.

    With every step of ``redness``, each is brighter or fainter by a factor of
    its own.
    """
    rng = np.random.default_rng([seed[0]])
    height, width = geometry.outer_box.shape
    image = np.zeros((height, width))
    y, x = np.mgrid[:height, :width]
    for _ in range(height * width // 400):
        center, flux = rng.uniform((0, 0), (height, width)), 10 ** rng.uniform(1.5, 4)
        flux *= 10 ** (0.2 * redness * np.sin(7.0 * center[0]))
        radius_squared = (y - center[0]) ** 2 + (x - center[1]) ** 2
        sigma = fwhm / 2.3548
        image += flux * np.exp(-0.5 * radius_squared / sigma**2) / (2 * np.pi * sigma**2)
    image += noise * np.random.default_rng(seed).normal(size=image.shape)
    image[:3, :5] = np.nan
    return image


def make_metrics(number: int, band: str) -> Table:
    """Return a row of metrics as the pipeline would, with fewer columns."""
    noise = 40.0 if number == OUTLIER else 9.7 + 0.1 * number
    values = {
        "skymap": (SKYMAP, None, "Name of the skymap."),
        "patch": (number, None, "Identifier of the patch."),
        "n_exposures": (12 - number % 3, None, "Number of exposures."),
        "sharpness_change": (0.9 - 0.01 * number, None, "S_F of the restored image less that of the coadd."),
        "sky_sigma_change": (noise - 80.0, "%", "Change of the background noise <b>from coadd</b>."),
        "sky_sigma_restored": (noise, "nJy", "Noise of the background of the restored image."),
        "psnr_exposures": (15.78 + 0.1 * number, "dB", "Mean PSNR against each exposure."),
        "flux_ratio": (np.nan if number == 2 else 0.995 + 0.002 * number, None, "Median flux ratio."),
        "n_outlier_visits": (0, None, "Number of outlier visits."),
        "outlier_visits": ("", None, "Visits whose chi-square is unlike that of the others."),
        "flux_ratio_magnitude": ([18.0, 19.0, np.nan], "mag", "Middle of each bin of magnitude."),
        "bin_magnitude": ([20.5, 21.5], "mag", "Middle of each bin."),
        "bin_count": ([0, 7], None, "Number of sources in each bin."),
    }
    table = Table()
    for name, (value, unit, description) in values.items():
        table[name] = [value]
        table[name].unit, table[name].description = unit, description
    return table


def make_report_repository(
    root: Path,
    *,
    count: int = 6,
    side: int = 40,
    bands: Sequence[str] = ("r",),
    without: Collection[tuple[str, int]] = (),
) -> str:
    """Make a repository of restored patches in run "restored".

    ``without`` names datasets, by type and number of the patch, that are not
    there.
    """
    geometries = make_geometries(count, side)
    visits = [VisitDescription(number, band, f"{band}_01", 20260131) for number, band in enumerate(bands, 1)]
    with open_repository(str(root)) as butler:
        sync_dimensions(butler, instrument="TestCam", visits=visits, patches=geometries)
        butler.collections.register(RUN)
        for name, storage_class in STORAGE_CLASSES.items():
            butler.registry.registerDatasetType(
                DatasetType(name, DIMENSIONS, storageClass=storage_class, universe=butler.dimensions)
            )
        with butler.transaction():
            for band in bands:
                for geometry in geometries:
                    _put_patch(butler, geometry, band, without, bands.index(band))
    return str(root)


def _put_patch(
    butler: Butler, geometry: PatchGeometry, band: str, without: Collection[tuple[str, int]], redness: int
) -> None:
    from matplotlib.figure import Figure

    number = geometry.patch.id
    noise = 3.0 if number == OUTLIER else 0.6
    coadd = make_image(geometry, 5.0, 3.0, (number, 1), redness)
    restored = make_image(geometry, 2.5, noise, (number, 2), redness)
    kernel = gaussian_kernel(2.5, 9)
    plot = Figure(figsize=(2, 1), dpi=50)
    plot.text(0.1, 0.5, f"patch {number}")
    datasets = {
        name: make_warp(image, np.ones(image.shape), kernel, geometry=geometry, band=band)
        for name, image in {"reference_coadd": coadd, "restored_coadd": restored}.items()
    }
    datasets |= {"restored_coadd_metrics": make_metrics(number, band), "restored_coadd_plot": plot}
    for name, dataset in datasets.items():
        if (name, number) not in without:
            data_id = {"skymap": SKYMAP, "tract": 7, "patch": number, "band": band}
            butler.put(dataset, name, data_id, run=RUN)
