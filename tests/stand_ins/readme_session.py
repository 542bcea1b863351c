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


"""Do what README and guide say of warps of one's own, to the letter.

``tests/newcomer.sh`` runs it in an empty folder, with the package installed
from its wheel: ``python readme_session.py CHECKOUT``.
"""

from __future__ import annotations

__all__ = ("blocks_of_readme", "main")

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import astropy.io.fits
import astropy.table
import numpy as np

SIZE = 96


def blocks_of_readme(readme: str) -> list[str]:
    """Return the indented blocks of a page in Markdown, not indented any more."""
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", readme, re.MULTILINE)
    return [textwrap.dedent(block).strip() + "\n" for block in found]


def make_warps(table: astropy.table.Table) -> None:
    """Write the files that the table of the README lists, as afw would."""
    from lsst.acn import Box
    from lsst.acn.simulation import MASK_PLANES, SimulationConfig, simulate_field

    box = Box.from_shape((SIZE, SIZE))
    field = simulate_field(SimulationConfig(seed=2, box=box, visits=len(table)))
    meanings = astropy.io.fits.Header()
    for plane, bit in MASK_PLANES.items():
        meanings[f"HIERARCH MP_{plane}"] = bit
    for index, row in enumerate(table):
        image = astropy.io.fits.ImageHDU(field.image[index], field.wcs.to_header(), name="IMAGE")
        image.header["BUNIT"] = "nJy"
        mask = astropy.io.fits.ImageHDU(field.mask[index].astype(np.int32), meanings, name="MASK")
        variance = astropy.io.fits.ImageHDU(field.variance[index], name="VARIANCE")
        hdus = [astropy.io.fits.PrimaryHDU(), image, mask, variance]
        astropy.io.fits.HDUList(hdus).writeto(row["path"])
        astropy.io.fits.ImageHDU(field.psf.at(48, 48)[index]).writeto(row["psf_path"])


def run(command: str) -> None:
    """Run a command as it stands, and show it and what it says."""
    print("$", command, flush=True)
    subprocess.run(["bash", "-euc", command], check=True)


def run_python(code: str, names: dict[str, Any]) -> None:
    """Run a block of Python in a session."""
    print(textwrap.indent(code, ">>> "), flush=True)
    exec(code, names)


def main(checkout: Path) -> None:
    """Run the blocks of the README, and of the pages that go on from there."""
    readme = (checkout / "README.md").read_text()
    names: dict[str, Any] = {}
    for block in blocks_of_readme(readme):
        first = block.split()[0]
        if first == "#":
            Path("visits.ecsv").write_text(block)
            make_warps(astropy.table.Table.read("visits.ecsv"))
        elif first in ("butler", "pipetask"):
            run(block)
        elif first == "from":
            run_python(block, names)
    run("butler report-restorations REPO HSC/restored -o report")
    rng = np.random.default_rng(1)
    psf = np.zeros((3, 9, 9))
    psf[:, 3:6, 3:6] = 1 / 9
    names |= {"image": rng.normal(size=(3, 40, 40)), "variance": np.ones((3, 40, 40)), "psf": psf}
    (arrays,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    run_python(arrays, names)
    Path("restored.fits").unlink()
    guide = checkout / "doc" / "lsst.acn"
    page = (guide / "look-at-a-patch.rst").read_text() + (guide / "elsewhere.rst").read_text()
    for block in re.findall(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", page, re.MULTILINE):
        run_python(textwrap.dedent(block).strip() + "\n", names)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
