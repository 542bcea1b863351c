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

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
import sep
from array_libraries import needs_keras
from small_warps import make_noise_warp

import lsst.acn.restoration
from lsst.acn import (
    ExposureStack,
    PsfKernels,
    ResidualImage,
    RestorationConfig,
    RestorationResult,
    gaussian_kernel,
    measure_fluxes,
)
from lsst.acn.exposures.estimated_psfs import EstimatedPsfs
from lsst.acn.fluxes.aperture_corrections import star_corrections
from lsst.acn.nuisances.corrections import ExposureCorrections
from lsst.acn.records.task_record import config_digest
from lsst.acn.restoration_result import NoiseLayer
from lsst.acn.restore_coadd import RestoreCoaddConfig, RestoreCoaddConnections, RestoreCoaddTask
from lsst.acn.tiles.restore_tiles import OnStrip
from lsst.acn.warps.reader import WarpInputs
from lsst.images.cells import CellField
from lsst.pipe.base import Struct
from lsst.pipe.base.testUtils import assertValidOutput, lintConnections


def fake_restore(
    stack: ExposureStack, config: RestorationConfig, *, on_strip: OnStrip, **keywords: Any
) -> RestorationResult:
    on_strip(stack.box, stack)
    latent_box = stack.box.grown_by(stack.psf.radius)
    return RestorationResult(
        image=np.full(stack.shape, 3.0, np.float32),
        variance=np.full(stack.shape, 4.0, np.float32),
        detection_variance=np.full(stack.shape, 4.5, np.float32),
        latent=np.full(latent_box.shape, 5.0, np.float32),
        latent_box=latent_box,
        target_psf=gaussian_kernel(config.target_psf_fwhm),
        corrections=ExposureCorrections.nothing(stack.box, stack.visits),
        history={
            "epoch": np.array([1, 2]),
            "loss": np.array([2.0, 1.0]),
            "learning_rate": np.array([0.1, 0.1]),
            "seconds": np.array([0.5, 1.0]),
        },
        summary={"seed": config.seed, "backend": "none", "method": "fake", "n_parameters": 7},
        residual=fake_residual(stack) if config.keep_residual else None,
        noise_layers=(NoiseLayer(*np.full((2, *stack.shape), [[[8.0]], [[9.0]]], np.float32)),)
        * config.n_noise_layers,
    )


def fake_residual(stack: ExposureStack) -> ResidualImage:
    planes = np.full((3, *stack.shape), [[[6.0]], [[7.0]], [[0.5]]], np.float32)
    psf = PsfKernels.constant(gaussian_kernel(5.0, 25)[None], stack.box)
    return ResidualImage(*planes, psf, stack.box)


@pytest.fixture
def outputs(warp_inputs: WarpInputs, monkeypatch: pytest.MonkeyPatch) -> Struct:
    """What the task makes of a restoration that is not one, and the task."""
    monkeypatch.setattr(lsst.acn.restoration, "restore", fake_restore)
    task = RestoreCoaddTask()
    return Struct(task=task, **task.run(inputs=warp_inputs).getDict())


def test_outputs_are_what_the_connections_announce(outputs: Struct) -> None:
    lintConnections(RestoreCoaddConnections)
    assertValidOutput(outputs.task, outputs)


def test_restored_coadd_holds_the_planes_of_the_result(outputs: Struct) -> None:
    coadd = outputs.restored_coadd
    assert (coadd.image.array == 3).all()
    assert (coadd.variance.array == 4.5).all()
    assert (coadd.bbox.y.start, coadd.bbox.x.start) == (100, 200)
    assert coadd.unit == "nJy"
    assert coadd.band == "r"


def test_the_variance_of_each_pixel_is_kept_beside_it(outputs: Struct) -> None:
    variance = outputs.restored_coadd_pixel_variance
    assert (variance.array == 4).all()
    assert variance.bbox == outputs.restored_coadd.bbox
    assert variance.unit == "nJy2"


def test_restored_coadd_keeps_the_planes_of_the_warps(outputs: Struct) -> None:
    mask = outputs.restored_coadd.mask
    planes = {"NO_DATA", "SATURATED", "COSMIC_RAY", "DETECTED", "REJECTED", "INEXACT_PSF"}
    assert planes <= set(mask.schema.names)
    assert np.argwhere(mask.get("NO_DATA")).tolist() == [[0, 0]]
    assert np.argwhere(mask.get("SATURATED")).tolist() == [[16, 16]]
    assert np.argwhere(mask.get("REJECTED")).tolist() == [[5, 5], [16, 16]]
    assert not mask.get("INEXACT_PSF").any()


