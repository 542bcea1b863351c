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

"""Warps in FITS files as ``lsst.afw`` would write them, and how to ingest them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import astropy.io.fits
import astropy.table
import numpy as np

from lsst.acn import gaussian_kernel
from lsst.acn.image_io import read_exposure_stack, tangent_plane_wcs
from lsst.daf.butler import Butler
from lsst.daf.butler.cli.butler import cli
from lsst.daf.butler.cli.utils import LogCliRunner

SHAPE = (24, 32)
PLANES = {"BAD": 0, "SAT": 1, "CR": 3, "NO_DATA": 8, "SENSOR_EDGE": 11}


@dataclasses.dataclass
class FakeWarp:
    """What to write into a FITS file."""

    seed: int = 0
    shape: tuple[int, int] = SHAPE
    start: tuple[int, int] | None = (500, 700)
    ra: float = 30.0
    psf: np.ndarray | None = dataclasses.field(default_factory=lambda: gaussian_kernel(3.0, 11))
    unit: str | None = "nJy"
    fully_masked: bool = False
    without: str | None = None
    planes: dict[str, int] = dataclasses.field(default_factory=lambda: dict(PLANES))
    variance_shape: tuple[int, int] | None = None
    wcs: bool = True

    def pixels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return image, mask and variance."""
        rng = np.random.default_rng(self.seed)
        mask = np.zeros(self.shape, np.int32)
        mask[2, 3], mask[4, 5] = 1 << 3, 1 << 11
        if self.fully_masked:
            mask[:] = 1 << 8
        image = rng.normal(size=self.shape).astype(np.float32)
        variance = rng.uniform(1, 2, self.variance_shape or self.shape).astype(np.float32)
        return image, mask, variance

    def header(self) -> astropy.io.fits.Header:
        """Return the header of the image, as afw writes it."""
        start = self.start or (0, 0)
        wcs = tangent_plane_wcs(self.ra, -5.0, 0.2, y=512.0 - start[0], x=712.0 - start[1])
        header = wcs.to_header() if self.wcs else astropy.io.fits.Header()
        if self.start is not None:
            header["LTV1"], header["LTV2"] = -float(start[1]), -float(start[0])
        if self.unit:
            header["BUNIT"] = self.unit
        return header

    def write(self, path: Path) -> None:
        """Write the file."""
        image, mask, variance = self.pixels()
        marks = astropy.io.fits.Header()
        for name, bit in self.planes.items():
            marks[f"HIERARCH MP_{name}"] = bit
        hdus = [
            astropy.io.fits.ImageHDU(image, self.header(), name="IMAGE"),
            astropy.io.fits.ImageHDU(mask, marks, name="MASK"),
            astropy.io.fits.ImageHDU(variance, name="VARIANCE"),
        ]
        if self.psf is not None:
            hdus.append(astropy.io.fits.ImageHDU(self.psf, name="PSF"))
        hdus = [hdu for hdu in hdus if hdu.name != self.without]
        astropy.io.fits.HDUList([astropy.io.fits.PrimaryHDU(), *hdus]).writeto(path)


def write_table(folder: Path, warps: list[FakeWarp], **columns: list[Any]) -> Path:
    """Write warps and the table that lists them as visits 1, 2, and so on."""
    folder.mkdir(exist_ok=True)
    numbers = range(1, len(warps) + 1)
    for number, warp in zip(numbers, warps, strict=True):
        warp.write(folder / f"warp-{number}.fits")
    values: dict[str, Any] = {
        "visit": list(numbers),
        "band": ["r"] * len(warps),
        "physical_filter": ["r_01"] * len(warps),
        "day_obs": [20260131] * len(warps),
        "path": [f"warp-{number}.fits" for number in numbers],
    }
    values |= columns
    table = astropy.table.Table({name: value for name, value in values.items() if value is not None})
    table.write(folder / "visits.ecsv", overwrite=True)
    return folder / "visits.ecsv"


class Ingest:
    """Run ``butler ingest-warps`` on a repository in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, table: Path, *arguments: str, run: str = "warps", patch: int = 12) -> str:
        result = self.invoke(table, *arguments, run=run, patch=patch)
        assert result.exit_code == 0, f"{result.output} {result.exception}"
        return result.output

    def fail(self, table: Path, *arguments: str, run: str = "warps", patch: int = 12) -> str:
        """Run the command, and return the message with which it fails."""
        result = self.invoke(table, *arguments, run=run, patch=patch)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert result.output.startswith("Error: ")
        return result.output

    def invoke(self, table: Path, *arguments: str, run: str, patch: int) -> Any:
        """Run the command, come what may."""
        command = ["ingest-warps", str(self.root), str(table), "--skymap", "test", "--tract", "4"]
        command += ["--patch", str(patch), "--output-run", run, *arguments]
        if "--instrument" not in arguments:
            command += ["--instrument", "TestCam"]
        return LogCliRunner().invoke(cli, command)

    def stack(self, run: str = "warps", **keywords: Any) -> Any:
        """Return the exposures that a run holds."""
        with Butler.from_config(str(self.root), collections=run) as butler:
            found = butler.query_datasets("direct_warp")
            return read_exposure_stack([butler.getDeferred(reference) for reference in found], **keywords)
