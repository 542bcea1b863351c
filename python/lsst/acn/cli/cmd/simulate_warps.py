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

"""The command ``butler simulate-warps``."""

from __future__ import annotations

__all__ = ("simulate_warps",)

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from lsst.daf.butler.cli.opt import options_file_option, repo_argument
from lsst.daf.butler.cli.utils import ButlerCommand

from .finite_number import FiniteNumber

if TYPE_CHECKING:
    from lsst.acn.repository.patch_row import PatchRow
    from lsst.acn.repository.simulate import SimulatedWarps
    from lsst.acn.simulation import SimulationConfig

FWHM_GRADIENT, SHEAR_GRADIENT = 0.1, 0.03
"""How much a PSF varies, if it does."""


@click.command(short_help="Simulate warps, with the truth behind them.", cls=ButlerCommand)
@repo_argument(required=True, help="REPO is a Butler repository, which is made if there is none.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random draw.")
@click.option("--size", type=int, default=256, show_default=True, help="Side of a patch in pixels.")
@click.option("--visits", type=int, default=12, show_default=True, help="Number of exposures.")
@click.option("--first-visit", type=int, default=1, show_default=True, help="Identifier of the first visit.")
@click.option("--patches", type=int, default=1, show_default=True, help="Number of patches, side by side.")
@click.option(
    "--patch-overlap", type=int, default=0, show_default=True, help="Pixels that neighbouring patches share."
)
@click.option("--skymap", default="simulated", show_default=True, help="Name of the skymap.")
@click.option("--tract", type=int, default=0, show_default=True, help="Identifier of the tract.")
@click.option(
    "--center",
    type=(FiniteNumber(), FiniteNumber()),
    default=(150.0, 2.2),
    show_default=True,
    metavar="RA DEC",
    help="Middle of the first patch, in degrees.",
)
@click.option("--instrument", default="SimCam", show_default=True, help="Name of the instrument.")
@click.option("--band", default="i", show_default=True, help="Name of the band.")
@click.option("--physical-filter", help="Name of the filter.  By default the band and _sim.")
@click.option(
    "--output-run",
    default="simulated/warps",
    show_default=True,
    help="Name of the run to store everything in.",
)
@click.option(
    "--pixel-scale", type=FiniteNumber(), default=0.168, show_default=True, help="Arcseconds per pixel."
)
@click.option("--psf-size", type=int, default=41, show_default=True, help="Odd side of the PSF kernels.")
@click.option("--cell-size", type=int, default=64, show_default=True, help="Side of a patch's cells.")
@click.option(
    "--seeing-min", type=FiniteNumber(), default=0.5, show_default=True, help="Best seeing in arcseconds."
)
@click.option(
    "--seeing-max", type=FiniteNumber(), default=0.85, show_default=True, help="Worst seeing in arcseconds."
)
@click.option(
    "--depth",
    type=FiniteNumber(),
    default=25.3,
    show_default=True,
    help="Magnitude of a point source at 5 sigma in one exposure.",
)
@click.option(
    "--crowding",
    type=FiniteNumber(),
    default=183.0,
    show_default=True,
    help="Sources per square arcminute down to magnitude 26.5.",
)
@click.option("--vary-psf", is_flag=True, help="Let seeing and shape of the PSFs change over the field.")
@click.option(
    "--sky-offset",
    type=FiniteNumber(),
    default=0.0,
    show_default=True,
    help="Scatter of the residual sky level, in units of the sky noise of a pixel.",
)
@click.option(
    "--resampling",
    type=click.Choice(["none", "bilinear", "lanczos3"]),
    default="none",
    show_default=True,
    help="Kernel that correlates the noise of neighbouring pixels.",
)
@click.option(
    "--imperfection",
    "imperfections",
    multiple=True,
    metavar="NAME",
    help="What is wrong with the exposures, such as registration, sky-low or mild; may be given more than "
    "once.  A name that does not exist makes the command list those that do.",
)
@click.option(
    "--strength",
    type=FiniteNumber(),
    default=1.0,
    show_default=True,
    help="Strength of the imperfections in units of what each has by default.",
)
@click.option(
    "--sky",
    default="ordinary",
    show_default=True,
    metavar="NAME",
    help="What there is besides smooth galaxies and stars, such as nebula, late-types or globular-cluster; "
    "again a wrong name lists them all.",
)
@click.option(
    "--real-galaxies",
    metavar="FILE",
    help="Catalogue of real galaxies as GalSim reads it, for --sky real-galaxies.",
)
@click.option(
    "--truth-fwhm",
    type=FiniteNumber(),
    default=2.5,
    show_default=True,
    help="FWHM in pixels of the Gaussian PSF of the truth image.",
)
@options_file_option()
def simulate_warps(repo: str, **options: Any) -> None:
    """Simulate warps of galaxies and stars, and store the truth with them.

    Each visit is a direct_warp with a seeing, depth, noise, gaps, cosmic rays
    and saturated stars of its own.  The dataset simulated_truth is the sky as
    a Gaussian PSF without noise would show it, simulated_truth_catalog lists
    the sources.  Fluxes are in nJy.

    Nothing is wrong with the exposures but what --imperfection names: PSF
    models, coordinates, sky, variances, masks.  The metadata of each warp say
    what is wrong with it.

    The same options make the same pixels, and further visits (with
    --first-visit) see the same sky.  A run that already has such datasets is
    left as it is.
    """
    from lsst.acn.errors import RestorationError
    from lsst.acn.repository.simulate import simulate_warps as simulate

    names = ("instrument", "physical_filter", "truth_fwhm", "output_run")
    try:
        config, patches = _config(options), _patches(options)
        warps = simulate(repo, config, patches, **{name: options[name] for name in names})
    except (RestorationError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    print(_summary(warps, patches))
    print(f"Stored in run {options['output_run']} of {repo}.")


def _config(options: dict[str, Any]) -> SimulationConfig:
    from lsst.acn.simulation import (
        ConditionsConfig,
        NoiseConfig,
        SceneConfig,
        SimulationConfig,
        mixture,
        under_sky,
    )

    varies = options["vary_psf"]
    names = ("seed", "visits", "first_visit", "pixel_scale", "psf_size", "cell_size", "band", "center")
    config = SimulationConfig(
        box=_patches(options).box,
        scene=SceneConfig(crowding=options["crowding"]),
        conditions=ConditionsConfig(
            seeing=(options["seeing_min"], options["seeing_max"]),
            depth=options["depth"],
            sky_offset=options["sky_offset"],
            fwhm_gradient=FWHM_GRADIENT if varies else 0.0,
            shear_gradient=SHEAR_GRADIENT if varies else 0.0,
        ),
        noise=NoiseConfig(resampling=options["resampling"]),
        **{name: options[name] for name in names},
    )
    config = under_sky(config, options["sky"], real_galaxies=options["real_galaxies"])
    return mixture(config, dict.fromkeys(options["imperfections"], options["strength"]))


def _patches(options: dict[str, Any]) -> PatchRow:
    from lsst.acn.repository.patch_row import PatchRow

    return PatchRow(
        size=options["size"],
        count=options["patches"],
        overlap=options["patch_overlap"],
        skymap=options["skymap"],
        tract=options["tract"],
    )


def _summary(warps: SimulatedWarps, patches: PatchRow) -> str:
    field, conditions = warps.field, warps.field.conditions
    inside = field.catalog[field.catalog["in_field"]]
    stars = int(inside["is_star"].sum())
    seeing, depth = [each.fwhm for each in conditions], [each.depth for each in conditions]
    counts = Counter(reference.datasetType.name for reference in warps.references)
    return "\n".join(
        [
            f"Visits {conditions[0].visit} to {conditions[-1].visit} in band {field.config.band}; tract "
            f"{patches.tract} of skymap {patches.skymap}, patches 0 to {patches.count - 1}, each of "
            f"{patches.size} x {patches.size} pixels of {field.config.pixel_scale:g} arcsec.",
            f"Sources in the field: {len(inside) - stars} galaxies and {stars} stars, magnitudes "
            f"{inside['mag'].min():.1f} to {inside['mag'].max():.1f}."
            if len(inside)
            else "No sources.",
            f"Seeing {min(seeing):.2f} to {max(seeing):.2f} arcsec, 5 sigma depth {min(depth):.2f} to "
            f"{max(depth):.2f} mag, {100 * (field.mask != 0).mean():.1f} % of the pixels masked.",
            "Datasets: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".",
        ]
    )
