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

"""Exposures of ``lsst.afw``, by stand-ins; ``test_real_afw.py`` has the real ones."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from afw_butler import handle_of
from afw_stand_ins import (
    BOX,
    DATA_ID,
    PLANES,
    ExposureF,
    Mask,
    TractInfo,
    box2i,
    coadd_inputs,
    install,
    restored_coadd,
)

from lsst.acn import Box, InvalidExposureError, PsfKernels, ResidualImage, gaussian_kernel
from lsst.acn.convert_restored_coadd import (
    ConvertRestoredCoaddConfig,
    ConvertRestoredCoaddConnections,
    ConvertRestoredCoaddTask,
)
from lsst.acn.image_io import (
    WarpStream,
    default_warp_storage_class,
    make_residual_coadd,
    open_exposures,
    read_exposure_stack,
)
from lsst.images.cells import CellCoadd
from lsst.pipe.base import InMemoryDatasetHandle


@pytest.fixture
def afw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that afw brings along."""
    install(monkeypatch)


def test_storage_class_follows_what_is_installed() -> None:
    is_installed = importlib.util.find_spec("lsst.afw") is not None
    assert default_warp_storage_class() == ("ExposureF" if is_installed else "CellCoadd")


@pytest.mark.usefixtures("afw")
def test_exposure_is_calibrated() -> None:
    exposure = ExposureF()
    stack = read_exposure_stack({3: exposure})
    valid = stack.valid[0]
    assert not valid[:, 15:].any()
    assert np.argwhere(~valid[:, :15]).tolist() == [[2, 3]]
    assert (stack.unit, stack.band, stack.box) == ("nJy", "r", BOX)
    np.testing.assert_array_equal(stack.image[0][valid], 10 * exposure.image[valid])
    np.testing.assert_array_equal(stack.variance[0][valid], 100 * exposure.variance[valid])
    assert stack.mask[0, 2, 3] == 1 << stack.mask_planes["COSMIC_RAY"]


@pytest.mark.usefixtures("afw")
def test_part_of_an_exposure_is_read() -> None:
    part = Box(105, 112, 210, 221)
    piece = read_exposure_stack({3: ExposureF()}, box=part)
    np.testing.assert_array_equal(piece.image, read_exposure_stack({3: ExposureF()}).cutout(part).image)


@pytest.mark.usefixtures("afw")
def test_kernel_that_is_not_square_is_padded() -> None:
    tall = gaussian_kernel(3.0, 11)[:, 2:-2]
    tall = tall / tall.sum()
    kernel = read_exposure_stack({3: ExposureF(tall)}).psf.kernels[0, 0, 0]
    assert kernel.shape == (11, 11)
    np.testing.assert_allclose(kernel[:, 2:-2], tall, rtol=1e-6)
    assert not kernel[:, :2].any()


@pytest.mark.usefixtures("afw")
def test_cells_that_the_psf_does_not_reach_take_their_neighbours() -> None:
    stack = read_exposure_stack({3: ExposureF()}, psf_cell_size=10)
    np.testing.assert_array_equal(stack.psf.at(105, 229)[0], gaussian_kernel(3.0, 11))


@pytest.mark.usefixtures("afw")
def test_psf_is_sampled_where_the_exposure_has_pixels() -> None:
    # The centre of the only cell is out of reach.
    stack = read_exposure_stack({3: ExposureF()}, psf_cell_size=30)
    np.testing.assert_array_equal(stack.psf.at(105, 201)[0], gaussian_kernel(3.0, 11))


@pytest.mark.usefixtures("afw")
def test_patch_comes_from_the_skymap() -> None:
    handle = InMemoryDatasetHandle(ExposureF(), **DATA_ID)
    stack = read_exposure_stack([handle], sky_map={7: TractInfo()}, psf_cell_size=10)
    geometry = stack.geometry
    assert stack.box == geometry.outer_box == BOX.grown_by(5)
    assert geometry.inner_box == BOX
    assert (geometry.skymap, geometry.tract, geometry.patch.id) == ("test", 7, 2)
    assert (geometry.patch.index.y, geometry.patch.index.x) == (6, 4)
    sky = geometry.sky_projection.pixel_to_sky(x=0.0, y=0.0)
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0))
    assert read_exposure_stack([handle]).geometry.outer_box == BOX


@pytest.mark.usefixtures("afw")
def test_patch_is_that_of_the_cells_of_the_skymap() -> None:
    handle = InMemoryDatasetHandle(ExposureF(), **DATA_ID)
    sky_map = {7: TractInfo(cells=(2, 3))}
    stack = read_exposure_stack([handle], sky_map=sky_map, use_sky_map_cells=True, psf_cell_size=10)
    geometry = stack.geometry
    # The border of a cell around all of them is left out.
    assert stack.box == geometry.outer_box == geometry.cell_box == BOX
    assert geometry.cell_shape == (10, 10)
    assert (geometry.patch.cells.grid_size.i, geometry.patch.cells.grid_size.j) == (2, 3)
    assert (geometry.patch.index.y, geometry.patch.index.x) == (6, 4)


