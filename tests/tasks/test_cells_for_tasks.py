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


"""What today's and tomorrow's tasks take of a CellCoadd, and that a restored coadd has it."""

from __future__ import annotations

import legacy_cells
import numpy as np
import pytest
import scipy.signal
from legacy_cells import Recorder

from lsst.acn.convert_restored_coadd import ConvertRestoredCoaddConfig, ConvertRestoredCoaddTask
from lsst.acn.restore_coadd import RestoreCoaddConfig, RestoreCoaddTask
from lsst.acn.warps.reader import WarpInputs
from lsst.images import MaskedImage, get_legacy_deep_coadd_mask_planes
from lsst.images.cells import CellCoadd
from lsst.images.fields import BaseField

PIXELS = {"image", "mask", "variance", "bbox", "unit"}
SKY = {"skymap", "tract", "patch", "band", "sky_projection", "grid", "bounds"}
TAKEN_AS_CELLS = (
    PIXELS
    | SKY
    | {
        "psf",
        "provenance",
        "aperture_corrections",
        "mask_fractions",
        "noise_realizations",
    }
)
"""What ``to_legacy_cell_coadd`` takes, by which the Butler hands a CellCoadd to
tasks that read a MultipleCellCoadd (``useCellCoadds``)."""

TAKEN_AS_EXPOSURE = {"image", "mask", "variance", "unit", "psf", "band", "sky_projection"}
"""What ``to_legacy`` takes, by which the deconvolving and the deblending task
(``imageType: future``) go on from a CellCoadd."""


@pytest.fixture
def for_cells(warp_inputs: WarpInputs) -> CellCoadd:
    """What ``convertRestoredCoadd`` makes of a restored coadd for tasks that measure on cells."""
    options = RestoreCoaddConfig()
    options.restoration.n_noise_layers = 1
    coadd = RestoreCoaddTask(config=options).run(inputs=warp_inputs).restored_coadd
    config = ConvertRestoredCoaddConfig()
    config.image_kind, config.imageType = "picture", "future"
    return ConvertRestoredCoaddTask(config=config).run(restored_coadd=coadd).exposure


def test_all_that_is_taken_as_cells_is_there(for_cells: CellCoadd, monkeypatch: pytest.MonkeyPatch) -> None:
    legacy_cells.install(monkeypatch)
    recorder = Recorder.of(for_cells)
    made = recorder.to_legacy_cell_coadd()
    assert recorder.taken - {"to_legacy_cell_coadd"} == TAKEN_AS_CELLS
    (cells, grid) = made.arguments
    assert grid == for_cells.grid
    assert len(cells) == len(list(for_cells.bounds.cell_indices()))
    for cell in cells:
        (planes,) = cell.arguments
        assert planes.image.bbox == planes.variance.bbox == planes.mask.bbox == cell.inner_bbox
        assert np.isfinite(planes.variance.array).all()
        assert len(planes.noise_realizations) == 1
        assert cell.psf.array.sum() == pytest.approx(1.0, abs=1e-4)
        assert cell.inputs
        assert all(each.weight >= 0 and 0 <= each.overlap_fraction <= 1 for each in cell.inputs.values())


def test_aperture_corrections_and_mask_fractions_are_there(
    for_cells: CellCoadd, monkeypatch: pytest.MonkeyPatch
) -> None:
    legacy_cells.install(monkeypatch)
    (cells, _) = for_cells.to_legacy_cell_coadd().arguments
    for cell in cells:
        (planes,) = cell.arguments
        assert planes.mask_fractions is not None
        assert ((planes.mask_fractions.array >= 0) & (planes.mask_fractions.array <= 1)).all()
        assert cell.aperture_correction_map
        for name, value in cell.aperture_correction_map.items():
            # They follow from the PSF, and have no error.
            assert value == 0.0 if name.endswith("Err") else 0.9 < value < 1.2, name


