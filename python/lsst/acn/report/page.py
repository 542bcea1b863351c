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

"""The page itself: one HTML file that needs nothing else."""

from __future__ import annotations

__all__ = ("PageColor", "PageHead", "PageRow", "render_page")

import base64
import dataclasses
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .blink_views import PatchPictures
from .cells import Cell
from .number_series import NumberSeries
from .numbers import NumberColumn
from .patch_data import PatchId
from .thumbnails import data_uri, draw_scale

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = files(__package__) / "templates"


@dataclasses.dataclass(frozen=True)
class PageHead:
    """What the page says of all patches together.

    Parameters
    ----------
    collection, coadd : `str`
        Names of the collection, and of the dataset type that restored coadds
        are compared with.
    columns : `tuple` [`NumberColumn`]
        Columns of numbers.
    shown : `frozenset` [`str`]
        Names of the columns that are shown from the start.
    patches : `tuple` [`PatchId`]
        All patches.
    n_outliers : `int`
        Number of patches in which a number stands out.
    threshold : `float`
        Deviation from which a number stands out.
    min_patches : `int`
        Number of patches of a band below which none does.
    judged_bands : `tuple` [`str`]
        Bands with enough patches.
    n_colored : `int`, optional
        Number of patches that are shown in colour.
    has_flat_sky : `bool`, optional
        Whether a patch has next to no noise in its restored sky.
    """

    collection: str
    coadd: str
    columns: tuple[NumberColumn, ...]
    shown: frozenset[str]
    patches: tuple[PatchId, ...]
    n_outliers: int
    threshold: float
    min_patches: int
    judged_bands: tuple[str, ...]
    n_colored: int = 0
    has_flat_sky: bool = False

    @property
    def skymaps(self) -> list[str]:
        """Names of all skymaps (`list` [`str`])."""
        return sorted({patch.skymap for patch in self.patches})

    @property
    def bands(self) -> list[str]:
        """Names of all bands (`list` [`str`])."""
        return sorted({patch.band for patch in self.patches})


@dataclasses.dataclass(frozen=True)
class PageRow:
    """One patch of the page.

    Parameters
    ----------
    anchor : `str`
        Identifier of the row within the page.
    patch : `PatchId`
        The patch.
    score : `Cell`
        By how much it is unlike the others.
    cells : `tuple` [`Cell`]
        Numbers, in the order of the columns.
    more : `tuple` [`tuple`]
        Heading, unit, explanation and text of numbers with several values.
    series : `tuple` [`NumberSeries`]
        Numbers with several values that belong together.
    pictures : `PatchPictures`
        Pictures of the patch.
    unit : `str`
        Unit of the pixels.
    pixel_scale : `float` or `None`
        Side of a pixel in arcseconds.
    plot : `str`
        Plot as a data URI, empty if there is none.
    links : `tuple` [`tuple` [`str`, `str`]]
        Dataset types and addresses of their files.
    problems : `tuple` [`str`]
        What is missing or damaged, in words.
    """

    anchor: str
    patch: PatchId
    score: Cell
    cells: tuple[Cell, ...]
    more: tuple[tuple[str, str, str, str], ...]
    series: tuple[NumberSeries, ...]
    pictures: PatchPictures
    unit: str
    pixel_scale: float | None
    plot: str
    links: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]

    @property
    def is_outlier(self) -> bool:
        """Whether a number of the patch stands out (`bool`)."""
        return bool(self.score.mark)


@dataclasses.dataclass(frozen=True)
class PageColor:
    """One patch in colour.

    Parameters
    ----------
    name : `str`
        The patch, in words.
    bands : `tuple` [`str`, `str`, `str`]
        Bands that are red, green and blue.
    width, height : `int`
        Size of the pictures in their own pixels.
    coadd, restored : `str`
        Pictures as data URIs, empty if there is no such image.
    """

    name: str
    bands: tuple[str, str, str]
    width: int
    height: int
    coadd: str
    restored: str


def render_page(head: PageHead, rows: Iterable[PageRow], colors: Iterable[PageColor] = ()) -> Iterator[str]:
    """Yield the page piece by piece.

    Parameters
    ----------
    head : `PageHead`
        What to say of all patches.
    rows : `~collections.abc.Iterable` [`PageRow`]
        The patches, taken one by one, so that their pictures need not be in
        memory together.
    colors : `~collections.abc.Iterable` [`PageColor`], optional
        Those that are shown in colour, in the same way.

    Yields
    ------
    text : `str`
        HTML, in which everything that comes from the data is escaped.
    """
    style, scripts = _text("page.css"), [_text("table.js"), _text("viewer.js")]
    yield from (
        _environment()
        .get_template("page.html")
        .generate(
            head=head,
            rows=rows,
            colors=colors,
            style=style,
            scripts=scripts,
            style_hash=_hash(style),
            script_hashes=" ".join(map(_hash, scripts)),
            color_bar=data_uri(draw_scale()),
        )
    )


@cache
def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sig"] = lambda value: f"{value:.3g}"
    environment.filters["brief"] = lambda value: f"{float(f'{value:.3g}'):g}".replace("-", "−")
    return environment


def _hash(text: str) -> str:
    """Return what lets a browser run this very text, and no other."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
