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

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsst.acn import Box, ExposureStack, InvalidExposureError, PsfKernels, gaussian_kernel
from lsst.acn.image_io import (
    CoaddInput,
    PatchGeometry,
    make_cell_coadd,
    make_latent_image,
    make_patch_geometry,
    make_provenance,
    make_warp,
    read_exposure_stack,
    tangent_plane_wcs,
)
from lsst.acn.image_io.contributions import kernel_moments
from lsst.acn.image_io.patch_layout import fit_cell_shape
from lsst.daf.butler import Butler
from lsst.images import Image
from lsst.images.cells import CellCoadd, CellGridBounds, CellIJ, CellPointSpreadFunction
from lsst.pipe.base import InMemoryDatasetHandle, NoWorkFound

BOX = Box.from_shape((40, 60), (100, 200))
type MakeRepository = Callable[[dict[int, Any]], str]


def geometry(*, patch: int = 0, cell_size: int = 20, ra: float = 30.0, outer_box: Box = BOX) -> PatchGeometry:
    return make_patch_geometry(
        tangent_plane_wcs(ra, -5.0, 0.2),
        skymap="test",
        tract=0,
        patch=patch,
        outer_box=outer_box,
        cell_size=cell_size,
    )


PATCH = geometry()


def warp(
    seed: int = 0, *, box: Box = BOX, psf: Any = None, mask: np.ndarray | None = None, **keywords: Any
) -> CellCoadd:
    rng = np.random.default_rng(seed)
    keywords = {"geometry": PATCH, "band": "r"} | keywords
    psf = gaussian_kernel(3.0, 11) if psf is None else psf
    variance = rng.uniform(0.5, 2.0, box.shape)
    return make_warp(rng.normal(size=box.shape), variance, psf, box=box, mask=mask, **keywords)


def with_cell_kernels(array: np.ndarray) -> CellCoadd:
    """Return a warp with any array at all as the kernels of its 2 x 3 cells."""
    good = warp()
    bounds = CellGridBounds(grid=PATCH.patch.cells, bbox=PATCH.patch.cells.bbox)
    return CellCoadd(
        good.image,
        mask=good.mask,
        variance=good.variance,
        sky_projection=good.sky_projection,
        band="r",
        psf=CellPointSpreadFunction(np.broadcast_to(array, (2, 3, *array.shape[-2:])), bounds),
        patch=good.patch,
    )


def test_arrays_arrive_as_they_are() -> None:
    warps = {7: warp(1), 3: warp(2)}
    stack = read_exposure_stack(warps)
    assert stack.visits == (3, 7)
    assert (stack.box, stack.unit, stack.band) == (BOX, "nJy", "r")
    for index, visit in enumerate(stack.visits):
        np.testing.assert_array_equal(stack.image[index], warps[visit].image.array)
        np.testing.assert_array_equal(stack.variance[index], warps[visit].variance.array)
    assert stack.valid.all()
    np.testing.assert_array_equal(stack.psf.kernels[1, 0, 0], gaussian_kernel(3.0, 11))


def test_butler_hands_out_what_was_put_in(make_repository: MakeRepository) -> None:
    mask = np.zeros(BOX.shape, np.uint32)
    mask[3, 5] = 1 << 9
    warps = {n: warp(n, mask=mask, mask_planes={"SAT": 9}) for n in range(2)}
    root = make_repository(warps)
    inner = Box(111, 131, 215, 222)
    with Butler.from_config(root, collections="warps") as butler:
        handles = [
            butler.getDeferred("direct_warp", instrument="TestCam", visit=n, skymap="test", tract=0, patch=0)
            for n in warps
        ]
        stack, piece = read_exposure_stack(handles), read_exposure_stack(handles, box=inner)
    same = read_exposure_stack(warps)
    cutout = stack.cutout(inner)
    for name in ("image", "variance", "valid", "mask"):
        np.testing.assert_array_equal(getattr(stack, name), getattr(same, name))
        np.testing.assert_array_equal(getattr(piece, name), getattr(cutout, name))
    assert (piece.box, piece.geometry.outer_box) == (inner, BOX)
    assert stack.geometry.separation(same.geometry) < 1e-6
    assert not stack.valid[0, 3, 5]


def test_piece_of_a_patch_has_the_kernels_of_the_patch() -> None:
    kernels = np.stack([gaussian_kernel(2.0 + 0.3 * n, 11) for n in range(6)])
    psf = PsfKernels(kernels.reshape(1, 2, 3, 11, 11), BOX, (20, 20))
    warps = {1: warp(psf=psf)}
    whole = read_exposure_stack(warps, psf_cell_size=20)
    np.testing.assert_array_equal(whole.psf.kernels, psf.kernels)
    piece = read_exposure_stack(warps, psf_cell_size=20, box=Box(115, 125, 225, 255))
    for y, x in [(116, 226), (124, 226), (116, 250), (124, 254)]:
        np.testing.assert_array_equal(piece.psf.at(y, x), whole.psf.at(y, x))