@pytest.mark.usefixtures("afw")
@pytest.mark.parametrize(
    ("sky_map", "message"),
    [
        (None, "no skymap to take cells from"),
        ({7: TractInfo()}, "has no cells"),
        ({7: TractInfo(cells=(2, 2))}, "2 x 2 cells of 10 x 10 pixels do not fill"),
    ],
)
def test_patch_without_cells_is_refused(sky_map: dict | None, message: str) -> None:
    handle = InMemoryDatasetHandle(ExposureF(), **DATA_ID)
    with pytest.raises(InvalidExposureError, match=message):
        read_exposure_stack([handle], sky_map=sky_map, use_sky_map_cells=True)


@pytest.mark.usefixtures("afw")
def test_large_patch_is_read_on_the_cells() -> None:
    handles = [handle_of(ExposureF(), "ExposureF", visit)[0] for visit in (3, 4)]
    stream = open_exposures(
        handles,
        max_bytes=2 * 13 * BOX.shape[1] * 10,
        psf_cell_size=10,
        sky_map={7: TractInfo(cells=(2, 3))},
        use_sky_map_cells=True,
    )
    assert isinstance(stream, WarpStream)
    assert stream.box == stream.geometry.cell_box == BOX
    assert [band.shape[0] for band in stream.bands()] == [10, 10]


@pytest.mark.usefixtures("afw")
def test_warp_that_reaches_beyond_its_patch_is_cut() -> None:
    # As makeDirectWarp makes them: 256 pixels wider on every side.
    patch = BOX.grown_by(-3)
    handle = InMemoryDatasetHandle(ExposureF(), **DATA_ID)
    stack = read_exposure_stack([handle], sky_map={7: TractInfo(patch)}, psf_cell_size=10)
    assert stack.box == stack.geometry.outer_box == patch
    np.testing.assert_array_equal(stack.image, read_exposure_stack({3: ExposureF()}).cutout(patch).image)


@pytest.mark.usefixtures("afw")
def test_no_more_is_asked_of_a_butler_than_storage_classes_offer() -> None:
    handle, butler = handle_of(ExposureF(), "ExposureF")
    part = Box(105, 112, 210, 221)
    stack = read_exposure_stack([handle], box=part)
    np.testing.assert_array_equal(stack.image, read_exposure_stack({3: ExposureF()}).cutout(part).image)
    assert butler.gets == [("bbox", False), (None, True)]


@pytest.mark.usefixtures("afw")
def test_patch_is_all_of_the_warp_where_no_skymap_tells() -> None:
    handle, _ = handle_of(ExposureF(), "ExposureF")
    # Only the part is read, but the patch is no smaller for that.
    stack = read_exposure_stack([handle], box=Box(105, 112, 210, 221))
    assert stack.geometry.outer_box == BOX


@pytest.mark.usefixtures("afw")
@pytest.mark.parametrize("patch", [None, BOX.grown_by(-3)], ids=["no skymap", "wide warps"])
def test_large_patch_is_read_whole(patch: Box | None) -> None:
    handles = [handle_of(ExposureF(), "ExposureF", visit)[0] for visit in (3, 4)]
    sky_map = None if patch is None else {7: TractInfo(patch)}
    stream = open_exposures(handles, max_bytes=2 * 13 * BOX.shape[1] * 10, psf_cell_size=10, sky_map=sky_map)
    assert isinstance(stream, WarpStream)
    assert stream.box == (patch or BOX)
    strips = [strip for _, strip in stream.strips(0)]
    whole = read_exposure_stack({visit: ExposureF() for visit in (3, 4)}).cutout(stream.box)
    np.testing.assert_array_equal(np.concatenate([strip.image for strip in strips], axis=1), whole.image)
    np.testing.assert_array_equal(
        np.concatenate([strip.variance for strip in strips], axis=1), whole.variance
    )


@pytest.mark.usefixtures("afw")
def test_patch_of_which_a_part_would_be_restored_is_refused() -> None:
    part = BOX.grown_by(-4)
    handles = [
        InMemoryDatasetHandle(exposure, **DATA_ID | {"visit": visit})
        for visit, exposure in ((3, ExposureF()[box2i(part)]), (4, ExposureF()))
    ]
    with pytest.raises(InvalidExposureError, match=r"Visit 4: Its pixels .* are not inside the patch's"):
        read_exposure_stack(handles)
    stack = read_exposure_stack(handles, sky_map={7: TractInfo(BOX)})
    assert stack.box == BOX
    assert stack.valid[1].sum() > stack.valid[0].sum()


@pytest.mark.usefixtures("afw")
@pytest.mark.parametrize(("part", "message"), [("photo_calib", "no PhotoCalib"), ("psf", "no PSF")])
def test_exposure_that_lacks_a_part_is_named(part: str, message: str) -> None:
    exposure = ExposureF()
    setattr(exposure, part, None)
    with pytest.raises(InvalidExposureError, match=f"Visit 3: .*{message}"):
        read_exposure_stack({3: exposure})


