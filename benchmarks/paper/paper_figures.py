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

"""The paper's Table 1 on a simulated field, with what the truth adds to it.

``python -m benchmarks.paper.paper_figures`` simulates 33 visits of 512 x 512 pixels
and restores them with ``config/paper.py``.  ``--seeds 10`` restores the same
field from as many different random weights and gives the spread.
"""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path

import numpy as np
from astropy.table import Table
from scipy.optimize import curve_fit

from lsst.acn import Box, RestorationConfig, RestorationResult, restore
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.metrics import mean_log_spectrum, sky_noise
from lsst.acn.simulation import SimulatedField, SimulationConfig, simulate_field

CONFIG = Path(__file__).parents[2] / "config" / "paper.py"
STAMP_RADIUS = 6
BRIGHTEST, FAINTEST = 18.5, 22.5
ISOLATION = 12.0


def main() -> None:
    """Simulate, restore, and print one row for each seed."""
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    box = Box.from_shape((arguments.size, arguments.size))
    field = simulate_field(SimulationConfig(seed=arguments.field_seed, box=box, visits=arguments.visits))
    rows = []
    for index in range(arguments.seeds):
        config = load_config(arguments)
        config.seed += index
        start = time.monotonic()
        result = restore(field.stack, config)
        rows.append({"seed": config.seed, **measure(field, result), "seconds": time.monotonic() - start})
        print(rows[-1], flush=True)
    report(rows)


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512, help="Side of the field in pixels.")
    parser.add_argument("--visits", type=int, default=33, help="Number of exposures.")
    parser.add_argument("--field-seed", type=int, default=1, help="Seed of the simulated field.")
    parser.add_argument("--seeds", type=int, default=1, help="How many random initial weights to try.")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="Config override.")
    return parser.parse_args()


def load_config(arguments: argparse.Namespace) -> RestorationConfig:
    """Return the restoration that config/paper.py selects."""
    from lsst.acn.restore_coadd import RestoreCoaddConfig

    config = RestoreCoaddConfig()
    config.load(str(CONFIG))
    for override in arguments.set:
        name, value = override.split("=", 1)
        config.loadFromString(f"config.restoration.{name} = {value}")
    return config.restoration


def measure(field: SimulatedField, result: RestorationResult) -> dict[str, float]:
    """Return the numbers of one restoration."""
    coadd = np.nan_to_num(assemble_coadd(field.stack).image)
    radius = field.stack.psf.radius
    latent = result.latent[radius:-radius, radius:-radius]
    truth = field.truth_image(result.summary["target_psf_fwhm"])
    error = result.image - truth
    sky = truth < 0.1 * sky_noise(coadd)
    # Saturated cores are masked in every exposure; nothing can restore them.
    known = field.stack.valid.sum(axis=0) > len(field.stack) // 2
    widths = star_widths(field, result.image)
    return {
        "sigma_coadd": sky_noise(coadd),
        "sigma_restored": sky_noise(result.image),
        "sigma_latent": sky_noise(latent),
        "rms_sky_coadd": float(np.std((coadd - field.truth_image(field.config.median_seeing))[sky])),
        "rms_sky_restored": float(np.sqrt(np.mean(error[sky] ** 2))),
        "S_F_coadd": mean_log_spectrum(coadd),
        "S_F_restored": mean_log_spectrum(result.image),
        "S_F_latent": mean_log_spectrum(latent),
        "flux_ratio": float(result.image[known].sum() / truth[known].sum()),
        "star_fwhm": float(np.median(widths)),
        "star_fwhm_scatter": float(np.std(widths)),
        "n_stars": len(widths),
        "final_loss": float(result.history["loss"][-1]),
    }


def star_widths(field: SimulatedField, image: np.ndarray) -> np.ndarray:
    """Return Gaussian FWHM in pixels of isolated, unsaturated stars."""
    catalog = field.catalog
    stars = catalog[catalog["is_star"] & (catalog["mag"] > BRIGHTEST) & (catalog["mag"] < FAINTEST)]
    widths = []
    for star in stars:
        distance = np.hypot(catalog["x"] - star["x"], catalog["y"] - star["y"])
        rivals = (distance > 0) & (distance < ISOLATION) & (catalog["flux"] > 0.02 * star["flux"])
        y, x = round(float(star["y"])), round(float(star["x"]))
        inside = STAMP_RADIUS <= min(y, x) and max(y, x) < len(image) - STAMP_RADIUS
        if inside and not rivals.any():
            reach = np.s_[-STAMP_RADIUS : STAMP_RADIUS + 1]
            rows, columns = np.mgrid[reach, reach]
            widths.append(fit_width(image[y + rows, x + columns], rows, columns))
    return np.array(widths)


def fit_width(stamp: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float:
    """Return the geometric mean FWHM of the best elliptical Gaussian."""

    def model(_: object, height: float, y: float, x: float, sy: float, sx: float, level: float) -> np.ndarray:
        exponent = ((rows - y) / sy) ** 2 + ((columns - x) / sx) ** 2
        return (height * np.exp(-0.5 * exponent) + level).ravel()

    start = [float(stamp.max()), 0.0, 0.0, 1.2, 1.2, 0.0]
    best, _ = curve_fit(model, None, stamp.ravel().astype(float), start)
    return float(FWHM_PER_SIGMA * np.sqrt(abs(best[3] * best[4])))


def report(rows: list[dict[str, float]]) -> None:
    """Print the rows, their change against the coadd, and their spread."""
    table = Table(rows)
    for name in table.colnames:
        if table[name].dtype.kind == "f":
            table[name].format = ".4g"
    table.pprint_all()
    for name in ("restored", "latent"):
        change = np.array(table[f"sigma_{name}"]) / np.array(table["sigma_coadd"]) - 1
        gain = np.array(table[f"S_F_{name}"]) - np.array(table["S_F_coadd"])
        print(f"sigma_sky, {name}: {100 * change.mean():+.1f} % (worst {100 * change.max():+.1f} %)")
        print(f"S_F, {name}: {gain.mean():+.3f} in the mean log ({gain.min():+.3f} to {gain.max():+.3f})")


if __name__ == "__main__":
    main()
