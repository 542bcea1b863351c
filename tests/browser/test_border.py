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


"""The border between coadd and restored image, in Chromium."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from report_repository import RUN, make_report_repository

from lsst.acn.report import write_report
from lsst.daf.butler import Butler

PULL = "divide.value = arguments[0]; divide.dispatchEvent(new Event('input'))"


def difference(first: bytes, second: bytes) -> float:
    """Return the mean difference of two pictures, of 255 levels."""
    one, other = (Image.open(io.BytesIO(picture)).convert("RGB") for picture in (first, second))
    return float(np.mean(np.abs(np.asarray(one, float) - np.asarray(other, float))))


def test_border_between_the_pictures_can_be_pulled(driver: Any, tmp_path: Path) -> None:
    repository = make_report_repository(tmp_path / "repo", count=1, side=40)
    with Butler.from_config(repository) as butler:
        write_report(butler, RUN, tmp_path / "page")
    driver.get((tmp_path / "page" / "index.html").as_uri())
    driver.find_element("css selector", ".pair").click()
    stage = driver.find_element("css selector", "#stage")
    pictures = {}
    for which in ("coadd", "restored"):
        driver.find_element("css selector", f"#show-{which}").click()
        pictures[which] = stage.screenshot_as_png
    for value, which in ((100, "coadd"), (0, "restored")):
        driver.execute_script(PULL, value)
        assert difference(stage.screenshot_as_png, pictures[which]) < 1
    driver.execute_script(PULL, 50)
    assert min(difference(stage.screenshot_as_png, picture) for picture in pictures.values()) > 1
    driver.find_element("css selector", "#show-coadd").click()
    assert stage.screenshot_as_png == pictures["coadd"]