def test_psf_is_the_target_in_every_cell(outputs: Struct) -> None:
    psf = outputs.restored_coadd.psf
    for y in (105, 135):
        for x in (205, 225, 255):
            kernel = psf.compute_kernel_image(x=x, y=y).array
            np.testing.assert_allclose(kernel, gaussian_kernel(2.5), atol=1e-7)


def test_aperture_corrections_are_those_of_the_target_psf(outputs: Struct) -> None:
    corrections = outputs.restored_coadd.aperture_corrections
    known = star_corrections(gaussian_kernel(2.5))
    for name, value in known.items():
        assert corrections[f"{name}_instFlux"](x=225.0, y=105.0) == pytest.approx(value, abs=1e-6)
        assert corrections[f"{name}_instFluxErr"](x=225.0, y=105.0) == 0.0


def test_aperture_corrections_of_the_warps_are_kept(
    warps: dict[int, Any], warp_inputs: WarpInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsst.acn.restoration, "restore", fake_restore)
    for warp in warps.values():
        bounds = warp.psf.bounds
        warp.aperture_corrections["base_PsfFlux_instFlux"] = CellField(bounds, np.full((2, 3), 1.03))
    inputs = dataclasses.replace(warp_inputs, handles=warps)
    corrections = RestoreCoaddTask().run(inputs=inputs).restored_coadd.aperture_corrections
    circle = "base_CircularApertureFlux_3_0"
    for name in (circle, "base_PsfFlux"):
        expected = 1.03 * star_corrections(gaussian_kernel(2.5))[name]
        assert corrections[f"{name}_instFlux"](x=225.0, y=105.0) == pytest.approx(expected)


def test_mask_fractions_tell_what_share_is_left_out(outputs: Struct) -> None:
    fractions = outputs.restored_coadd.mask_fractions
    assert list(fractions) == ["REJECTED", "SATURATED", "CLIPPED"]
    # The variances are 1, 4 and 9.
    weights = np.array([36.0, 9.0, 4.0]) / 49.0
    rejected, saturated, clipped = (each.array for each in fractions.values())
    assert rejected[[5, 16], [5, 16]] == pytest.approx([weights[1], weights[0]])
    assert saturated[[5, 16], [5, 16]] == pytest.approx([0.0, weights[0]])
    assert np.count_nonzero(rejected) == 2
    assert not clipped.any()


def test_mask_fractions_are_not_of_what_has_no_data() -> None:
    config = RestoreCoaddConfig()
    config.mask_fraction_planes = ["NO_DATA"]
    with pytest.raises(ValueError, match="NO_DATA is not one"):
        config.validate()


def test_stars_have_their_whole_flux_in_every_circle(warp_inputs: WarpInputs) -> None:
    outputs = RestoreCoaddTask().run(inputs=warp_inputs)
    coadd = outputs.restored_coadd
    places = np.array([[116.0, 216.0], [126.0, 246.0]])
    fluxes = measure_fluxes(coadd, outputs.restored_coadd_residual, positions=places)["psf_flux"].value
    image = np.ascontiguousarray(coadd.image.array, np.float64)
    for radius in (3.0, 4.5, 6.0):
        light, _, _ = sep.sum_circle(image, places[:, 1] - 200, places[:, 0] - 100, radius, subpix=0)
        name = f"base_CircularApertureFlux_{radius:.1f}".replace(".", "_") + "_instFlux"
        corrected = light * coadd.aperture_corrections[name](x=places[:, 1], y=places[:, 0])
        np.testing.assert_allclose(corrected, fluxes, rtol=0.025)
        # The bright star, of a signal-to-noise ratio of 400, has its true flux.
        assert corrected[0] == pytest.approx(2000.0, rel=0.015)
    # Without a correction, the smallest circle has lost more.
    light, _, _ = sep.sum_circle(image, [16.0], [16.0], 3.0, subpix=0)
    assert light[0] < 1970.0


