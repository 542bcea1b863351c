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

import base64
import hashlib
import html
import re
import shutil
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_repository import OUTLIER, RUN, SKYMAP, make_report_repository

from lsst.acn.report import ReportError, write_report
from lsst.acn.report.collect import CollectionReader
from lsst.daf.butler import Butler, DatasetType
from lsst.daf.butler.cli.butler import cli
from lsst.daf.butler.cli.utils import LogCliRunner

WITHOUT = {("restored_coadd_plot", 1), ("restored_coadd_metrics", 4), ("reference_coadd", 5)}
IN_SKYMAP = f"skymap = '{SKYMAP}' AND tract = 7"
VOID = {"meta", "link", "img", "input", "wbr"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Seven patches, three of which lack a dataset, and one an outlier."""
    return make_report_repository(
        tmp_path_factory.mktemp("report") / "repo", count=7, side=24, without=WITHOUT
    )


@pytest.fixture(scope="module")
def page(repository: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of all patches."""
    return report(repository, tmp_path_factory.mktemp("page"))


def report(repository: str, folder: Path, **options: object) -> str:
    with Butler.from_config(repository) as butler:
        return write_report(butler, RUN, folder, **options).path.read_text()


def report_restorations(*arguments: object) -> tuple[int, str]:
    result = LogCliRunner().invoke(cli, ["report-restorations", *map(str, arguments)])
    return result.exit_code, result.output


def rows(page: str) -> dict[int, str]:
    """Return the rows of the table by patch, in the order of the page."""
    return {
        int(number): row for number, row in re.findall(r'<tr id="patch-7-(\d)-r"(.*?)</tr>', page, re.DOTALL)
    }


class BalanceChecker(HTMLParser):
    """Check that every element is closed, and collect attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def parsed(page: str) -> BalanceChecker:
    checker = BalanceChecker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def test_every_patch_has_a_row_and_the_outlier_comes_first(page: str) -> None:
    # The patch without numbers has no score, and comes last.
    assert list(rows(page))[0] == OUTLIER
    assert list(rows(page))[-1] == 4
    assert sorted(rows(page)) == list(range(7))
    assert "data-outlier" in rows(page)[OUTLIER]
    assert page.count("data-outlier>") + page.count("data-outlier data") == 1


def test_outlier_is_marked_by_more_than_colour(page: str) -> None:
    (cell,) = re.findall(r'<td class="number above" data-value="40.0".*?</td>', rows(page)[OUTLIER])
    assert "▲" in cell
    assert "robust σ above the median of its band" in cell
    assert "40.00" in cell


@pytest.mark.parametrize(
    ("number", "note"),
    [
        (1, "There is no restored_coadd_plot."),
        (2, "There is no value of “Flux, restored over coadd”, which most patches have."),
        (4, "There is no restored_coadd_metrics."),
        (5, "There is no reference_coadd."),
    ],
)
def test_patch_says_what_it_lacks(page: str, number: int, note: str) -> None:
    assert f'<td class="notes"><p>{note}</p></td>' in rows(page)[number]
    assert "data-incomplete" in rows(page)[number]
    assert '<img class="restored"' in rows(page)[number]


def test_complete_patch_has_no_notes(page: str) -> None:
    assert '<td class="notes"></td>' in rows(page)[0]
    assert "data-incomplete" not in rows(page)[0]
    assert rows(page)[0].count("<img ") == 3


def test_names_and_descriptions_from_the_data_are_escaped(page: str, parsed: BalanceChecker) -> None:
    assert SKYMAP not in page
    assert SKYMAP in parsed.texts
    assert "<b>from coadd</b>" not in page
    title = "sky_sigma_change: Change of the background noise <b>from coadd</b>."
    assert ("button", "title", title) in parsed.attributes


def test_numbers_have_units_and_several_values_stay_out_of_the_table(page: str) -> None:
    assert re.search(r'Sky noise, change, not of depth.*?<span class="unit">%</span></button>', page)
    assert 'data-column="flux_ratio_magnitude"' not in page
    assert "<dd>18, 19, –</dd>" in rows(page)[0]
    assert 'role="table" aria-label="Bin" hidden' in rows(page)[0]
    assert '<div role="row"><span role="cell">21.5</span><span role="cell">7</span></div>' in rows(page)[0]
    assert "20.5" not in rows(page)[0]


def test_page_refers_to_nothing_outside_but_the_files_that_it_links(
    parsed: BalanceChecker, repository: str
) -> None:
    sources = [value for _, name, value in parsed.attributes if name in ("src", "action", "srcset", "data")]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    links = [value for tag, name, value in parsed.attributes if (tag, name) == ("a", "href")]
    outside = [link for link in links if not link.startswith("#patch-7-")]
    assert len(outside) == 7 * 4 - len(WITHOUT)
    assert not any(re.match(r"[a-z]+:", link) for link in outside)


def test_links_lead_to_the_files_from_wherever_the_page_is(repository: str, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    links = [
        html.unescape(link) for link in re.findall(r'<a href="([^"#]*)" rel', report(repository, folder))
    ]
    assert len(links) == 7 * 4 - len(WITHOUT)
    assert all((folder / urllib.parse.unquote(link)).is_file() for link in links)


def test_policy_allows_the_page_its_own_code_alone(parsed: BalanceChecker, page: str) -> None:
    (policy,) = (
        value for _, name, value in parsed.attributes if name == "content" and "default-src" in value
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        texts = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert rules[rule] == " ".join(f"'sha256-{digest}'" for digest in digests)
    assert not [value for _, name, value in parsed.attributes if name == "style" or name.startswith("on")]


def test_page_is_the_same_every_time(repository: str, page: str, tmp_path: Path) -> None:
    first = report(repository, tmp_path / "same")
    assert report(repository, tmp_path / "same") == first
    unlinked = [re.sub(r'<a href="[^#][^"]*"', "", text) for text in (first, page)]
    assert unlinked[0] == unlinked[1]


def test_size_of_pictures_is_bounded_and_plots_can_be_left_out(
    repository: str, page: str, tmp_path: Path
) -> None:
    small = report(repository, tmp_path / "small", image_size=16, with_plots=False)
    assert '<img class="plot"' not in small
    assert "There is no restored_coadd_plot." not in small
    assert set(re.findall(r'class="restored" src="[^"]*" width="(\d+)"', small)) == {"15"}
    assert "Detail at full resolution" in small
    assert '<img class="plot"' in page


def test_expression_selects_patches(repository: str, tmp_path: Path) -> None:
    page = report(repository, tmp_path, where=f"{IN_SKYMAP} AND patch < 2 AND band = 'r'")
    assert list(rows(page)) == [0, 1]
    assert "With fewer than 5 patches" in page


def test_damaged_files_cost_a_note_and_no_more(repository: str, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(repository, root)
    with Butler.from_config(str(root)) as butler:
        reader = CollectionReader(butler, RUN)
        (broken,) = (patch for patch in reader.patches if patch.patch == 0)
        for uri in reader.files(broken).values():
            Path(uri.ospath).write_bytes(b"nothing of use")
    row = rows(report(str(root), tmp_path / "out"))[0]
    for name in ("restored_coadd", "reference_coadd", "restored_coadd_metrics"):
        assert f"<p>{name} cannot be read: " in row
    assert "The plot cannot be shown: it is not a PNG file." in row
    assert "<img" not in row


def test_repository_without_metrics_and_plots(tmp_path: Path) -> None:
    names = ("restored_coadd_metrics", "restored_coadd_plot", "reference_coadd")
    repository = make_report_repository(
        tmp_path / "repo", count=1, side=24, without={(name, 0) for name in names}
    )
    page = report(repository, tmp_path / "out")
    assert "No patch has numbers" in page
    assert [name in rows(page)[0] for name in names] == [True] * 3


def test_command_says_what_it_wrote(repository: str, tmp_path: Path) -> None:
    status, output = report_restorations(repository, RUN, "-o", tmp_path / "new" / "folder", "--no-plots")
    assert status == 0, output
    path = tmp_path / "new" / "folder" / "index.html"
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    assert f"Wrote {path}: 7 patches, 1 of them unlike the others, 3 incomplete; {size}." in output
    assert [each.name for each in path.parent.iterdir()] == ["index.html"]
    assert '<img class="plot"' not in path.read_text()


def test_threshold_of_the_command_reaches_the_page(repository: str, tmp_path: Path) -> None:
    status, output = report_restorations(repository, RUN, "-o", tmp_path, "--threshold", "1e6")
    assert status == 0, output
    assert "data-outlier>" not in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize(
    ("collection", "options", "message"),
    [
        ("nowhere", [], "There is no collection 'nowhere' in the repository."),
        ("empty", [], "Collection 'empty' has no restored_coadd."),
        (
            RUN,
            ["--where", f"{IN_SKYMAP} AND patch = 99"],
            f"has no restored_coadd where {IN_SKYMAP} AND patch",
        ),
        (RUN, ["--where", "patch ="], "Cannot select patches where patch =:"),
        (RUN, ["--coadd", "simple"], "simple is not of a patch and band"),
    ],
)
def test_command_says_what_is_wrong(
    repository: str, tmp_path: Path, collection: str, options: list[str], message: str
) -> None:
    with Butler.from_config(repository, writeable=True) as butler:
        butler.collections.register("empty")
        simple = DatasetType(
            "simple", ("skymap",), storageClass="StructuredDataDict", universe=butler.dimensions
        )
        butler.registry.registerDatasetType(simple)
        if not butler.query_datasets(simple, collections=RUN, explain=False):
            butler.put({"a": 1}, simple, skymap=SKYMAP, run=RUN)
    status, output = report_restorations(repository, collection, "-o", tmp_path / "out", *options)
    assert status == 1
    assert f"Error: {message}" in output or message in output
    assert "Traceback" not in output
    assert not (tmp_path / "out").exists()


def test_repository_that_is_not_there(tmp_path: Path) -> None:
    status, output = report_restorations(tmp_path / "repo", RUN, "-o", tmp_path / "out")
    assert status == 1
    assert f"There is no Butler repository {tmp_path / 'repo'}." in output


def test_folder_that_cannot_be_made(repository: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, output = report_restorations(repository, RUN, "-o", tmp_path / "file" / "out")
    assert status == 1
    assert f"Cannot write to {tmp_path / 'file' / 'out'}: Not a directory." in output


def test_folder_that_cannot_be_written_to(
    repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, and tests may run as root.
    usual = Path.open

    def refuse(path: Path, *arguments: object, **options: object) -> object:
        if path.parent == tmp_path:
            raise PermissionError(13, "Permission denied")
        return usual(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ReportError) as caught:
        report(repository, tmp_path)
    assert str(caught.value) == f"Cannot write to {tmp_path}: Permission denied."


def test_page_that_is_there_outlives_a_failure(
    repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = report(repository, tmp_path)

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lsst.acn.report.report_writer.render_page", fail)
    with pytest.raises(ReportError, match="No space left on device"):
        report(repository, tmp_path)
    assert (tmp_path / "index.html").read_text() == old
    assert [each.name for each in tmp_path.iterdir()] == ["index.html"]
