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

"""The page of ``butler report-restorations`` in Chromium."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_repository import OUTLIER, RUN, make_report_repository

from lsst.acn.report import write_report
from lsst.daf.butler import Butler

WITHOUT = {("restored_coadd_metrics", 4), ("reference_coadd", 5)}
NAME = "index.html"
PATIENCE = 20.0
"""Seconds to wait for the browser, which may be short of processor time."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a page of seven patches, too large to be shown unbinned."""
    root = tmp_path_factory.mktemp("report")
    repository = make_report_repository(root / "repo", count=7, side=40, without=WITHOUT)
    with Butler.from_config(repository) as butler:
        write_report(butler, RUN, root / "page", image_size=32)
    return root / "page"


@pytest.fixture
def page(driver: Any, folder: Path) -> Any:
    """The page, fresh, with the logs of what comes before cleared."""
    for feature in ("prefers-color-scheme", "prefers-reduced-motion"):
        emulate(driver, feature, "")
    driver.get("about:blank")
    console(driver)
    requests(driver)
    driver.get((folder / NAME).as_uri())
    return driver


def emulate(driver: Any, feature: str, value: str) -> None:
    features = [{"name": feature, "value": value}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def console(driver: Any) -> list[str]:
    return [entry["message"] for entry in driver.get_log("browser")]


def network(driver: Any) -> list[dict[str, Any]]:
    return [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]


def requests(driver: Any) -> list[str]:
    return [
        message["params"]["request"]["url"]
        for message in network(driver)
        if message["method"] == "Network.requestWillBeSent"
    ]


def find(page: Any, selector: str) -> Any:
    return page.find_element("css selector", selector)


def wait(page: Any, condition: Callable[[], object]) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(page, PATIENCE, poll_frequency=0.05).until(lambda _: condition())


def press(page: Any, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(page).send_keys(*keys).perform()


def order(page: Any) -> list[int]:
    """Return the numbers of the patches that are shown, from top to bottom."""
    script = (
        "return [...document.querySelectorAll('#patches tbody tr')].filter(r => !r.hidden).map(r => r.id)"
    )
    return [int(name.split("-")[2]) for name in page.execute_script(script)]


def head(page: Any, name: str) -> Any:
    return find(page, f"#patches thead th:has(button)[data-name='{name}'] button")


def column(page: Any, name: str) -> list[float]:
    """Return the numbers of a column as they are written, NaN for a dash."""
    script = """
        const heads = [...document.querySelectorAll("#patches thead th")];
        const index = heads.findIndex((head) => head.dataset.name === arguments[0]);
        return [...document.querySelectorAll("#patches tbody tr")].map((row) => row.cells[index].innerText);
    """
    texts = [text.split("\n")[0].split("(")[0].strip("▲▼ \t") for text in page.execute_script(script, name)]
    return [math.nan if text == "–" else float(text.replace("−", "-")) for text in texts]


def open_viewer(page: Any, patch: int) -> Any:
    find(page, f"#patch-7-{patch}-r .pair").click()
    wait(page, lambda: find(page, "#viewer").get_property("open"))
    return find(page, "#stage")


def shown(page: Any) -> str:
    return str(find(page, "#stage").get_attribute("data-shown"))


def pause(page: Any) -> None:
    if find(page, "#play").get_attribute("aria-pressed") == "true":
        press(page, "a")
    assert find(page, "#play").get_attribute("aria-pressed") == "false"


def test_page_loads_without_a_word_and_without_the_network(page: Any, folder: Path) -> None:
    open_viewer(page, 0)
    assert console(page) == []
    urls = {url for url in requests(page) if not url.startswith("data:image/png;base64,")}
    assert urls == {(folder / NAME).as_uri()}


def test_every_image_loads(page: Any) -> None:
    open_viewer(page, 0)
    sizes = page.execute_script(
        "return [...document.images].filter(i => i.src).map(i => [i.complete, i.naturalWidth])"
    )
    # Two images at two sizes of six patches, one of the seventh, seven
    # plots, a bar of colours; and in the viewer, two images and a plot.
    assert len(sizes) == 6 * 4 + 2 + 7 + 1 + 3
    assert all(complete and width > 0 for complete, width in sizes)


def test_outlier_comes_first_and_is_marked(page: Any) -> None:
    assert order(page)[0] == OUTLIER
    assert find(page, f"#patch-7-{OUTLIER}-r td.above .mark").text == "▲"
    assert find(page, "th[aria-sort]").get_attribute("data-name") == "deviation"


def test_table_sorts_by_number_both_ways(page: Any) -> None:
    values = [9.7, 9.8, 9.9, 10.1, 10.2, 10.3, 40.0]
    values.remove(10.1)  # patch 4 has no numbers
    button = head(page, "sky_sigma_restored")
    button.click()
    assert column(page, "sky_sigma_restored")[:-1] == values
    assert order(page)[-1] == 4
    assert find(page, "th[aria-sort='ascending']").get_attribute("data-name") == "sky_sigma_restored"
    button.click()
    assert column(page, "sky_sigma_restored")[:-1] == values[::-1]
    assert order(page)[-1] == 4
    assert find(page, "th[aria-sort='descending']").get_attribute("data-name") == "sky_sigma_restored"


def test_table_sorts_by_the_keyboard(page: Any) -> None:
    from selenium.webdriver import Keys

    page.execute_script("arguments[0].focus()", head(page, "patch"))
    press(page, Keys.ENTER)
    assert order(page) == list(range(7))
    press(page, Keys.ENTER)
    assert order(page) == list(range(7))[::-1]


def test_rows_can_be_chosen(page: Any) -> None:
    find(page, "#only-outliers").click()
    assert order(page) == [OUTLIER]
    find(page, "#only-outliers").click()
    find(page, "#only-incomplete").click()
    assert sorted(order(page)) == [2, 4, 5]
    find(page, "#only-incomplete").click()
    find(page, "#find").send_keys("6 r")
    assert order(page) == [6]
    assert find(page, "#count").text == "1 of 7 patches"
    find(page, "#find").send_keys(" x")
    assert order(page) == []
    assert find(page, "#nothing").is_displayed()


def test_columns_can_be_chosen(page: Any) -> None:
    cells = f"#patch-7-{OUTLIER}-r td:not([hidden])"
    before = len(page.find_elements("css selector", cells))
    find(page, ".menu summary").click()
    find(page, "#all-columns").click()
    assert find(page, "th[data-name='outlier_visits']").is_displayed()
    assert len(page.find_elements("css selector", cells)) == before + 2
    find(page, "#columns input[data-column='psnr_exposures']").click()
    assert not find(page, "th[data-name='psnr_exposures']").is_displayed()
    find(page, "#first-columns").click()
    assert find(page, "th[data-name='psnr_exposures']").is_displayed()
    assert len(page.find_elements("css selector", cells)) == before


def test_blink_changes_the_picture_and_changes_it_back(page: Any) -> None:
    stage = open_viewer(page, 0)
    pause(page)
    find(page, "#show-coadd").click()
    assert find(page, "#show-coadd").get_attribute("aria-pressed") == "true"
    page.execute_script("arguments[0].focus()", stage)
    coadd = stage.screenshot_as_png
    press(page, " ")
    assert shown(page) == "restored"
    assert find(page, "#announcement").get_property("textContent") == "restored_coadd"
    restored = stage.screenshot_as_png
    assert restored != coadd
    press(page, " ")
    assert shown(page) == "coadd"
    assert stage.screenshot_as_png == coadd
    find(page, "#swap").click()
    assert shown(page) == "restored"
    stage.click()
    assert shown(page) == "coadd"


def test_blink_goes_on_by_itself_until_it_is_stopped(page: Any) -> None:
    open_viewer(page, 0)
    rate = find(page, "#rate")
    page.execute_script("arguments[0].value = 3; arguments[0].dispatchEvent(new Event('input'))", rate)
    assert find(page, "#rate-text").text == "0.33 s"
    for which in ("restored", "coadd", "restored"):
        wait(page, lambda which=which: shown(page) == which)
    pause(page)
    before = shown(page)
    changes = page.execute_async_script("""
        const done = arguments[0];
        let changes = 0;
        new MutationObserver(() => (changes += 1)).observe(stage, { attributeFilter: ["data-shown"] });
        setTimeout(() => done(changes), 800);
    """)
    assert changes == 0
    assert shown(page) == before


def test_blink_waits_where_less_motion_is_wanted(page: Any) -> None:
    emulate(page, "prefers-reduced-motion", "reduce")
    page.refresh()
    open_viewer(page, 0)
    assert find(page, "#play").get_attribute("aria-pressed") == "false"


def test_thumbnails_change_places_under_the_pointer(page: Any) -> None:
    from selenium.webdriver import ActionChains

    pair = find(page, "#patch-7-0-r .pair")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", pair)
    ActionChains(page).move_to_element(pair).perform()
    wait(page, lambda: "swapped" in pair.get_attribute("class"))
    ActionChains(page).move_to_element(find(page, "h1")).perform()
    wait(page, lambda: "swapped" not in pair.get_attribute("class"))


def test_zoom_enlarges_pixels(page: Any) -> None:
    open_viewer(page, 0)
    layers = find(page, "#layers")
    assert find(page, "#layer-coadd").value_of_css_property("image-rendering") == "pixelated"
    fitting = layers.size["width"]
    # Whole pixels of the screen to a pixel of 30 x 20.
    assert fitting % 30 == 0
    press(page, "+")
    assert layers.size["width"] > fitting
    assert layers.size["width"] % 30 == 0
    assert find(page, "#scale-bar").is_displayed()
    press(page, "0")
    assert layers.size["width"] == fitting
    find(page, "#zoom-out").click()
    assert layers.size["width"] < fitting


def test_detail_shows_other_pictures(page: Any) -> None:
    open_viewer(page, 0)
    sources = find(page, "#layer-coadd").get_property("src")
    page.execute_script(
        "const view = document.getElementById('view'); view.value = 1; view.dispatchEvent(new Event('input'))"
    )
    wait(page, lambda: find(page, "#layer-coadd").get_property("naturalWidth") == 32)
    assert find(page, "#layer-restored").get_property("naturalHeight") == 32
    assert find(page, "#layer-coadd").get_property("src") != sources


def test_viewer_walks_along_the_table_and_gives_the_focus_back(page: Any) -> None:
    from selenium.webdriver import Keys

    head(page, "patch").click()
    open_viewer(page, 0)
    assert not find(page, "#previous").is_enabled()
    for _ in range(2):
        press(page, "n")
    assert find(page, "#viewer-title").text == "Tract 7, patch 2, band r"
    assert page.current_url.endswith("#patch-7-2-r")
    press(page, "p")
    assert find(page, "#viewer-title").text == "Tract 7, patch 1, band r"
    press(page, Keys.ESCAPE)
    wait(page, lambda: not find(page, "#viewer").get_property("open"))
    # The viewer tells that it has closed a moment after it has.
    focused = "return document.activeElement.closest('tr')?.id"
    wait(page, lambda: page.execute_script(focused) == "patch-7-1-r")
    press(page, Keys.ENTER)
    wait(page, lambda: find(page, "#viewer").get_property("open"))


def test_viewer_shows_numbers_plot_and_notes(page: Any) -> None:
    open_viewer(page, 2)
    text = find(page, "#viewer .right").text
    assert "PSNR to exposures" in text
    assert "dB" in text
    assert "There is no value of “Flux, restored over coadd”" in text
    assert "18, 19, –" in text
    cells = page.find_elements("css selector", "#viewer .series [role=cell]")
    assert [cell.text for cell in cells] == ["21.5", "7"]
    # The cells of a row are side by side.
    assert cells[0].rect["y"] == cells[1].rect["y"] < cells[0].rect["y"] + cells[0].rect["height"]
    assert cells[0].rect["x"] < cells[1].rect["x"]
    assert find(page, "#viewer-plot img").get_property("naturalWidth") == 100


def test_patch_with_one_image_cannot_blink(page: Any) -> None:
    open_viewer(page, 5)
    assert shown(page) == "restored"
    for name in ("#swap", "#play", "#show-coadd"):
        assert not find(page, name).is_enabled()
    press(page, " ")
    assert shown(page) == "restored"
    assert "There is no reference_coadd." in find(page, "#viewer-notes").text
    assert console(page) == []


def test_address_of_a_patch_opens_it(page: Any, folder: Path) -> None:
    page.get("about:blank")
    page.get(f"{(folder / NAME).as_uri()}#patch-7-6-r")
    wait(page, lambda: find(page, "#viewer").get_property("open"))
    assert find(page, "#viewer-title").text == "Tract 7, patch 6, band r"


def test_page_is_light_or_dark_as_the_reader_likes(page: Any) -> None:
    def brightness() -> float:
        color = find(page, "body").value_of_css_property("background-color")
        return sum(float(value) for value in color[color.index("(") + 1 : -1].split(",")[:3])

    emulate(page, "prefers-color-scheme", "light")
    light = brightness()
    emulate(page, "prefers-color-scheme", "dark")
    assert brightness() < 150 < 600 < light


def test_policy_stops_a_request_that_these_tests_would_see(page: Any) -> None:
    url = "http://127.0.0.1:9/picture.png"
    page.execute_script("document.body.append(new Image()); document.body.lastChild.src = arguments[0]", url)
    wait(page, lambda: any("Content Security Policy" in message for message in console(page)))
    messages = network(page)
    asked = {
        message["params"]["requestId"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent" and message["params"]["request"]["url"] == url
    }
    stopped = {
        message["params"]["requestId"]
        for message in messages
        if message["method"] == "Network.loadingFailed" and message["params"].get("blockedReason") == "csp"
    }
    assert asked
    assert asked <= stopped
