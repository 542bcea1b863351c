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

"""The rows of the page, the most unusual patch first."""

from __future__ import annotations

__all__ = ("PatchRows",)

import itertools
import os
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .blink_views import blink_views
from .cells import column_decimals, number_cell, score_cell, several_values
from .collect import CollectionReader
from .color_patches import color_patches, draw_patch
from .number_series import NumberSeries, collect_series
from .numbers import scalar_columns
from .outliers import MIN_PATCHES, conspicuously_missing, deviations, outlier_order, outlier_score
from .page import PageColor, PageHead, PageRow
from .patch_data import PatchId, PatchNumbers
from .thumbnails import data_uri, shrink_plot

if TYPE_CHECKING:
    from lsst.resources import ResourcePath

HEADLINES = (
    "sharpness_change",
    "sky_sigma_change",
    "psnr_exposures",
    "psnr_coadd",
    "flux_ratio",
    "residual_source_rms",
    "held_out_excess",
    "held_out_excess_coadd",
    "n_outlier_visits",
    "n_warned_visits",
)
"""Columns of numbers that are shown until more are asked for."""

N_SHOWN = 8
"""How many of the columns are shown in place of these if there are none."""

SKY_CHANGE, FLAT_SKY = "sky_sigma_change", -90.0
"""Column, and the per cent from which its meaning has to be told."""

LINKED_SCHEMES = ("http", "https", "s3", "gs")


class PatchRows:
    """Read all numbers, compare them, and then read patch by patch.

    Parameters
    ----------
    reader : `CollectionReader`
        The patches.
    folder : `pathlib.Path`
        Folder of the page, from which files are linked.
    threshold : `float`
        Deviation from which a number stands out.
    image_size, plot_width : `int`
        Largest side of a picture, and largest width of a plot, in pixels.
    """

    def __init__(
        self, reader: CollectionReader, folder: Path, *, threshold: float, image_size: int, plot_width: int
    ) -> None:
        self._reader, self._folder, self._threshold = reader, folder, threshold
        self._image_size, self._plot_width = image_size, plot_width
        self._patches = reader.patches
        self._numbers = [reader.read_numbers(patch) for patch in self._patches]
        self._columns = scalar_columns([each.numbers for each in self._numbers])
        self._values = self._collect_values()
        bands = [patch.band for patch in self._patches]
        self._deviation = deviations(self._values, bands)
        self._missing = conspicuously_missing(self._values, bands)
        self._score = outlier_score(self._deviation)
        self._decimals = [column_decimals(values) for values in self._values.T]
        self._colored = color_patches(self._patches)

    def _collect_values(self) -> np.ndarray:
        values = np.full((len(self._patches), len(self._columns)), np.nan)
        for row, each in enumerate(self._numbers):
            for index, column in enumerate(self._columns):
                if column.is_numeric and column.name in each.numbers:
                    values[row, index] = each.numbers[column.name].as_float
        return values

    @property
    def head(self) -> PageHead:
        """What the page says of all patches together (`PageHead`)."""
        stands_out = (np.abs(self._deviation) >= self._threshold).any(axis=0)
        bands, names = [patch.band for patch in self._patches], [column.name for column in self._columns]
        return PageHead(
            collection=self._reader.collection,
            coadd=self._reader.coadd,
            columns=tuple(self._columns),
            shown=frozenset(self._headlines() | set(itertools.compress(names, stands_out))),
            patches=tuple(self._patches),
            n_outliers=int(np.count_nonzero(self._score >= self._threshold)),
            threshold=self._threshold,
            min_patches=MIN_PATCHES,
            judged_bands=tuple(band for band in sorted(set(bands)) if bands.count(band) >= MIN_PATCHES),
            n_colored=len(self._colored),
            has_flat_sky=self._has_flat_sky(),
        )

    def _has_flat_sky(self) -> bool:
        index = {column.name: index for index, column in enumerate(self._columns)}.get(SKY_CHANGE)
        return index is not None and bool(np.any(self._values[:, index] < FLAT_SKY))

    def _headlines(self) -> set[str]:
        """Return the columns to show first, of those that say anything."""
        is_known = np.isfinite(self._values).any(axis=0)
        names = [
            column.name
            for column, known in zip(self._columns, is_known, strict=True)
            if known or not column.is_numeric
        ]
        return set(names).intersection(HEADLINES) or set(names[:N_SHOWN])

    def read(self, *, with_plots: bool) -> Iterator[PageRow]:
        """Read the patches one by one.

        Parameters
        ----------
        with_plots : `bool`
            Whether to read the plots as well.

        Yields
        ------
        row : `PageRow`
            The most unusual patch, then the others.
        """
        anchors = _anchors(self._patches)
        for index in outlier_order(self._score):
            patch, numbers = self._patches[index], self._numbers[index]
            images = self._reader.read_images(patch)
            plot, problem = self._plot(patch) if with_plots else ("", "")
            problems = [*numbers.problems, *self._missing_numbers(index), *images.problems, problem]
            yield PageRow(
                anchor=anchors[patch],
                patch=patch,
                score=score_cell(
                    self._deviation[index], [each.heading for each in self._columns], self._threshold
                ),
                cells=tuple(
                    number_cell(numbers.numbers.get(column.name), decimals, deviation, self._threshold)
                    for column, decimals, deviation in zip(
                        self._columns, self._decimals, self._deviation[index], strict=True
                    )
                ),
                more=_more(numbers, series := collect_series(numbers.numbers)),
                series=series,
                pictures=blink_views(images, self._image_size),
                unit=images.unit,
                pixel_scale=images.pixel_scale,
                plot=plot,
                links=tuple(
                    (name, address)
                    for name, uri in self._reader.files(patch).items()
                    if (address := _address(uri, self._folder))
                ),
                problems=tuple(filter(None, problems)),
            )

    def read_colors(self) -> Iterator[PageColor]:
        """Draw the patches that have three bands, one by one.

        Yields
        ------
        color : `PageColor`
            In the order of tract and patch, without those whose images do not
            go together.
        """
        for patch in self._colored:
            pictures = draw_patch(self._reader, patch, self._image_size)
            coadd, restored = (
                "" if png is None else data_uri(png) for png in (pictures.coadd, pictures.restored)
            )
            if coadd or restored:
                height, width = pictures.shape
                yield PageColor(str(patch), patch.bands, width, height, coadd, restored)

    def _missing_numbers(self, index: int) -> list[str]:
        names = [f"“{column.heading}”" for column in self._columns if column.is_numeric]
        is_numeric = [column.is_numeric for column in self._columns]
        missing = list(itertools.compress(names, self._missing[index, is_numeric]))
        if not missing or not self._numbers[index].numbers:
            return []
        return [f"There is no value of {', '.join(missing)}, which most patches have."]

    def _plot(self, patch: PatchId) -> tuple[str, str]:
        content, problem = self._reader.read_plot(patch)
        if content is None:
            return "", problem
        try:
            return data_uri(shrink_plot(content, self._plot_width)), ""
        except ValueError as error:
            return "", f"The plot cannot be shown: {error}"


