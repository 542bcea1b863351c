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

"""Simulated warps in a Butler repository."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click.testing
import numpy as np
import pytest

from lsst.acn import Box, RepositoryConflictError
from lsst.acn.cli.cmd import simulate_warps as command
from lsst.acn.image_io import read_exposure_stack
from lsst.acn.repository.patch_row import PatchRow
from lsst.acn.repository.simulate import SimulatedWarps, simulate_warps
from lsst.acn.simulation import MASK_PLANES, ConditionsConfig, SimulationConfig
from lsst.daf.butler import Butler

CONDITIONS = ConditionsConfig(seeing=(0.5, 0.6), fwhm_gradient=0.1, shear_gradient=0.03)
CONFIG = SimulationConfig(seed=8, visits=2, psf_size=17, cell_size=32, conditions=CONDITIONS)
PATCHES = PatchRow(size=64, count=2, overlap=16)
RUN = "simulated/warps"


@dataclasses.dataclass
class Made:
    repo: str
    warps: SimulatedWarps


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    repo = str(tmp_path_factory.mktemp("simulated") / "repo")
    return Made(repo, simulate_warps(repo, CONFIG, PATCHES))


@pytest.fixture
def butler(made: Made) -> Iterator[Butler]:
    with Butler.from_config(made.repo, collections=RUN) as butler:
        yield butler


def data_id(patch: int, **more: object) -> dict[str, object]:
    return {"skymap": "simulated", "tract": 0, "patch": patch} | more


def contents(repo: str) -> set[object]:
    with Butler.from_config(repo) as butler:
        names = [dataset_type.name for dataset_type in butler.registry.queryDatasetTypes()]
        found = [
            butler.query_datasets(name, collections="*", find_first=False, explain=False) for name in names
        ]
        return set(butler.collections.query("*")).union(ref.id for refs in found for ref in refs)


@pytest.mark.parametrize("patch", [0, 1])
def test_warps_read_back_as_they_were_drawn(made: Made, butler: Butler, patch: int) -> None:
    box = Box(0, 64, 48 * patch, 48 * patch + 64)
    field = made.warps.field.cutout(box)
    warps = {
        visit: butler.get("direct_warp", data_id(patch, visit=visit, instrument="SimCam")) for visit in (1, 2)
    }
    for index, warp in enumerate(warps.values()):
        np.testing.assert_array_equal(warp.image.array, field.image[index])
        np.testing.assert_array_equal(warp.variance.array, field.variance[index])
    stack = read_exposure_stack(warps, psf_cell_size=32)
    np.testing.assert_array_equal(stack.image, field.stack.image)
    np.testing.assert_array_equal(stack.mask, field.mask)
    assert stack.mask_planes == MASK_PLANES
    assert (stack.box, stack.unit, stack.band, stack.visits) == (box, "nJy", "i", (1, 2))
    assert stack.psf.kernels.shape == (2, 2, 2, 17, 17)
    kernel = field.psf_model(1).kernel_at(15.5, 48 * patch + 47.5)
    np.testing.assert_allclose(stack.psf.kernels[1, 0, 1], kernel, atol=1e-7)


@pytest.mark.parametrize("patch", [0, 1])
def test_truth_reads_back_and_agrees_with_its_catalog(made: Made, butler: Butler, patch: int) -> None:
    box = Box(0, 64, 48 * patch, 48 * patch + 64)
    truth = read_exposure_stack(
        {0: butler.get("simulated_truth", data_id(patch, band="i"))}, bad_mask_planes=()
    )
    np.testing.assert_array_equal(truth.image[0], made.warps.field.cutout(box).truth_image(2.5))
    assert (truth.box, truth.unit) == (box, "nJy")
    catalog = butler.get("simulated_truth_catalog", data_id(patch, band="i"))
    assert catalog["flux"].unit == "nJy"
    inside = catalog[catalog["in_field"]]
    brightest = inside[np.argmax(inside["flux"])]
    y, x = (round(brightest[name]) - start for name, start in (("y", 0), ("x", box.x_start)))
    assert truth.image[0, y, x] == truth.image[0, max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4].max()
    sky = truth.geometry.corners(Box(0, 1, box.x_start, box.x_start + 1)).mean(axis=0)
    np.testing.assert_allclose(sky, made.warps.field.wcs.pixel_to_world_values(box.x_start, 0), atol=1e-7)


def test_patches_share_their_overlap_and_nothing_else(made: Made, butler: Butler) -> None:
    left, right = (butler.get("direct_warp", data_id(p, visit=1, instrument="SimCam")) for p in (0, 1))
    np.testing.assert_array_equal(left.image.array[:, 48:], right.image.array[:, :16])
    geometries = PATCHES.geometries(made.warps.field.wcs, 32)
    assert [geometry.inner_box for geometry in geometries] == [Box(0, 64, 0, 56), Box(0, 64, 56, 112)]
    assert left.patch == geometries[0].patch
    assert right.patch == geometries[1].patch


def test_nothing_is_lost_if_the_run_has_the_same_datasets(made: Made) -> None:
    before = contents(made.repo)
    with pytest.raises(RepositoryConflictError, match=r"already has warps of visits \[1, 2\]"):
        simulate_warps(made.repo, dataclasses.replace(CONFIG, seed=9), PATCHES)
    later = dataclasses.replace(CONFIG, first_visit=3, visits=1)
    with pytest.raises(RepositoryConflictError, match="already has truth"):
        simulate_warps(made.repo, later, PATCHES)
    other_band = dataclasses.replace(CONFIG, band="r")
    with pytest.raises(RepositoryConflictError, match="physical_filter"):
        simulate_warps(made.repo, other_band, PATCHES, output_run="other")
    larger = dataclasses.replace(PATCHES, size=70, overlap=0)
    with pytest.raises(RepositoryConflictError, match="Patch 0 .* covers"):
        simulate_warps(made.repo, later, larger, output_run="other")
    assert contents(made.repo) == before


def test_command_adds_visits_of_the_same_sky(made: Made) -> None:
    options = "--seed 8 --size 64 --patches 2 --patch-overlap 16 --psf-size 17 --cell-size 32 --vary-psf"
    more = "--visits 1 --first-visit 2 --seeing-min 0.5 --seeing-max 0.6 --instrument New"
    result = run(made.repo, *options.split(), *more.split(), "--output-run", "more/warps")
    assert result.exit_code == 0, result.output
    assert "2 direct_warp, 2 simulated_truth, 2 simulated_truth_catalog" in result.output
    assert f"more/warps of {made.repo}" in result.output
    with Butler.from_config(made.repo, collections="more/warps") as butler:
        warp = butler.get("direct_warp", data_id(1, visit=2, instrument="New"))
        truth = butler.get("simulated_truth", data_id(1, band="i"))
        again = butler.get("simulated_truth", data_id(1, band="i"), collections=RUN)
    np.testing.assert_array_equal(warp.image.array, made.warps.field.image[1, :, 48:])
    np.testing.assert_array_equal(truth.image.array, again.image.array)


def test_imperfections_and_skies_are_stored_with_their_truth(tmp_path: Path) -> None:
    repo = str(tmp_path / "repo")
    options = "--seed 3 --size 64 --visits 1 --sky low-surface-brightness --strength 2"
    faults = "--imperfection registration --imperfection psf-narrow-5 --imperfection sky-low"
    result = run(repo, *options.split(), *faults.split())
    assert result.exit_code == 0, result.output
    with Butler.from_config(repo, collections=RUN) as butler:
        metadata = butler.get("direct_warp", data_id(0, visit=1, instrument="SimCam")).metadata
        catalog = butler.get("simulated_truth_catalog", data_id(0, band="i"))
    assert metadata["simulation_psf_width_error"] == pytest.approx(-0.1)
    assert metadata["simulation_sky_level"] < 0
    assert 0 < abs(metadata["simulation_shift_y"]) < 2
    assert list(catalog["kind"]).count("low_surface_brightness") == 3


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(command, arguments)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--psf-size 16", "psf_size must be odd"),
        ("--size 40", "smaller than psf_size=41"),
        ("--visits 0", "visits at least 1"),
        ("--patches 0", "at least 1"),
        ("--patch-overlap 3", "must be even"),
        ("--truth-fwhm 0", "truth_fwhm must be positive"),
        ("--truth-fwhm 1e300", "truth_fwhm must be positive, 0.1 to 100 pixels"),
        ("--visits 1000000000", "more than the 4.29e+09 that a simulation may have"),
        ("--size 1000000000", "more than the 4.29e+09 that a simulation may have"),
        ("--patches 1000000000", "more than the 4.29e+09 that a simulation may have"),
        ("--tract 9223372036854775808", "no number beyond 9223372036854775807"),
        ("--first-visit 9223372036854775800", "too large identifiers"),
        ("--center 0 91", "right ascension and declination"),
        ("--seeing-min 0.9 --seeing-max 0.6", "Seeing must be a range"),
        ("--crowding -1", "crowding"),
        ("--imperfection rain", "Imperfections are nothing, warped"),
        ("--imperfection warped --strength 0", "strength"),
        ("--sky blue", "Skies are ordinary, late-types"),
        ("--sky real-galaxies", "needs the file"),
        ("--sky real-galaxies --real-galaxies none.fits", "no catalogue of real galaxies at none.fits"),
    ],
)
def test_command_says_what_is_wrong_with_its_options(tmp_path: Path, options: str, words: str) -> None:
    result = run(str(tmp_path / "repo"), *options.split())
    assert result.exit_code == 1
    assert words in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--pixel-scale", "--depth", "--strength", "--seeing-max", "--truth-fwhm"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_of_the_command_are_finite(tmp_path: Path, option: str, value: str) -> None:
    result = run(str(tmp_path / "repo"), option, value)
    assert result.exit_code == 2
    assert f"Invalid value for '{option}': {value} is no finite number." in result.output
    assert not list(tmp_path.iterdir())


def test_defaults_of_the_command_are_those_of_the_configs() -> None:
    defaults = {parameter.name: parameter.default for parameter in command.params}
    config, patches = SimulationConfig(), PatchRow()
    names = ("seed", "visits", "first_visit", "pixel_scale", "psf_size", "cell_size", "band", "center")
    expected = {name: getattr(config, name) for name in names}
    expected |= {name: getattr(patches, name) for name in ("size", "skymap", "tract")}
    expected |= {name: getattr(config.conditions, name) for name in ("depth", "sky_offset")}
    expected |= {"patches": patches.count, "patch_overlap": patches.overlap}
    expected |= dict(zip(("seeing_min", "seeing_max"), config.conditions.seeing, strict=True))
    expected |= {"crowding": config.scene.crowding, "resampling": config.noise.resampling}
    assert {name: defaults[name] for name in expected} == expected
    assert config.box == patches.box
