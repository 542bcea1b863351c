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

"""Time and memory of large patches, from the warps to the restored coadd.

``python -m benchmarks.speed.scale`` fills Butler repositories with patches of 512 to
4200 pixels and 8 to 33 exposures, runs each task of ``pipelines/acn.yaml`` on
them with ``pipetask`` in a process of its own, and prints the wall time, the
time on all cores, and the largest resident memory of each, and how the time
grows.  ``--tiles`` takes the restoration of one tile apart instead, next to
ImageMM with 150 iterations on the same exposures and to what the machine can
do at most.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.fft
from astropy.table import Table

from lsst.acn import Box, RestorationConfig
from lsst.acn.arrays.numpy_arrays import numpy_arrays
from lsst.acn.coadd.robust_coadd import robust_coadd
from lsst.acn.exposures.psf_kernels import gaussian_kernel
from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.methods.cross_exposure.family.family import FAMILY_SIZE, SHARP_PATH, make_family
from lsst.acn.methods.cross_exposure.family.first_model import first_model
from lsst.acn.methods.cross_exposure.family.tile_exposures import tile_exposures
from lsst.acn.methods.cross_exposure.method import CrossExposureMethod
from lsst.acn.methods.cross_exposure.network.mixing_network import N_FEATURES, mix_family
from lsst.acn.methods.image_mm.updates import image_mm, image_mm_start
from lsst.acn.simulation import SimulationConfig

from .clock import host_copy_bandwidth, least_seconds
from .scale_fields import fill_repository, tiled_stack

PIPELINE = Path(__file__).parents[2] / "pipelines" / "acn.yaml"
TASKS = ("assembleReferenceCoadd", "restoreCoadd", "measureRestoration")
SIZES = (512, 1050, 2100, 4200)
VISITS = (8, 16, 33)
MIB = 2.0**20
TILE = 256
TARGET_KERNEL = gaussian_kernel(2.3)
"""About what brings stars to the target PSF."""


def main() -> None:
    """Measure what was asked for, and print a table."""
    arguments = parse_arguments()
    if arguments.backend:
        os.environ["KERAS_BACKEND"] = arguments.backend
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.tiles:
        table = measure_tiles(arguments.visits[-1])
    elif arguments.processes > 1:
        table = measure_processes(arguments)
    else:
        table = Table(rows=measure_patches(arguments))
        print_law(table)
    table.pprint_all()


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="Sides of patches in pixels.")
    parser.add_argument("--visits", type=int, nargs="+", default=VISITS, help="Numbers of exposures.")
    parser.add_argument("--repositories", type=Path, help="Folder where repositories are kept.")
    parser.add_argument("--tiles", action="store_true", help="Take the restoration of a tile apart.")
    parser.add_argument("--processes", type=int, default=1, help="Compare this -j with -j 1 on four patches.")
    parser.add_argument("--start-method", choices=("spawn", "forkserver"), default="spawn", help="Of -j.")
    parser.add_argument("--rounds", type=int, default=1, help="Times that processes are compared.")
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"), help="Keras backend.")
    return parser.parse_args()


def measure_patches(arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Return a row for each task, patch size and number of exposures."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for size in arguments.sizes:
            repo = repository(arguments.repositories or Path(scratch), size, max(arguments.visits), 1)
            for visits in arguments.visits:
                output = f"scale/{time.strftime('%Y%m%dT%H%M%S')}"
                for task in TASKS:
                    cost = run_pipetask(repo, output, f"{PIPELINE}#{task}", visits=visits)
                    nanoseconds = round(1e9 * cost["seconds"] / (size**2 * visits), 1)
                    rows.append(
                        {"size": size, "visits": visits, "task": task} | cost | {"ns_per_pixel": nanoseconds}
                    )
                    print(rows[-1], flush=True)
    return rows


def print_law(table: Table) -> None:
    """Print how the time of all tasks grows with pixels and exposures."""
    patches = np.unique(np.array([table["size"], table["visits"]]), axis=1).T
    seconds = np.array(
        [table["seconds"][(table["size"] == size) & (table["visits"] == n)].sum() for size, n in patches]
    )
    megapixels = patches[:, 0] ** 2 / 1e6
    terms = np.stack([np.ones(len(patches)), megapixels, megapixels * patches[:, 1]], axis=1)
    if len(patches) < 4 or np.linalg.matrix_rank(terms) < terms.shape[1]:
        return
    # Every patch counts the same, whatever it takes.
    law = np.linalg.lstsq(terms / seconds[:, None], np.ones(len(patches)), rcond=None)[0]
    deviation = np.abs(terms @ law / seconds - 1.0).max()
    print(f"All tasks: {law[0]:.1f} s to start, {law[1]:.2f} s for each megapixel of the patch, and")
    print(f"{law[2]:.3f} s for each megapixel of each exposure; the largest deviation is {deviation:.1%}.")


def measure_processes(arguments: argparse.Namespace) -> Table:
    """Compare several processes with one on four patches.

    Each quantum has one core, whether it has a process of its own or not; one
    process with all cores is shown for comparison.  All take turns.
    """
    rows = []
    n_cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as scratch:
        repo = repository(arguments.repositories or Path(scratch), arguments.sizes[0], arguments.visits[0], 4)
        turns = [(1, 1), (arguments.processes, 1)] * arguments.rounds + [(1, n_cores)]
        for processes, cores in turns:
            output = f"processes/{time.strftime('%Y%m%dT%H%M%S')}"
            method = arguments.start_method
            cost = run_pipetask(
                repo, output, str(PIPELINE), processes=processes, cores=cores, start_method=method
            )
            if processes == cores == 1:
                alone = cost["seconds"]
            rows.append({"processes": processes, "cores": cores} | cost)
            rows[-1]["gain"] = round(alone / cost["seconds"], 2)
            print(rows[-1], flush=True)
    return Table(rows=rows)


def repository(folder: Path, size: int, visits: int, patches: int) -> Path:
    """Return a repository with such patches, making it if there is none."""
    repo = folder / f"{size}-{visits}-{patches}"
    if not repo.exists():
        fill_repository(str(repo), size, visits, patches)
    return repo


def run_pipetask(
    repo: Path,
    output: str,
    pipeline: str,
    *,
    visits: int | None = None,
    processes: int = 1,
    cores: int | None = None,
    start_method: str = "spawn",
) -> dict[str, float]:
    """Run a pipeline in a process of its own and return what it costs."""
    query, cores = "skymap='simulated'", cores or os.cpu_count() or 1
    if visits is not None:
        chosen = SimulationConfig(visits=visits).visit_ids
        query += f" AND visit IN ({chosen[0]}..{chosen[-1]})"
    command = [
        "pipetask", "--log-level", "WARNING", "run", "-b", str(repo), "-p", pipeline,
        "-i", "simulated/warps", "-o", output, "-d", query,
        "--register-dataset-types", "-j", str(processes), "--cores-per-quantum", str(cores),
        "--start-method", start_method,
    ]  # fmt: skip
    environment = dict(os.environ)
    executable = str(Path(sys.executable).parent / command[0])
    start = time.perf_counter()
    child = os.posix_spawn(executable, command, environment)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}.")
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_MiB": round(usage.ru_maxrss / 1024.0),
    }


def measure_tiles(visits: int) -> Table:
    """Return time and share of the limits of each step on one tile."""
    stack = tiled_stack(TILE + 200, visits)
    method = CrossExposureMethod(stack, RestorationConfig())
    tile = Box.from_shape((TILE, TILE), (100, 100))
    part = stack.cutout(tile.grown_by(37))
    xp, network = numpy_arrays(), method.mixing_network
    sums, latent = first_model(xp, tile_exposures(part))
    family = make_family(xp, sums, latent)
    n_pixels, transform = part.shape[0] * part.shape[1], transform_flops(part.shape)
    updates = sum(number for _, number in SHARP_PATH)
    steps: dict[str, tuple[Callable[[], object], float, float]] = {
        "statistics": (
            lambda: first_model(xp, tile_exposures(part)),
            (4 * visits + 2) * transform,
            60.0 * visits,
        ),
        "family": (lambda: make_family(xp, sums, latent), 2 * updates * transform, 60.0 * updates),
        "network": (
            lambda: mix_family(xp, family, network.weights, network.dilations),
            network_flops(method) * n_pixels,
            network_bytes(method),
        ),
        "tile, whole": (lambda: method.restore_tile(stack, tile, TARGET_KERNEL), 0.0, 0.0),
        "ImageMM 150": (lambda: run_image_mm(part), 150 * 4 * visits * transform, 150 * 24.0 * visits),
    }
    bandwidth, flops = host_copy_bandwidth(), transform_speed(part.shape)
    names = ("step", "seconds", "share_of_flops", "share_of_bandwidth")
    table = Table(names=names, dtype=("U16", *[float] * 3))
    for name, (function, operations, traffic) in steps.items():
        seconds = least_seconds(function, 1 if name.startswith("ImageMM") else 3)
        table.add_row((name, seconds, operations / seconds / flops, traffic * n_pixels / seconds / bandwidth))
    for name in names[1:]:
        table[name].info.format = ".3f"
    print(f"Copying moves {bandwidth / 1e9:.1f} GB/s, transforms do {flops / 1e9:.1f} GFLOP/s on one core.")
    print(f"ImageMM 150 takes {table['seconds'][-1] / table['seconds'][-2]:.1f} times as long as the tile.")
    return table


def run_image_mm(part: object) -> np.ndarray:
    """Return the latent image of ImageMM with 150 plain iterations."""
    model = ForwardModel(part.shape, part.psf.size)
    coadd = robust_coadd(part.image, part.variance, part.valid)
    return image_mm(
        part.image,
        1.0 / np.sqrt(part.variance),
        model,
        model.spectra(part.psf.at(*part.box.center)),
        image_mm_start(coadd, part.psf.radius),
        iterations=150,
        delta=2.0,
        max_factor=2.0,
        accelerate=False,
    )


def transform_flops(shape: tuple[int, int]) -> float:
    """Return the usual count of operations of a real transform of an image."""
    n_pixels = shape[0] * shape[1]
    return 2.5 * n_pixels * np.log2(n_pixels)


def network_flops(method: CrossExposureMethod) -> float:
    """Return the operations of the network for each pixel."""
    return 2.0 * sum(weight.size for weight in method.mixing_network.weights if weight.ndim > 1)


def network_bytes(method: CrossExposureMethod) -> float:
    """Return the bytes that the network reads and writes for each pixel."""
    network = method.mixing_network
    return 4.0 * (N_FEATURES + 2 * FAMILY_SIZE + 2 * network.channels * (1 + len(network.dilations)))


def transform_speed(shape: tuple[int, int]) -> float:
    """Return operations per second of Fourier transforms alone on one core."""
    image = np.ones(shape, np.float32)
    return transform_flops(shape) / least_seconds(lambda: scipy.fft.rfft2(image), 20)


if __name__ == "__main__":
    main()