def _anchors(patches: Sequence[PatchId]) -> dict[PatchId, str]:
    """Return an identifier of each patch that an address can hold."""
    several = len({patch.skymap for patch in patches}) > 1
    result: dict[PatchId, str] = {}
    for patch in patches:
        parts = [*([patch.skymap] if several else []), str(patch.tract), str(patch.patch), patch.band]
        anchor = "-".join(["patch", *(re.sub(r"[^A-Za-z0-9_.]", "_", part) for part in parts)])
        while anchor in result.values():
            anchor += "_"
        result[patch] = anchor
    return result


def _more(numbers: PatchNumbers, series: Sequence[NumberSeries]) -> tuple[tuple[str, str, str, str], ...]:
    """Return the numbers that fit neither into a cell nor into a series."""
    in_series = {name for each in series for name in each.members}
    return tuple(
        (number.column.heading, number.column.unit, number.column.explanation, several_values(number.value))
        for name, number in numbers.numbers.items()
        if isinstance(number.value, tuple) and name not in in_series
    )


def _address(uri: ResourcePath, folder: Path) -> str:
    """Return the address of a file as seen from the page, or nothing."""
    if uri.isLocal:
        path = Path(os.path.relpath(os.path.realpath(uri.ospath), folder.resolve()))
        return urllib.parse.quote(path.as_posix())
    if uri.scheme in LINKED_SCHEMES and not uri.query:
        return uri.geturl()
    return ""
