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

"""Restore dithered fields on their own grid and on finer ones, and write down what comes of it."""

from __future__ import annotations

__all__ = ("main", "run_field")

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import map_coordinates

from lsst.acn import RestorationConfig, RestorationResult, gaussian_kernel, restore
from lsst.acn.forward.target_psf import convolve_separable

from ..peers import starred as starred_peer
from ..peers.cost import limit_threads
from ..peers.networks import PAPER, network_config
from .fields import DitheredConfig, DitheredField, make_field
from .page import format_page
from .scores import FinerScore, score_image

LOG = logging.getLogger("finer")
SEED = 910_000
"""First seed; those of all other benchmarks and of the training are others."""

TARGET_FWHM = 2.5
IMAGE_MM, STARRED = "ImageMM 75", starred_peer.NAME
PEERS = (IMAGE_MM, STARRED)
UPDATES = 75

STARRED_STRENGTH, STARRED_ITERATIONS = 0.5, 160
"""Chosen on a field of another seed (909990), where more sparsity was worse."""

EPOCHS = 450
"""Of the paper's network."""

OWN_GRID, INTERPOLATED, FINER, SMOOTHED = (
    "upsampling 1",
    "upsampling 1, interpolated",
    "upsampling {0}",
    "upsampling {0}, at the PSF of upsampling 1",
)
"""Names of what is compared."""

Scores = dict[str, FinerScore]


def run_field(field: DitheredField, factor: int, peers: Sequence[str] = ()) -> Scores:
    """Restore a field in all ways, and score them.

    Parameters
    ----------
    field : `DitheredField`
        Exposures and truth.
    factor : `int`
        Pixels of the finer grid per pixel of the exposures along each axis.
    peers : `~collections.abc.Sequence` [`str`], optional
        Names of the other methods that restore it to the finer grid.

    Returns
    -------
    scores : `dict` [`str`, `FinerScore`]
        By name.
    """
    coarse, coarse_seconds = _restored(field, _config(1))
    finer, seconds = _restored(field, _config(factor))
    wide = factor * TARGET_FWHM
    scores = {
        OWN_GRID: score_image(field, coarse.image, coarse.variance, 1, TARGET_FWHM, coarse_seconds),
        FINER.format(factor): score_image(field, finer.image, finer.variance, factor, TARGET_FWHM, seconds),
    }
    for name in peers:
        image, peer_seconds = _restored_by(name, field, factor)
        scores[f"{name}, upsampling {factor}"] = score_image(
            field, image, None, factor, TARGET_FWHM, peer_seconds
        )
    narrowing = gaussian_kernel(float(np.sqrt(wide**2 - TARGET_FWHM**2)))
    smooth = convolve_separable(finer.image, narrowing)
    scores[INTERPOLATED] = score_image(field, interpolated(coarse.image, factor), None, factor, wide)
    scores[SMOOTHED.format(factor)] = score_image(field, smooth, None, factor, wide)
    return scores


def interpolated(image: np.ndarray, factor: int) -> np.ndarray:
    """Return an image on a finer grid, between whose pixels there are cubic splines.

    Parameters
    ----------
    image : `numpy.ndarray`
        Shape ``(height, width)``.
    factor : `int`
        Smaller pixels per pixel along each axis.

    Returns
    -------
    finer : `numpy.ndarray`
        With as much light in all.
    """
    rows, columns = ((np.arange(factor * side) - 0.5 * (factor - 1)) / factor for side in image.shape)
    places = np.meshgrid(rows, columns, indexing="ij")
    return map_coordinates(image / factor**2, places, order=3, mode="nearest")


def _config(factor: int) -> RestorationConfig:
    config = RestorationConfig()
    config.upsampling, config.target_psf_fwhm = factor, TARGET_FWHM
    return config


def _restored_by(name: str, field: DitheredField, factor: int) -> tuple[np.ndarray, float]:
    """Return what another method makes of a field, and how long it takes."""
    if name == STARRED:
        options = {"strength": STARRED_STRENGTH, "iterations": STARRED_ITERATIONS}
        (found,) = starred_peer.starred(field.stack, TARGET_FWHM, upsampling=factor, **options)
        return found.image, found.seconds
    config = network_config(PAPER, TARGET_FWHM) if name == PAPER else _config(factor)
    config.upsampling = factor
    if name == PAPER:
        config.paper.training.epochs = EPOCHS
    else:
        config.method, config.image_mm.iterations = "image_mm", UPDATES
    # Its variance is not looked at, and exposures have no faults.
    config.n_noise_realizations, config.nuisances.passes = 2, 0
    result, seconds = _restored(field, config)
    return result.image, seconds


def _restored(field: DitheredField, config: RestorationConfig) -> tuple[RestorationResult, float]:
    start = time.perf_counter()
    return restore(field.stack, config), time.perf_counter() - start


def parse_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.finer", description=__doc__)
    parser.add_argument("folder", type=Path, help="Where finer.md is written.")
    parser.add_argument("--fields", type=int, default=3, help="Number of fields.")
    parser.add_argument("--threads", type=int, default=1, help="Cores to use.")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("lsst").setLevel(logging.ERROR)
    logging.getLogger("lsst.acn.restoration").setLevel(logging.ERROR)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, list[Scores]] = {}
    with limit_threads(arguments.threads):
        run_field(make_field(DitheredConfig(SEED - 1, side=48, visits=4)), 2)
        for title, factor, peers, changes in KINDS:
            there = [name for name in peers if name != STARRED or starred_peer.is_installed()]
            for number in range(arguments.fields):
                LOG.info("%s, field %d of %d.", title, number + 1, arguments.fields)
                field = make_field(DitheredConfig(SEED + number, **changes))
                results.setdefault(title, []).append(run_field(field, factor, there))
    path = arguments.folder / "finer.md"
    path.write_text(format_page(results, arguments.fields))
    print(f"Wrote {path}.")


KINDS: tuple[tuple[str, int, tuple[str, ...], dict[str, Any]], ...] = (
    ("12 dithered exposures, FWHM 1.2 pixels", 2, PEERS, {}),
    ("4 dithered exposures", 2, (), {"visits": 4}),
    ("12 exposures without dithers", 2, (), {"is_dithered": False}),
    ("12 dithered exposures, FWHM 1.0 pixels", 2, (), {"fwhm": 1.0}),
    ("12 dithered exposures, upsampling 3", 3, (), {}),
    ("12 dithered exposures of 48² pixels", 2, (PAPER,), {"side": 48, "stars": 6, "galaxies": 3}),
)
"""Title, factor, peers, and what is not as usual, of the kinds of fields."""
