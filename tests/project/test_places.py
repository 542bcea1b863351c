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

"""Where the tests of a module are: at its own place under ``tests``, or where a table says."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parents[1]
DOC = TESTS.parent / "doc"

ELSEWHERE = {
    "arrays/test_arrays": [
        "arrays/keras_arrays",
        "arrays/namespace",
        "arrays/numpy_arrays",
        "arrays/numpy_channels",
    ],
    "benchmarks/test_truth_training": [
        "methods/cross_exposure/network/trainable",
        "methods/cross_exposure/network/training",
    ],
    "demo/test_bps": ["demo/quantum_outcomes"],
    "demo/test_run": ["demo/images", "demo/picture", "demo/table"],
    "exposures/test_noise_unit": ["exposures/variances"],
    "exposures/test_stack": ["exposures/source"],
    "residual/test_noise_exposures": ["exposures/noise_source"],
    "nuisances/test_corrected_exposures": ["exposures/changed_exposures"],
    "forward/test_forward_model": ["forward/paired_forward_model"],
    "fluxes/test_point_fluxes": ["fluxes/cell_filters", "fluxes/flux_images", "fluxes/flux_table"],
    "image_io/test_stack_reading": ["image_io/stack_building"],
    "image_io/test_warp_stream": ["image_io/warp_arrays", "image_io/warp_survey"],
    "machine/test_devices": ["machine/backend_setup"],
    "residual/test_patch_residual": ["residual/cell_residual", "residual/target_division", "residual_image"],
    "measure/plots/test_restoration_plot": [
        "measure/plots/curve_panels",
        "measure/plots/image_panels",
        "measure/plots/places",
    ],
    "measure/test_tables": [
        "measure/columns",
        "measure/exposure_fits",
        "measure/measurement",
        "measure/restored_patch",
        "metrics/outlier_visits",
    ],
    "methods/cross_exposure/family/test_holes": [
        "methods/cross_exposure/family/exposure_sums",
        "methods/cross_exposure/family/family",
        "methods/cross_exposure/family/first_model",
        "methods/cross_exposure/family/path",
        "methods/cross_exposure/family/restored_family",
    ],
    "methods/cross_exposure/family/test_point_fits": ["methods/cross_exposure/family/point_least_squares"],
    "methods/cross_exposure/test_error_model": [
        "methods/cross_exposure/error_features",
        "methods/cross_exposure/family/statistics",
    ],
    "methods/cross_exposure/test_method": [
        "exposures/mirrored_cutout",
        "methods/cross_exposure/family/margins",
        "methods/cross_exposure/family/convergence",
        "methods/cross_exposure/family/refinement",
        "methods/cross_exposure/family/tile_exposures",
        "methods/cross_exposure/network/samples",
    ],
    "methods/image_mm/test_updates": ["methods/image_mm/method"],
    "methods/paper/test_network": ["methods/paper/noise_variance", "methods/paper/pointwise_fit"],
    "methods/paper/test_rectified_convolution": ["methods/paper/channel_moments"],
    "methods/paper/test_resident_patch": ["methods/paper/inputs", "methods/paper/training"],
    "methods/test_other_backends": ["machine/training_step"],
    "metrics/test_images": [
        "metrics/psf_width",
        "metrics/sharpness",
        "metrics/similarity",
        "metrics/sky_noise",
    ],
    "metrics/test_known_order": ["metrics/prediction"],
    "metrics/test_source_fluxes": ["metrics/source_pixels"],
    "project/test_bps": ["bps_sites"],
    "psfs/test_fit": [
        "psfs/kernel_fit",
        "psfs/moffat_start",
        "psfs/star_stamps",
        "psfs/stars",
        "psfs/tile_light",
        "fits_config",
    ],
    "tasks/test_measure_restoration": ["measure/patch_reading"],
    "report/test_color_patches": [
        "cli/cmd/color_restorations",
        "cli/cmd/opened_repository",
        "report/color_writer",
    ],
    "report/test_numbers": ["report/cells", "report/number_series"],
    "report/test_page": [
        "cli/cmd/report_options",
        "cli/cmd/report_restorations",
        "report/collect",
        "report/patch_rows",
        "report/report_writer",
    ],
    "report/test_thumbnails": ["report/blink_views", "report/patch_data"],
    "repository/test_ingest": ["cli/cmd/finite_number", "cli/cmd/ingest_warps"],
    "repository/test_ingest_errors": ["repository/leftovers", "repository/names", "repository/warp_table"],
    "repository/test_simulate": ["cli/cmd/simulate_warps"],
    "repository/test_store": ["image_io/write_recipes"],
    "repository/test_warp_files": [
        "repository/bounded_file",
        "repository/fits_layout",
        "repository/fits_tiles",
        "repository/pixel_units",
        "repository/warp_file_errors",
        "repository/warp_header",
    ],
    "simulation/faults/test_psf_errors": ["simulation/faults/nuisances", "simulation/modelled_psf"],
    "simulation/test_exposures": [
        "simulation/draw_exposures",
        "simulation/draw_sources",
        "simulation/exposure_conditions",
        "simulation/exposure_planes",
        "simulation/faults/detector_defects",
        "simulation/faults/saturation",
        "simulation/pixel_noise",
        "simulation/psf_model",
    ],
    "simulation/test_field": [
        "simulation/field_psfs",
        "simulation/simulate_field",
        "simulation/simulated_field",
        "simulation/simulation_config",
    ],
    "simulation/test_scene": [
        "simulation/sky/number_counts",
        "simulation/sky/ordinary_sources",
        "simulation/sky/photometry",
        "simulation/sky/scene_config",
        "simulation/sky/sky_scene",
        "simulation/sky/source_table",
    ],
    "simulation/test_warping": ["simulation/pixel_grid"],
    "tasks/test_assemble_reference_coadd": ["coadd/patch_coadd"],
    "tasks/test_pipelines": ["restoration_config"],
    "tasks/test_restore_coadd": ["tiles/restore_tiles"],
    "test_restoration": [
        "fluxes/sky_of_layers",
        "errors",
        "methods/method",
        "methods/paper/method",
        "restoration_result",
    ],
    "warps/test_task": ["warps/config"],
}
"""Modules that have no test of their own, by the test that goes through them."""

OF_SEVERAL = {
    "arrays/test_arrays": "NumPy and Keras give the same",
    "machine/test_cores": "cores are left alone that were not asked for",
    "methods/cross_exposure/test_bright_light": "what is bright or missing, in the restored image",
    "methods/test_other_backends": "all backends agree",
    "metrics/test_images": "numbers of single images",
    "metrics/test_known_order": "numbers get better and worse when the images do",
    "simulation/test_exposures": "what exposures show",
    "simulation/test_field": "what a field says of its truth",
    "simulation/test_scene": "what is in the sky",
}
"""Tests that are not of one module, and what they are of."""

NO_MODULES = {"benchmarks", "browser", "project", "stand_ins", "tasks"}
"""Folders of tests that no folder of the package has the name of."""


@pytest.fixture
def floors(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Let what is in ``doc`` say which modules there are."""
    monkeypatch.syspath_prepend(str(DOC))
    return importlib.import_module("floors")


