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

import functools

import numpy as np
import pytest
from small_warps import BOX

from lsst.acn import Box, ExposureStack
from lsst.acn.exposures.mask_planes import DEFAULT_BAD_MASK_PLANES
from lsst.acn.exposures.row_pieces import row_pieces
from lsst.acn.records import patch_records
from lsst.acn.records.mask_propagation import PropagatedMask, propagate_mask
from lsst.acn.records.patch_records import PatchRecords
from lsst.acn.warps.reader import WarpInputs


def propagate(stack: ExposureStack, weights: np.ndarray, exact_psf: np.ndarray | None) -> PropagatedMask:
    return propagate_mask(
        stack, weights=weights, exact_psf=exact_psf, bad_mask_planes=DEFAULT_BAD_MASK_PLANES
    )


def test_strips_add_up_to_the_patch(warp_inputs: WarpInputs) -> None:
    exposures, identities = warp_inputs.exposures, warp_inputs.identities
    planes = ["REJECTED", "SAT"]
    whole, pieces = (PatchRecords(exposures, identities, propagate, planes) for _ in range(2))
    whole.add(BOX, exposures.cutout(BOX))
    for y in (120, 100):
        rows = Box(y, y + 20, BOX.x_start, BOX.x_stop)
        pieces.add(rows, exposures.cutout(rows))
    np.testing.assert_array_equal(pieces.mask.array, whole.mask.array)
    assert pieces.mask.planes == whole.mask.planes
    assert np.argwhere(whole.mask.where("NO_DATA")).tolist() == [[0, 0]]
    ours, theirs = (records.provenance() for records in (pieces, whole))
    assert (ours.inputs["visit"] == theirs.inputs["visit"]).all()
    assert list(whole.mask_fractions) == ["REJECTED", "SATURATED"]
    for name, fraction in whole.mask_fractions.items():
        np.testing.assert_array_equal(pieces.mask_fractions[name], fraction)
        assert fraction.any()
    assert sorted(ours.contributions["weight"]) == sorted(theirs.contributions["weight"])


def test_rows_that_no_strip_brings_have_no_data(warp_inputs: WarpInputs) -> None:
    records = PatchRecords(warp_inputs.exposures, warp_inputs.identities, propagate)
    rows = Box(100, 120, BOX.x_start, BOX.x_stop)
    records.add(rows, warp_inputs.exposures.cutout(rows), np.zeros(rows.shape, bool))
    assert records.mask.where("NO_DATA")[20:].all()
    assert records.mask.where("INEXACT_PSF")[:20].all()
    assert not records.mask.where("INEXACT_PSF")[20:].any()


def test_every_exposure_has_to_be_known(warp_inputs: WarpInputs) -> None:
    with pytest.raises(ValueError, match=r"visits \[10\]"):
        PatchRecords(warp_inputs.exposures, warp_inputs.identities[1:], propagate)


def test_masks_are_the_same_however_many_rows_are_looked_at_at_once(
    warp_inputs: WarpInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    exposures, exact = warp_inputs.exposures, np.random.default_rng(0).random(BOX.shape) < 0.5
    made = []
    for height in (100, 16):
        monkeypatch.setattr(patch_records, "row_pieces", functools.partial(row_pieces, height=height))
        made.append(PatchRecords(exposures, warp_inputs.identities, propagate, ["REJECTED", "SAT"]))
        made[-1].add(BOX, exposures.cutout(BOX), exact)
    whole, pieces = made
    assert whole.mask.planes == pieces.mask.planes
    np.testing.assert_array_equal(pieces.mask.array, whole.mask.array)
    for name, fraction in whole.mask_fractions.items():
        np.testing.assert_array_equal(pieces.mask_fractions[name], fraction)
