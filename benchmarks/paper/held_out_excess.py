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

"""Held-out chi-square excess of several methods on warps in a Butler.

``python -m benchmarks.paper.held_out_excess REPO RUN --visits 3 9`` restores each
patch in a run without the visits named, with each method, and says how well
the images explain those visits in source pixels.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator

import numpy as np
from astropy.table import Table

from lsst.acn import ExposureStack, RestorationConfig, restore
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.image_io import read_exposure_stack
from lsst.acn.metrics import classify_pixels, image_excess, latent_excess
from lsst.acn.metrics.psf_width import psf_fwhm
from lsst.daf.butler import Butler

METHODS = {
    "paper's network": {"method": "paper"},
    "ImageMM, 150 plain updates": {"method": "image_mm", "iterations": 150, "accelerate": False},
    "ImageMM, 75 accelerated updates": {"method": "image_mm", "iterations": 75, "accelerate": True},
    "cross-exposure, shipped network": {"method": "cross_exposure"},
}


def main() -> None:
    """Restore every patch with every method, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repo", help="Butler repository.")
    parser.add_argument("collection", help="Collection that holds the warps.")
    parser.add_argument("--visits", type=int, nargs="+", required=True, help="Visits to hold out.")
    parser.add_argument("--epochs", type=int, default=450, help="Epochs of the paper's network.")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    rows = []
    for name, stack in read_patches(arguments.repo, arguments.collection):
        held_out = [index for index, visit in enumerate(stack.visits) if visit in arguments.visits]
        kept = [index for index in range(len(stack)) if index not in held_out]
        rows += compare(name, stack.select(kept), stack.select(held_out), arguments.epochs)
    table = Table(rows)
    for column in ("excess", "error", "seconds"):
        table[column].format = ".4f" if column != "seconds" else ".1f"
    table.pprint_all()


def read_patches(repo: str, collection: str) -> Iterator[tuple[str, ExposureStack]]:
    """Yield the name and the warps of each patch and band in a run."""
    with Butler.from_config(repo, collections=[collection]) as butler:
        patches: dict[str, list] = {}
        for ref in butler.query_datasets("direct_warp"):
            key = f"tract {ref.dataId['tract']}, patch {ref.dataId['patch']}, {ref.dataId['band']}"
            patches.setdefault(key, []).append(butler.getDeferred(ref))
        for key, handles in sorted(patches.items()):
            yield key, read_exposure_stack(handles)


def compare(name: str, kept: ExposureStack, held_out: ExposureStack, epochs: int) -> Iterator[dict]:
    """Yield a row for each method, and two for the coadd."""
    assembled = assemble_coadd(kept)
    coadd = np.nan_to_num(assembled.image)
    fwhm = psf_fwhm(assembled.psf.at(*kept.box.center)[0])
    where = classify_pixels(assembled.image, assembled.variance, fwhm).source
    for label, excess in {
        "coadd as it stands": image_excess(held_out, coadd, where),
        "coadd taken for a latent image": latent_excess(held_out, coadd, kept.box, where),
    }.items():
        yield row(name, label, excess, 0.0)
    for label, options in METHODS.items():
        config = RestorationConfig()
        config.method = options["method"]
        config.training.epochs = epochs
        config.image_mm.iterations = options.get("iterations", config.image_mm.iterations)
        config.image_mm.accelerate = options.get("accelerate", True)
        config.n_noise_realizations = 2
        start = time.monotonic()
        result = restore(kept, config)
        excess = latent_excess(held_out, result.latent, result.latent_box, where)
        yield row(name, label, excess, time.monotonic() - start)


def row(name: str, method: str, excess: object, seconds: float) -> dict:
    """Return a row of the table."""
    return {
        "patch": name,
        "method": method,
        "excess": excess.value,
        "error": excess.error,
        "pixels": excess.n_pixels,
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
