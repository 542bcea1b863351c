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

"""Patches in colour: which, on the page, and by the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from report_repository import RUN, make_report_repository

from lsst.acn.report import ReportError, write_report
from lsst.acn.report.color_patches import color_patches
from lsst.acn.report.patch_data import PatchId
from lsst.daf.butler import Butler
from lsst.daf.butler.cli.butler import cli
from lsst.daf.butler.cli.utils import LogCliRunner

STEM = "test____map-7-0-irg"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two patches in three bands, of which one lacks its coadd."""
    root = tmp_path_factory.mktemp("colors") / "repo"
    without = {("reference_coadd", 1)}
    return make_report_repository(root, count=2, side=24, bands=("g", "r", "i"), without=without)


def color_restorations(*arguments: object) -> tuple[int, str]:
    result = LogCliRunner().invoke(cli, ["color-restorations", *map(str, arguments)])
    return result.exit_code, result.output


def test_patches_are_those_with_three_bands() -> None:
    patches = [PatchId("map", 1, number, band) for number, band in [(2, "g"), (1, "g"), (1, "r"), (1, "i")]]
    (chosen,) = color_patches(patches)
    assert (chosen.patch, chosen.bands) == (1, ("i", "r", "g"))
    assert [member.band for member in chosen.members] == ["i", "r", "g"]
    assert color_patches(patches, ("g", "r", "i"))[0].bands == ("g", "r", "i")
    assert color_patches(patches, ("g", "r", "z")) == []
    with pytest.raises(ReportError, match="three different bands, not g, g, r"):
        color_patches(patches, ("g", "g", "r"))


def test_page_shows_each_patch_before_and_after(repository: str, tmp_path: Path) -> None:
    with Butler.from_config(repository) as butler:
        page = write_report(butler, RUN, tmp_path).path.read_text()
    assert '<a href="#colors">2 in colour</a>' in page
    assert page.count("<figure>") == 2
    assert page.count('alt="reference_coadd of tract 7, patch 0 in colour"') == 1
    assert 'alt="reference_coadd of tract 7, patch 1 in colour"' not in page
    assert page.count('alt="restored_coadd of tract 7, patch 1 in colour"') == 1


def test_command_writes_both_pictures_at_full_resolution(repository: str, tmp_path: Path) -> None:
    status, output = color_restorations(repository, RUN, "-o", tmp_path / "new")
    assert status == 0, output
    assert "Wrote 3 pictures." in output
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert {f"{STEM}-restored_coadd.png", f"{STEM}-reference_coadd.png"} < names
    with Image.open(tmp_path / "new" / f"{STEM}-restored_coadd.png") as picture:
        assert (picture.size, picture.mode) == ((44, 24), "RGB")


@pytest.mark.parametrize(
    ("collection", "options", "message"),
    [
        ("nowhere", [], "There is no collection 'nowhere' in the repository."),
        (RUN, ["--bands", "z", "r", "g"], "No patch of 'restored' has a restored_coadd in bands z, r, g."),
        (RUN, ["--bands", "r", "r", "g"], "A colour picture has three different bands, not r, r, g."),
        (RUN, ["--where", "band = 'r'"], "No patch of 'restored' has a restored_coadd in three bands."),
    ],
)
def test_command_says_what_is_wrong(
    repository: str, tmp_path: Path, collection: str, options: list[str], message: str
) -> None:
    status, output = color_restorations(repository, collection, "-o", tmp_path / "out", *options)
    assert status == 1
    assert f"Error: {message}" in output
    assert not (tmp_path / "out").exists()
