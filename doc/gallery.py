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
"""Make all pictures of the gallery and of the tutorial again.

``python doc/gallery.py`` restores every field of the gallery by the method
``cross_exposure``, with the network that ships with the package if there is
one, and runs the tutorial.  ``--only decam tutorial`` makes some of them.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import logging
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
from gallery_fields import SIMULATED, GalleryField, read_decam, simulate
from gallery_figure import GalleryImages, draw_field
from matplotlib.figure import Figure
from page_code import run_page
from PIL import Image

from lsst.acn import ExposureStack, RestorationConfig, RestorationResult, restore
from lsst.acn.coadd.coaddition import Coadd, assemble_coadd
from lsst.acn.measure.held_out_test import run_held_out_test
from lsst.acn.measure.measurement import measure_patch
from lsst.acn.measure.plots.restoration_plot import draw_restoration
from lsst.acn.measure.restored_patch import RestoredPatch
from lsst.acn.measure.tables import make_metrics_table
from lsst.acn.methods.cross_exposure.network.shipped import FILE
from lsst.acn.metrics import choose_held_out, psf_fwhm, sky_noise

DOC = Path(__file__).resolve().parent
OUTPUT = DOC / "images" / "gallery"
TUTORIAL = DOC / "images" / "tutorial-science.png"
COLORS = 256
"""Colours of a picture; more would hardly be seen, but make it three times as large."""

MAGNITUDE_EDGES = np.arange(16.0, 31.0)


def main() -> None:
    """Make the pictures."""
    names = [*SIMULATED, "decam", "tutorial"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=str(names))
    parser.add_argument("--steps", type=int, default=200, help="training steps, without a shipped network")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    config = make_config(arguments.steps)
    for name in arguments.only:
        if name == "tutorial":
            make_tutorial()
        elif (field := read_decam() if name == "decam" else simulate(name)) is not None:
            make_pictures(field, config)
        else:
            print(f"{name}: the data are not here, its pictures stay as they are.")


def make_config(steps: int) -> RestorationConfig:
    """Return how the fields are restored.

    Parameters
    ----------
    steps : `int`
        Number of training steps where no trained network ships.

    Returns
    -------
    config : `~lsst.acn.RestorationConfig`
        The method's defaults but for that.
    """
    config = RestorationConfig()
    config.method = "cross_exposure"
    is_there = (files("lsst.acn") / "data" / FILE).is_file()
    config.cross_exposure.network = "shipped" if is_there else "fresh"
    config.cross_exposure.steps = 0 if is_there else steps
    return config


def make_pictures(field: GalleryField, config: RestorationConfig) -> None:
    """Restore a field and save its pictures.

    Parameters
    ----------
    field : `GalleryField`
        The field.
    config : `~lsst.acn.RestorationConfig`
        How to restore it.
    """
    result, coadd = restore(field.stack, config), assemble_coadd(field.stack)
    save(draw_field(compare(field, result, coadd)), OUTPUT / f"{field.name}.png")
    if field.truth_at is None:
        save(draw_measurement(field.stack, result, coadd, config), OUTPUT / f"{field.name}-plot.png")


def compare(field: GalleryField, result: RestorationResult, coadd: Coadd) -> GalleryImages:
    """Return the images of a field, each with its resolution.

    Parameters
    ----------
    field : `GalleryField`
        The field.
    result : `~lsst.acn.RestorationResult`
        Its restoration.
    coadd : `~lsst.acn.coadd.coaddition.Coadd`
        Its coadd.

    Returns
    -------
    images : `GalleryImages`
        The exposure of median seeing, the coadd, the restored image and, if
        it is known, the truth.
    """
    stack = field.stack
    widths = np.array([psf_fwhm(kernel) for kernel in stack.psf.at(*stack.box.center)])
    middle = int(np.argsort(widths)[len(widths) // 2])
    target = psf_fwhm(result.target_psf)

    def titled(what: str, fwhm: float) -> str:
        return f"{what}, FWHM {fwhm * field.pixel_scale:.2f}″"

    names = [
        titled("One exposure", widths[middle]),
        titled(f"Coadd of {len(stack)}", psf_fwhm(coadd.psf.at(*stack.box.center)[0])),
        titled("Restored", target),
    ]
    exposure = np.where(stack.valid[middle], stack.image[middle], np.nan)
    panels = dict(zip(names, (exposure, coadd.image, result.image), strict=True))
    if field.truth_at is not None:
        panels[titled("Truth", target)] = field.truth_at(target)
    return GalleryImages(
        title=field.title,
        panels=panels,
        coadd=names[1],
        restored=names[2],
        noise=sky_noise(coadd.image),
        pixel_scale=field.pixel_scale,
        unit=stack.unit,
    )


def draw_measurement(
    stack: ExposureStack, result: RestorationResult, coadd: Coadd, config: RestorationConfig
) -> Figure:
    """Draw what the task ``measureRestoration`` would.

    Parameters
    ----------
    stack : `~lsst.acn.ExposureStack`
        The exposures.
    result : `~lsst.acn.RestorationResult`
        Their restoration.
    coadd : `~lsst.acn.coadd.coaddition.Coadd`
        Their coadd.
    config : `~lsst.acn.RestorationConfig`
        How they were restored.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        The figure.
    """

    def as_stack(image: np.ndarray, variance: np.ndarray, psf: object) -> ExposureStack:
        return ExposureStack.from_arrays(image[None], variance[None], psf, box=stack.box, unit=stack.unit)

    patch = RestoredPatch(
        exposures=stack,
        coadd=as_stack(coadd.image, coadd.variance, coadd.psf),
        restored=as_stack(result.image, result.variance, result.target_psf[None]),
        latent=result.latent,
        latent_box=result.latent_box,
    )
    held_out = run_held_out_test(stack, choose_held_out(stack.visits, 0.25, config.seed), config)
    measurement = measure_patch(patch, magnitude_edges=MAGNITUDE_EDGES, zero_point=31.4)
    measurement = dataclasses.replace(measurement, held_out=held_out)
    return draw_restoration(measurement, make_metrics_table(measurement), result.history)


def make_tutorial() -> None:
    """Run the tutorial and keep its plot."""
    with tempfile.TemporaryDirectory() as folder:
        run_page(DOC / "lsst.acn" / "tutorial.rst", Path(folder))
        shutil.copy(Path(folder) / "tutorial" / "science.png", TUTORIAL)
    print(f"Made {TUTORIAL.relative_to(DOC.parent)}.")


def save(figure: Figure, path: Path) -> None:
    """Save a figure in few colours.

    Parameters
    ----------
    figure : `matplotlib.figure.Figure`
        The figure.
    path : `pathlib.Path`
        File to write.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=min(figure.dpi, 88))
    picture = Image.open(buffer).convert("RGB")
    # Rare colours count as well: those of the brightest pixels, and of the colour bar.
    few = picture.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"Made {path.relative_to(DOC.parent)}, {path.stat().st_size / 1000:.0f} kB.")


if __name__ == "__main__":
    main()