def test_cells_finer_than_needed_are_thinned() -> None:
    kernels = np.stack([gaussian_kernel(2.0 + 0.3 * n, 11) for n in range(24)]).reshape(1, 4, 6, 11, 11)
    warps = {1: warp(psf=PsfKernels(kernels, BOX, (10, 10)), geometry=geometry(cell_size=10))}
    stack = read_exposure_stack(warps, psf_cell_size=20)
    assert stack.psf.kernels.shape[1:3] == (2, 3)
    np.testing.assert_array_equal(stack.psf.kernels[0, 1, 2], kernels[0, 3, 5])


def test_kernels_are_padded_to_the_largest() -> None:
    stack = read_exposure_stack({1: warp(psf=gaussian_kernel(2.0, 7)), 2: warp(psf=gaussian_kernel(4.0, 13))})
    assert stack.psf.is_constant
    np.testing.assert_array_equal(stack.psf.kernels[0, 0, 0, 3:-3, 3:-3], gaussian_kernel(2.0, 7))
    assert stack.psf.kernels[0, 0, 0, :3].sum() == 0


def test_warps_of_parts_of_a_patch_keep_their_place() -> None:
    part = Box(110, 125, 230, 260)
    small = warp(5, box=part)
    stack = read_exposure_stack({1: warp(), 2: small})
    rows, columns = part.slices_within(BOX)
    np.testing.assert_array_equal(stack.image[1, rows, columns], small.image.array)
    inside = np.zeros(BOX.shape, bool)
    inside[rows, columns] = True
    np.testing.assert_array_equal(stack.valid[1], inside)
    no_data = stack.mask[1] >> np.uint32(stack.mask_planes["NO_DATA"]) & np.uint32(1)
    np.testing.assert_array_equal(no_data == 1, ~inside)


def test_warps_that_do_not_reach_a_box_are_left_out() -> None:
    warps = {1: warp(box=Box(100, 110, 200, 260)), 2: warp(box=Box(120, 140, 200, 260))}
    assert read_exposure_stack(warps, box=Box(125, 130, 200, 210)).visits == (2,)
    with pytest.raises(NoWorkFound, match="112"):
        read_exposure_stack(warps, box=Box(112, 115, 200, 210))


@pytest.mark.parametrize("bad", ["CR", "COSMIC_RAY"])
@pytest.mark.parametrize("name", ["CR", "COSMIC_RAY"])
def test_plane_means_the_same_by_either_name(bad: str, name: str) -> None:
    mask = np.zeros(BOX.shape, np.uint32)
    mask[4, 4] = 1 << 6
    stack = read_exposure_stack({1: warp(mask=mask, mask_planes={"BAD": 2, name: 6})}, bad_mask_planes=[bad])
    assert np.argwhere(~stack.valid[0]).tolist() == [[4, 4]]
    assert stack.mask[0, 4, 4] == 1 << stack.mask_planes["COSMIC_RAY"]


def test_planes_of_different_warps_are_united_by_name() -> None:
    first, second = np.zeros((2, *BOX.shape), np.uint32)
    first[1, 1], second[2, 2] = 0b01, 0b01
    warps = {
        1: warp(mask=first, mask_planes={"SAT": 0, "CR": 1}),
        2: warp(mask=second, mask_planes={"CR": 0, "STREAK": 1}),
    }
    stack = read_exposure_stack(warps, bad_mask_planes=[])
    assert set(stack.mask_planes) == {"NO_DATA", "SATURATED", "COSMIC_RAY", "STREAK"}
    assert stack.mask[0, 1, 1] == 1 << stack.mask_planes["SATURATED"]
    assert stack.mask[1, 2, 2] == 1 << stack.mask_planes["COSMIC_RAY"]
    assert np.count_nonzero(stack.mask) == 2
    assert stack.valid.all()


def test_many_planes_of_which_few_are_set_fit() -> None:
    mask = np.zeros(BOX.shape, np.uint32)
    mask[0, 0] = 1 << 29
    warps = {n: warp(mask=mask, mask_planes={f"P{n}_{bit}": bit for bit in range(30)}) for n in range(3)}
    with pytest.raises(InvalidExposureError, match="Visit 1.*no bit left.*P1_29"):
        read_exposure_stack(warps)
    stack = read_exposure_stack(
        {
            n: warp(mask=mask, mask_planes={"SAT" if b == 29 else f"P{n}_{b}": b for b in range(30)})
            for n in range(3)
        }
    )
    assert not stack.valid[:, 0, 0].any()


