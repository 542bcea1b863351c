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

import pytest

from lsst.acn.exposures.mask_planes import (
    DEFAULT_BAD_MASK_PLANES,
    canonical_plane_name,
    describe_plane,
    plane_bitmask,
)
from lsst.images import (
    get_legacy_deep_coadd_mask_planes,
    get_legacy_difference_image_mask_planes,
    get_legacy_non_cell_coadd_mask_planes,
    get_legacy_template_mask_planes,
    get_legacy_visit_image_mask_planes,
)


@pytest.mark.parametrize(
    "planes",
    [
        get_legacy_deep_coadd_mask_planes(),
        get_legacy_difference_image_mask_planes(),
        get_legacy_non_cell_coadd_mask_planes(),
        get_legacy_template_mask_planes(),
        get_legacy_visit_image_mask_planes(),
    ],
)
def test_names_are_those_of_lsst_images(planes: dict) -> None:
    assert {name: canonical_plane_name(name) for name in planes} == {
        name: plane.name for name, plane in planes.items()
    }


def test_canonical_names_stay_as_they_are() -> None:
    for name in DEFAULT_BAD_MASK_PLANES:
        assert canonical_plane_name(canonical_plane_name(name)) == canonical_plane_name(name)


@pytest.mark.parametrize("wanted", [["CR", "SAT"], ["COSMIC_RAY", "SATURATED"], ["CR", "SATURATED"]])
@pytest.mark.parametrize("planes", [{"CR": 3, "SAT": 1}, {"COSMIC_RAY": 3, "SATURATED": 1}])
def test_either_form_of_a_name_gives_the_same_bits(wanted: list[str], planes: dict[str, int]) -> None:
    assert plane_bitmask(wanted, planes) == 0b1010


def test_planes_that_are_not_there_mark_nothing() -> None:
    assert plane_bitmask(["CR", "STREAK"], {"CR": 0, "BAD": 1}) == 1
    assert plane_bitmask(["STREAK"], {}) == 0


def test_naming_a_plane_twice_sets_its_bit_once() -> None:
    assert plane_bitmask(["CR", "COSMIC_RAY"], {"CR": 4}) == 16


def test_every_plane_has_a_description() -> None:
    assert describe_plane("CR") == describe_plane("COSMIC_RAY")
    assert "MY_PLANE" in describe_plane("MY_PLANE")