def test_all_that_is_taken_as_an_exposure_is_there(
    for_cells: CellCoadd, monkeypatch: pytest.MonkeyPatch
) -> None:
    legacy_cells.install(monkeypatch)
    monkeypatch.setattr(BaseField, "make_legacy_photo_calib", staticmethod(str))
    # What MaskedImage.to_legacy takes; a stand-in has its place.
    monkeypatch.setattr(MaskedImage, "to_legacy", lambda self, **_: (self.image, self.mask, self.variance))
    recorder = Recorder.of(for_cells)
    made = recorder.to_legacy()
    assert recorder.taken - {"to_legacy"} == TAKEN_AS_EXPOSURE
    assert set(made.kept) == {"Wcs", "Psf", "Filter", "PhotoCalib", "Metadata"}
    assert made.kept["PhotoCalib"] == "nJy"
    assert made.kept["Filter"] == "r"
    assert made.dtype == np.float32


def test_coadd_lies_on_its_cells(for_cells: CellCoadd) -> None:
    """A MultipleCellCoadd can be had of no other, and of no other unit."""
    assert for_cells.bbox == for_cells.bounds.bbox == for_cells.grid.bbox
    assert for_cells.unit == "nJy"


def test_planes_of_the_mask_have_names_in_afw(for_cells: CellCoadd) -> None:
    names = {plane.name for plane in get_legacy_deep_coadd_mask_planes().values()}
    used = {name for name in for_cells.mask.schema.names if for_cells.mask.get(name).any()}
    assert used <= names
    # Detection clears it before it begins.
    assert "DETECTED" in for_cells.mask.schema.names


def test_backgrounds_can_be_added(for_cells: CellCoadd) -> None:
    """Detection notes there what it takes off, and the deconvolution reads it."""
    assert for_cells.backgrounds.subtracted is None


@pytest.mark.parametrize("kind", ["linear", "detection"])
def test_noise_realizations_are_of_the_image_that_is_written(warp_inputs: WarpInputs, kind: str) -> None:
    """They have had done to them what the image had: its variance is theirs, once smoothed by its PSF."""
    options = RestoreCoaddConfig()
    options.restoration.n_noise_layers, options.restoration.keep_residual = 2, True
    made = RestoreCoaddTask(config=options).run(inputs=warp_inputs)
    config = ConvertRestoredCoaddConfig()
    config.image_kind, config.imageType = kind, "future"
    coadd = (
        ConvertRestoredCoaddTask(config=config)
        .run(restored_coadd=made.restored_coadd, restored_coadd_residual=made.restored_coadd_residual)
        .exposure
    )
    assert len(coadd.noise_realizations) == 2
    y, x = (int(np.mean([side.start, side.stop - 1])) for side in (coadd.bbox.y, coadd.bbox.x))
    kernel = coadd.psf.compute_kernel_image(x=x, y=y).array
    inner = np.s_[8:-8, 8:-8]
    for noise in coadd.noise_realizations:
        assert noise.unit == coadd.unit
        smoothed = scipy.signal.fftconvolve(noise.array, kernel, mode="same")[inner]
        said = np.sqrt(np.median(coadd.variance.array[inner]) * (kernel**2).sum())
        assert smoothed.std() == pytest.approx(said, rel=0.35)


def test_noise_without_its_residual_is_left_out(
    warp_inputs: WarpInputs, caplog: pytest.LogCaptureFixture
) -> None:
    options = RestoreCoaddConfig()
    options.restoration.n_noise_layers, options.restoration.keep_residual = 1, True
    made = RestoreCoaddTask(config=options).run(inputs=warp_inputs)
    config = ConvertRestoredCoaddConfig()
    config.imageType = "future"
    made.restored_coadd_residual._noise_realizations = ()
    coadd = (
        ConvertRestoredCoaddTask(config=config)
        .run(restored_coadd=made.restored_coadd, restored_coadd_residual=made.restored_coadd_residual)
        .exposure
    )
    assert not coadd.noise_realizations
    assert "1 noise realisations and its residual 0" in caplog.text