def test_flux_units_are_converted() -> None:
    stack = read_exposure_stack({1: warp(1, unit="uJy"), 2: warp(1, unit="nJy")})
    assert stack.unit == "nJy"
    np.testing.assert_allclose(stack.image[0], 1e3 * stack.image[1], rtol=1e-6)
    np.testing.assert_allclose(stack.variance[0], 1e6 * stack.variance[1], rtol=1e-6)


def test_unit_that_is_no_flux_stays() -> None:
    assert read_exposure_stack({1: warp(unit="adu")}).unit == "adu"


def test_exposures_with_no_valid_pixel_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    masked = np.full(BOX.shape, 1, np.uint32)
    warps = {1: warp(1), 2: warp(mask=masked, mask_planes={"NO_DATA": 0}), 3: warp(3)}
    with caplog.at_level(logging.WARNING):
        stack = read_exposure_stack(warps)
    assert stack.visits == (1, 3)
    assert "Visit 2 has no valid pixel" in caplog.text
    np.testing.assert_array_equal(stack.image[1], warps[3].image.array)
    with pytest.raises(NoWorkFound):
        read_exposure_stack({2: warps[2]})
    with pytest.raises(NoWorkFound):
        read_exposure_stack({})


def test_handles_in_memory_are_read_too() -> None:
    handles = [InMemoryDatasetHandle(warp(n), visit=n) for n in (4, 2)]
    assert read_exposure_stack(handles, box=Box(100, 110, 200, 210)).visits == (2, 4)
    with pytest.raises(InvalidExposureError, match="Visit 4 occurs more than once"):
        read_exposure_stack([handles[0], handles[0]])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda: warp(unit="adu"), "'adu' cannot be converted to 'nJy'.*visits \\[1\\]"),
        (lambda: warp(band="i"), "band i"),
        (lambda: warp(geometry=geometry(patch=1)), "another patch"),
        (lambda: warp(geometry=geometry(ra=30.0001)), "pixels away"),
        (lambda: with_cell_kernels(np.ones((10, 10)) / 100), "even side"),
        (lambda: with_cell_kernels(np.ones((9, 11)) / 99), "square"),
        (lambda: with_cell_kernels(np.ones((9, 9)) / 50), "unit sum"),
        (lambda: with_cell_kernels(np.where(np.eye(9), np.nan, 0.1)), "not finite"),
        (lambda: with_cell_kernels(np.full((9, 9), np.nan)), "no PSF in any cell"),
        (lambda: "a string", "is a str"),
    ],
)
def test_warp_that_does_not_fit_is_named(bad: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidExposureError, match=f"^Visit 8: .*{message}") as caught:
        read_exposure_stack({1: warp(), 8: bad()})
    assert caught.value.metadata == {"visit": 8}


def test_missing_dataset_is_named(make_repository: MakeRepository) -> None:
    root = make_repository({1: warp()})
    for path in Path(root).rglob("*.fits"):
        path.unlink()
    with Butler.from_config(root, collections="warps") as butler:
        identity = {"instrument": "TestCam", "visit": 1, "skymap": "test", "tract": 0, "patch": 0}
        handle = butler.getDeferred("direct_warp", identity)
        with pytest.raises(FileNotFoundError, match="direct_warp_TestCam_0_0_r_r_01_1"):
            read_exposure_stack([handle])


@pytest.fixture
def stack() -> ExposureStack:
    """Two exposures, the second of which lacks the cells on the right."""
    mask = np.zeros(BOX.shape, np.uint32)
    mask[:, 40:] = 1
    mask[:10, :20] = 2
    planes = {"NO_DATA": 0, "SAT": 1}
    other = warp(2, psf=gaussian_kernel(4.0, 15), mask=mask, mask_planes=planes)
    return read_exposure_stack({1: warp(1), 2: other})


INPUTS = [CoaddInput("TestCam", visit, "r_01", 20260131) for visit in (2, 1)]


def coadd_of(stack: ExposureStack, **keywords: Any) -> CellCoadd:
    return make_cell_coadd(
        **{
            "image": stack.image[0],
            "variance": stack.variance[0],
            "mask": np.where(stack.valid[-1], 0, 1 << 3),
            "mask_planes": {"SATURATED": 3, "MY_PLANE": 4},
            "psf": PsfKernels.constant(gaussian_kernel(2.5, 9)[None], BOX),
            "exposures": stack,
            "provenance": make_provenance(stack, keywords.pop("inputs", INPUTS)),
            "metadata": {"seed": 7, "note": "x", "loss": 0.5},
        }
        | keywords
    )