@pytest.mark.usefixtures("afw")
def test_exposure_of_another_visit_is_named() -> None:
    exposure = ExposureF()
    handle = InMemoryDatasetHandle(exposure, **DATA_ID)
    for inputs in (coadd_inputs(), coadd_inputs(3)):
        exposure.info.coadd_inputs = inputs
        assert read_exposure_stack([handle]).visits == (3,)
    exposure.info.coadd_inputs = coadd_inputs(4)
    with pytest.raises(InvalidExposureError, match=r"Visit 3: Its CoaddInputs .* visits \[4\]"):
        read_exposure_stack([handle])
    # A coadd of many visits, which is no warp, has no visit to compare with.
    assert read_exposure_stack({0: exposure}).visits == (0,)


@pytest.mark.usefixtures("afw")
@pytest.mark.parametrize("box", [None, Box(105, 112, 205, 212)])
def test_artifact_mask_of_afw_comes_from_a_butler(box: Box | None) -> None:
    pixels = np.zeros(BOX.shape, np.int32)
    pixels[7, 8] = 1 << PLANES["SAT"]
    # The storage class Mask has no components: it cannot be asked where it lies.
    handle, butler = handle_of(Mask(pixels, BOX), "Mask")
    warp, _ = handle_of(ExposureF(), "ExposureF")
    before = read_exposure_stack([warp], box=box)
    after = read_exposure_stack([warp], box=box, artifact_masks={3: handle})
    changed = np.argwhere(before.valid[0] & ~after.valid[0])
    assert (changed + (after.box.y_start, after.box.x_start)).tolist() == [[107, 208]]
    assert butler.gets == [(None, True)]


@pytest.mark.usefixtures("afw")
def test_artifact_mask_of_afw_is_added() -> None:
    pixels = np.zeros(BOX.grown_by(2).shape, np.int32)
    # The planes of afw are global: the same bits, and one more.
    pixels[2 + 7, 2 + 8] = 1 << PLANES["SAT"]
    mask = Mask(pixels, BOX.grown_by(2))
    exposure = ExposureF()
    before = read_exposure_stack({3: exposure})
    after = read_exposure_stack({3: exposure}, artifact_masks={3: mask})
    changed = np.argwhere(before.valid[0] & ~after.valid[0]).tolist()
    assert changed == [[7, 8]]
    assert after.mask[0, 7, 8] == 1 << after.mask_planes["SATURATED"]
    # Nothing is written into what belongs to the caller.
    assert exposure.mask[7, 8] == 0


def test_restored_coadd_gets_what_measurement_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    exposure = ExposureF()
    monkeypatch.setattr(CellCoadd, "to_legacy", lambda self: exposure)
    inputs, corrections = coadd_inputs(1, 2), object()
    outputs = ConvertRestoredCoaddTask().run(
        restored_coadd=restored_coadd(), coadd_inputs=inputs, aperture_corrections=corrections
    )
    assert outputs.exposure is exposure
    assert exposure.info.coadd_inputs is inputs
    assert exposure.info.ap_corr_map is corrections


@pytest.mark.parametrize("kind", ["linear", "detection"])
def test_detection_gets_the_residual_as_well(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handed = []
    monkeypatch.setattr(CellCoadd, "to_legacy", lambda self: handed.append(self) or ExposureF())
    coadd = restored_coadd()
    psf = PsfKernels.constant(gaussian_kernel(5.0, 21)[None], BOX)
    planes = [np.full(BOX.shape, value, np.float32) for value in (0.0, 1.0, 1.0)]
    # Half of the weight is missing in one pixel.
    planes[2][3, 4] = 0.5
    saturated = coadd.mask.get("SATURATED")
    residual = make_residual_coadd(
        ResidualImage(*planes, psf, BOX),
        mask=2 * saturated.astype(np.uint32),
        mask_planes={"INEXACT_PSF": 0, "SATURATED": 1},
        exposures=read_exposure_stack({1: coadd}),
        provenance=coadd.provenance,
    )
    config = ConvertRestoredCoaddConfig()
    config.image_kind = kind
    ConvertRestoredCoaddTask(config=config).run(
        restored_coadd=coadd,
        restored_coadd_residual=residual,
        coadd_inputs=coadd_inputs(1),
        aperture_corrections=None,
    )
    (exposure,) = handed
    kernel = exposure.psf.compute_kernel_image(x=BOX.center[1], y=BOX.center[0]).array
    assert kernel.shape == (11, 11)
    # The square root of the residual's PSF is a Gaussian of .71 of its width.
    expected = gaussian_kernel(5.0 / 2.0**0.5, 11) if kind == "linear" else gaussian_kernel(2.5, 11)
    np.testing.assert_allclose(kernel, expected, atol=5e-3)
    np.testing.assert_array_equal(exposure.mask.get("SATURATED"), saturated)
    assert np.argwhere(exposure.mask.get("INEXACT_PSF")).tolist() == [[3, 4]]


def test_residual_is_an_input_unless_it_is_the_picture_that_is_wanted() -> None:
    config = ConvertRestoredCoaddConfig()
    assert "restored_coadd_residual" in ConvertRestoredCoaddConnections(config=config).inputs
    config.image_kind = "picture"
    assert "restored_coadd_residual" not in ConvertRestoredCoaddConnections(config=config).inputs