@pytest.fixture
def place(floors: ModuleType) -> Callable[[str], str]:
    """Return a function from a module to what the name of its own test begins with."""

    def place(module: str) -> str:
        folder, _, name = module.rpartition("/")
        folder = "tasks" if module in floors.TASKS else folder
        return f"{folder}/test_{name}".lstrip("/")

    return place


def places_of_tests() -> list[str]:
    """Return all tests by their places."""
    return sorted(path.relative_to(TESTS).with_suffix("").as_posix() for path in TESTS.rglob("test_*.py"))


def test_every_module_is_tested_at_its_place_or_where_the_table_says(
    floors: ModuleType, place: Callable[[str], str]
) -> None:
    modules = [name for name in floors.modules() if not name.endswith(("__init__", "__main__"))]
    without = [
        name for name in modules if not any(test.startswith(place(name)) for test in places_of_tests())
    ]
    assert sorted(without) == sorted(name for names in ELSEWHERE.values() for name in names)
    assert set(ELSEWHERE) <= set(places_of_tests())


def test_every_test_is_of_a_module_or_says_what_it_is_of(
    floors: ModuleType, place: Callable[[str], str]
) -> None:
    places = tuple(map(place, floors.modules()))
    others = {
        test
        for test in places_of_tests()
        if not test.startswith(places) and test.partition("/")[0] not in NO_MODULES
    }
    assert others == set(OF_SEVERAL)


def test_no_test_imports_another() -> None:
    for path in TESTS.rglob("*.py"):
        assert "import test_" not in (text := path.read_text()) or path == Path(__file__), path
        assert "from test_" not in text or path == Path(__file__), path
