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

"""The page on a phone, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_repository import OUTLIER, RUN, make_report_repository

from lsst.acn.report import write_report
from lsst.daf.butler import Butler

WIDTH = 400
EMULATE, LEAVE = "Emulation.setDeviceMetricsOverride", "Emulation.clearDeviceMetricsOverride"


@pytest.fixture
def page(driver: Any, tmp_path: Path) -> Iterator[Any]:
    """A page of five patches, on a screen that is 400 pixels wide."""
    repository = make_report_repository(tmp_path / "repo", count=5, side=24)
    with Butler.from_config(repository) as butler:
        write_report(butler, RUN, tmp_path / "page")
    metrics = {"width": WIDTH, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd(EMULATE, metrics)
    driver.get((tmp_path / "page" / "index.html").as_uri())
    yield driver
    driver.execute_cdp_cmd(LEAVE, {})


def first_row(page: Any) -> Any:
    return page.find_element("css selector", "#patches tbody tr")


def test_nothing_is_wider_than_the_screen(page: Any) -> None:
    widths = "return [document.documentElement.scrollWidth, document.querySelector('main').scrollWidth]"
    assert max(page.execute_script(widths)) <= WIDTH
    cells = first_row(page).find_elements("css selector", "td, th")
    shown = [cell.rect for cell in cells if cell.is_displayed()]
    assert len(shown) > 8
    assert all(rect["x"] >= 0 and rect["x"] + rect["width"] <= WIDTH for rect in shown)


def test_every_number_says_what_it_is(page: Any) -> None:
    script = "return getComputedStyle(arguments[0], '::before').content"
    cells = first_row(page).find_elements("css selector", "td.number, td.text")
    said = [page.execute_script(script, cell) for cell in cells if cell.is_displayed()]
    assert '"Sky noise, restored [nJy]"' in said
    assert "none" not in said


def test_rows_can_be_sorted_without_heads(page: Any) -> None:
    from selenium.webdriver.support.select import Select

    assert first_row(page).get_attribute("id") == f"patch-7-{OUTLIER}-r"
    Select(page.find_element("css selector", "#sort")).select_by_value("patch descending")
    assert first_row(page).get_attribute("id") == "patch-7-4-r"
