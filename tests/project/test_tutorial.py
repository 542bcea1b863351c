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
"""The tutorial: its text is the program that runs here."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_libraries import needs_keras

pytestmark = needs_keras

DOC = Path(__file__).parents[2] / "doc"
PAGE = DOC / "lsst.acn" / "tutorial.rst"


@pytest.fixture(scope="module")
def page_code() -> Any:
    """The module of the documentation that runs pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOC))
        yield importlib.import_module("page_code")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkout")


@pytest.fixture(scope="module")
def names(page_code: Any, folder: Path) -> dict[str, Any]:
    """What a reader has in the session at the end of the tutorial."""
    return page_code.run_page(PAGE, folder)


def test_every_block_of_code_is_run(page_code: Any) -> None:
    text = PAGE.read_text()
    blocks = page_code.code_blocks(PAGE)
    assert len(blocks) == text.count(".. code-block::") > 10
    assert {language for language, _ in blocks} == {"python", "sh"}
    assert sum(code.count("pipetask run") for _, code in blocks) == 1


def test_butler_has_the_coadds_with_their_psfs(names: dict[str, Any]) -> None:
    coadds = names["coadds"]
    assert [coadd.image.array.shape for coadd in coadds.values()] == [(144, 144)] * 2
    assert names["metrics"]["psf_fwhm_restored"][0] == pytest.approx(2.5 * 0.168, rel=0.02)
    assert names["metrics"]["psf_fwhm_coadd"][0] > 0.55
    assert names["metrics"]["n_exposures"][0] == 8


def test_sources_of_the_sky_are_found_in_both_images(names: dict[str, Any]) -> None:
    truth = names["truth"]
    for catalog in names["catalogs"].values():
        assert np.mean(catalog["is_real"]) > 0.7
        bright = truth["mag"][catalog["source"]] < 22
        assert np.count_nonzero(bright & catalog["is_real"]) >= 4
    for share in names["completeness"].values():
        assert ((share >= 0) & (share <= 1)).all()
        assert share[:2].mean() > 0.7


def test_fluxes_of_isolated_stars_are_right(names: dict[str, Any]) -> None:
    truth = names["truth"]
    for catalog in names["catalogs"].values():
        star = catalog[catalog["is_star"]]
        difference = star["mag"] - truth["mag"][star["source"]]
        assert abs(np.median(difference[truth["mag"][star["source"]] < 24])) < 0.15


def test_plot_and_report_are_there(names: dict[str, Any], folder: Path) -> None:
    assert (folder / "tutorial" / "science.png").read_bytes().startswith(b"\x89PNG")
    assert "restored_coadd" in (folder / "tutorial" / "report" / "index.html").read_text()


def test_picture_of_the_guide_is_there_and_small() -> None:
    picture = DOC / "images" / "tutorial-science.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 300_000