def test_coadd_survives_a_file(stack: ExposureStack, tmp_path: Path) -> None:
    coadd = coadd_of(stack)
    path = str(tmp_path / "coadd.fits")
    coadd.write(path)
    again = CellCoadd.read(path)
    np.testing.assert_array_equal(again.image.array, stack.image[0])
    np.testing.assert_array_equal(again.variance.array, stack.variance[0])
    np.testing.assert_array_equal(again.mask.get("SATURATED"), ~stack.valid[1])
    assert not again.mask.get("MY_PLANE").any()
    assert dict(again.metadata) == {"seed": 7, "note": "x", "loss": 0.5}
    assert (again.band, str(again.unit), again.patch) == ("r", "nJy", PATCH.patch)
    kernel = again.psf.compute_kernel_image(x=201, y=101).array
    np.testing.assert_array_equal(kernel.astype(np.float32), gaussian_kernel(2.5, 9))
    assert again.provenance.inputs["visit"].tolist() == [1, 2]


def test_provenance_tells_what_each_exposure_gave(stack: ExposureStack) -> None:
    table = coadd_of(stack).provenance.contributions
    assert [tuple(row) for row in table[table["visit"] == 2]["cell_i", "cell_j"]] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    assert np.count_nonzero(table["visit"] == 1) == 6
    corner = table[(table["visit"] == 2) & (table["cell_i"] == 0) & (table["cell_j"] == 0)][0]
    assert (corner["overlap_fraction"], corner["unmasked_fraction"]) == (1.0, 0.5)
    assert corner["weight"] == pytest.approx(1 / stack.variance[1, 10:20, :20].mean(), rel=1e-5)
    assert np.sqrt(corner["psf_shape_xx"]) == pytest.approx(4.0 / 2.3548, rel=0.02)
    assert not table["psf_shape_flag"].any()


def test_polygon_of_an_input_bounds_its_pixels(stack: ExposureStack) -> None:
    inputs = coadd_of(stack).provenance.inputs
    assert inputs["polygon"][1].area == 40 * 40
    assert inputs["polygon"][0].area == 40 * 60


def test_cells_without_any_exposure_are_missing(stack: ExposureStack) -> None:
    coadd = coadd_of(stack.select([1]))
    assert coadd.bounds.missing == {CellIJ(i=0, j=2), CellIJ(i=1, j=2)}


def test_coadd_needs_to_know_where_it_is(stack: ExposureStack) -> None:
    nowhere = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, visits=stack.visits)
    with pytest.raises(ValueError, match="geometry"):
        coadd_of(stack, exposures=nowhere)
    with pytest.raises(ValueError, match=r"visits \[1\]"):
        coadd_of(stack, inputs=INPUTS[:1])


def test_latent_image_reaches_beyond_the_patch(stack: ExposureStack, tmp_path: Path) -> None:
    padded = BOX.grown_by(7)
    latent = np.random.default_rng(3).random(padded.shape)
    image = make_latent_image(latent, padded, exposures=stack, metadata={"seed": 1})
    image.write(str(tmp_path / "latent.fits"))
    again = Image.read(str(tmp_path / "latent.fits"))
    np.testing.assert_array_equal(again.array, latent.astype(np.float32))
    assert (again.bbox.y.start, again.bbox.x.start) == (93, 193)
    assert str(again.unit) == "nJy"
    sky = again.sky_projection.pixel_to_sky(x=0.0, y=0.0)
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx((30.0, -5.0))


def test_warp_must_fit_its_patch() -> None:
    with pytest.raises(ValueError, match="not inside"):
        warp(box=BOX.grown_by(1))
    with pytest.raises(ValueError, match="does not fit"):
        make_warp(np.zeros((3, 3)), np.ones((3, 3)), gaussian_kernel(2.0), geometry=PATCH)


@pytest.mark.parametrize(
    ("length", "size", "cell"),
    [(4200, 300, 300), (4100, 300, 410), (256, 300, 256), (257, 100, 86), (256, 100, 128), (301, 150, 151)],
)
def test_cells_fill_the_patch(length: int, size: int, cell: int) -> None:
    assert fit_cell_shape((length, 1), size) == (cell, 1)


def test_corners_lead_back_to_the_box() -> None:
    assert PATCH.box_of(PATCH.corners()) == BOX
    part = Box(103, 120, 222, 259)
    assert PATCH.box_of(PATCH.corners(part)) == part


def test_moments_of_a_tilted_gaussian() -> None:
    y, x = np.mgrid[-15:16, -15:16]
    covariance = np.array([[6.0, 1.0], [1.0, 4.0]])
    a, b, c = np.linalg.inv(covariance)[[0, 0, 1], [0, 1, 1]]
    kernel = np.exp(-0.5 * (a * x**2 + 2 * b * x * y + c * y**2))
    assert kernel_moments(kernel / kernel.sum()) == pytest.approx((6.0, 4.0, 1.0), rel=1e-4)
    assert np.isnan(kernel_moments(np.zeros((9, 9)))).all()