def test_noise_can_only_be_that_of_layers() -> None:
    config = RestoreCoaddConfig()
    config.n_noise_warps = 1
    with pytest.raises(ValueError, match="only 0"):
        config.validate()
    config.restoration.n_noise_layers = 1
    connections = RestoreCoaddConnections(config=config)
    assert "noise0_warps" in connections.inputs
    assert connections.allConnections["noise0_warps"].minimum == 0
    assert "noise0_warps" not in RestoreCoaddConnections(config=RestoreCoaddConfig()).inputs


def test_noise_that_was_not_warped_is_told(
    warps: dict[int, Any], warp_inputs: WarpInputs, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(lsst.acn.restoration, "restore", fake_restore)
    task = RestoreCoaddTask()
    task.run(inputs=warp_inputs, noise_warps=[{10: make_noise_warp(warps[10], 1.0)}])
    assert "Noise 0 of visits [11, 12] was not warped, and is drawn." in caplog.text


def test_latent_image_lies_around_the_patch(outputs: Struct) -> None:
    latent = outputs.restored_coadd_latent
    assert latent.array.shape == (40 + 12, 60 + 12)
    assert (latent.bbox.y.start, latent.bbox.x.start) == (94, 194)
    assert latent.unit == "nJy"
    ours = outputs.restored_coadd.sky_projection.pixel_to_sky(x=205.0, y=105.0)
    assert latent.sky_projection.pixel_to_sky(x=205.0, y=105.0).separation(ours).arcsec < 1e-6


def test_residual_holds_what_the_restoration_leaves_over(outputs: Struct) -> None:
    residual = outputs.restored_coadd_residual
    assert (residual.image.array == 6).all()
    assert (residual.variance.array == 7).all()
    assert residual.mask.get("INEXACT_PSF").all()
    assert np.argwhere(residual.mask.get("NO_DATA")).tolist() == [[0, 0]]
    kernel = residual.psf.compute_kernel_image(x=225, y=105).array
    np.testing.assert_allclose(kernel, gaussian_kernel(5.0, 25), atol=1e-7)


def test_noise_layers_are_written(warp_inputs: WarpInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsst.acn.restoration, "restore", fake_restore)
    config = RestoreCoaddConfig()
    config.restoration.n_noise_layers = 3
    outputs = RestoreCoaddTask(config=config).run(inputs=warp_inputs)
    for output, value in ((outputs.restored_coadd, 8), (outputs.restored_coadd_residual, 9)):
        assert len(output.noise_realizations) == 3
        assert all((noise.array == value).all() for noise in output.noise_realizations)
        assert output.noise_realizations[0].unit == "nJy"


def test_psfs_are_written_where_they_were_fitted(
    warp_inputs: WarpInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restore_blindly(stack: ExposureStack, *arguments: Any, **keywords: Any) -> RestorationResult:
        psf = PsfKernels.constant(np.array([gaussian_kernel(3.0, 13)] * len(stack)), stack.box)
        psfs = EstimatedPsfs(stack.visits, psf, np.zeros((len(stack), 13, 13), np.float32), 5)
        return dataclasses.replace(fake_restore(stack, *arguments, **keywords), psfs=psfs)

    monkeypatch.setattr(lsst.acn.restoration, "restore", restore_blindly)
    config = RestoreCoaddConfig()
    assert "restored_coadd_psfs" not in RestoreCoaddConnections(config=config).outputs
    config.restoration.psf_mode = "refine"
    task = RestoreCoaddTask(config=config)
    outputs = task.run(inputs=warp_inputs)
    assertValidOutput(task, outputs)
    assert outputs.restored_coadd_psfs["visit"].tolist() == list(warp_inputs.exposures.visits)
    np.testing.assert_allclose(outputs.restored_coadd_psfs["fwhm"], 3.0, rtol=0.02)


def test_outputs_are_on_a_finer_grid(warp_inputs: WarpInputs) -> None:
    """Pixels, cells and place on the sky; every pixel has the mask of that which it is in."""
    config = RestoreCoaddConfig()
    config.restoration.upsampling = 2
    task = RestoreCoaddTask(config=config)
    outputs = task.run(inputs=warp_inputs)
    assertValidOutput(task, outputs)
    coadd, geometry = outputs.restored_coadd, warp_inputs.exposures.geometry
    assert coadd.bbox.shape == tuple(2 * side for side in warp_inputs.exposures.box.shape)
    assert coadd.grid.cell_shape.x == 2 * geometry.cell_shape[1]
    here = geometry.sky_projection.pixel_to_sky(x=210.0, y=110.0)
    assert coadd.sky_projection.pixel_to_sky(x=420.5, y=220.5).separation(here).arcsec < 1e-6
    saturated = coadd.mask.get("SATURATED")
    np.testing.assert_array_equal(np.argwhere(saturated), [[32, 32], [32, 33], [33, 32], [33, 33]])
    assert outputs.restored_coadd_residual.bbox == coadd.bbox
    for star in np.s_[20:46, 20:46], np.s_[40:66, 80:106]:
        light = coadd.image.array[star].sum()
        assert light == pytest.approx({20: 2000, 40: 500}[star[0].start], rel=0.05)


def test_residual_need_not_be_kept(warp_inputs: WarpInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsst.acn.restoration, "restore", fake_restore)
    config = RestoreCoaddConfig()
    config.restoration.keep_residual = False
    task = RestoreCoaddTask(config=config)
    assertValidOutput(task, task.run(inputs=warp_inputs))
    assert "restored_coadd_residual" not in RestoreCoaddConnections(config=config).outputs


def test_training_table_has_a_row_per_epoch(outputs: Struct) -> None:
    table = outputs.restored_coadd_training
    assert table.colnames == ["epoch", "loss", "learning_rate", "seconds", "seed"]
    assert set(table["seed"]) == {outputs.task.config.restoration.seed}
    assert table["loss"].tolist() == [2.0, 1.0]
    assert table["seconds"].unit == "s"
    assert all(table[name].description for name in table.colnames)


@pytest.mark.parametrize(
    "name",
    [
        "restored_coadd",
        "restored_coadd_pixel_variance",
        "restored_coadd_latent",
        "restored_coadd_residual",
        "restored_coadd_training",
    ],
)
def test_each_output_says_where_it_comes_from(outputs: Struct, name: str) -> None:
    output = getattr(outputs, name)
    record = output.meta if name == "restored_coadd_training" else output.metadata
    assert record["seed"] == outputs.task.config.restoration.seed
    assert record["backend"] == "none"
    assert json.loads(record["visits"]) == [10, 11, 12]
    assert record["config_sha256"] == config_digest(outputs.task.config)
    assert json.loads(record["config"])["restoration"]["paper"]["training"]["epochs"] == 450
    assert "acn" in json.loads(record["packages"])


def test_task_metadata_sums_up_the_restoration(outputs: Struct) -> None:
    metadata = outputs.task.metadata
    assert metadata.getArray("visits") == [10, 11, 12]
    assert (metadata["n_exposures"], metadata["n_parameters"], metadata["method"]) == (3, 7, "fake")


def quick_config(method: str, seed: int) -> RestoreCoaddConfig:
    config = RestoreCoaddConfig()
    config.restoration.method = method
    config.restoration.seed = seed
    config.restoration.paper.training.epochs = 2
    config.restoration.paper.network.kernel_sizes = [3]
    config.restoration.paper.network.depth = 1
    config.restoration.paper.tile_size = 32
    config.restoration.image_mm.iterations = 2
    config.restoration.n_noise_realizations = 2
    return config


@pytest.mark.parametrize("method", [pytest.param("paper", marks=needs_keras), "image_mm"])
def test_same_seed_gives_the_same_arrays(warp_inputs: WarpInputs, method: str) -> None:
    first, again, other = (
        RestoreCoaddTask(config=quick_config(method, seed)).run(inputs=warp_inputs) for seed in (1, 1, 2)
    )
    assert first.restored_coadd.metadata["method"] == method
    for name in ("image", "variance"):
        array = getattr(first.restored_coadd, name).array
        np.testing.assert_array_equal(array, getattr(again.restored_coadd, name).array)
        assert np.isfinite(array).all()
    np.testing.assert_array_equal(first.restored_coadd_latent.array, again.restored_coadd_latent.array)
    np.testing.assert_array_equal(
        first.restored_coadd_training["loss"], again.restored_coadd_training["loss"]
    )
    variances = (each.restored_coadd_pixel_variance.array for each in (first, other))
    assert np.not_equal(*variances).any()
