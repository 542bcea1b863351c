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

"""The benchmark of deblending: its footprints, its peaks and its tables."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.deblending import deblending
from benchmarks.deblending.blend_scores import BlendScore
from benchmarks.deblending.fields import crowded_fields, globular_field
from benchmarks.deblending.footprints import find_blends, find_peaks, smooth
from benchmarks.deblending.images import PICTURE, RUBIN, TRUTH, read_field
from benchmarks.deblending.results import ResultStore
from benchmarks.deblending.tables import format_deblending
from benchmarks.scoreboard.fields import FIELDS, BenchmarkField
from benchmarks.scoreboard.matching import Positions
from lsst.acn.simulation import SimulationConfig, simulate_field

SHAPE = (40, 60)
NOWHERE = Positions(np.empty(0), np.empty(0))
EVERYWHERE = np.ones(SHAPE, bool)


def stars(*places: tuple[float, float], height: float = 50.0) -> np.ndarray:
    """Return stars as scarlet's models have them."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return sum(
        height * np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / 0.85**2) for y, x in places
    ) + np.zeros(SHAPE)


def test_noise_is_taken_off_and_stars_stay() -> None:
    noise = np.random.default_rng(3).normal(size=SHAPE)
    assert np.count_nonzero(smooth(noise)) < 0.1 * noise.size
    assert smooth(stars((20, 30)))[20, 30] == pytest.approx(50.0 * 0.25, rel=0.15)


def test_stars_apart_are_two_blends_and_near_ones_one() -> None:
    apart = find_blends(stars((20, 15), (20, 45)), NOWHERE, EVERYWHERE)
    assert len(apart.areas) == 2
    assert apart.areas[0] == apart.areas[1]
    near = find_blends(stars((20, 27), (20, 33)), NOWHERE, EVERYWHERE)
    assert len(near.areas) == 1
    assert near.largest > apart.largest


def test_detections_have_a_footprint_however_faint() -> None:
    blends = find_blends(np.zeros(SHAPE), Positions(np.array([9.0]), np.array([50.0])), EVERYWHERE)
    # A disc of two pixels around it.
    assert blends.areas.tolist() == [13]
    assert blends.labels[9, 50] == 1


def test_footprints_do_not_leave_those_of_detection() -> None:
    allowed = EVERYWHERE.copy()
    allowed[:, 30:] = False
    blends = find_blends(stars((20, 30)), NOWHERE, allowed)
    assert not blends.labels[:, 30:].any()
    assert blends.largest


def test_of_peaks_that_are_near_the_brighter_is_kept() -> None:
    image = stars((20, 20), height=40.0) + stars((20, 23), height=60.0) + stars((10, 50))
    assert [(int(y), int(x)) for y, x in zip(*find_peaks(image, 5.0), strict=True)] == [(20, 23), (10, 50)]
    assert len(find_peaks(image, 55.0).y) == 1
    assert len(find_peaks(np.zeros(SHAPE), -1.0).y) == 0


def test_detections_are_inside_their_footprints() -> None:
    field = read_field(simulate_field(SimulationConfig(seed=3, visits=3, psf_size=21)).stack)
    assert field.allowed[field.peaks.y.astype(int), field.peaks.x.astype(int)].all()
    assert 0 < field.allowed.mean() < 1


def made_up_scores() -> dict[str, BlendScore]:
    return {
        RUBIN: BlendScore(24.0, 10, 5, np.array([100, 20])),
        PICTURE: BlendScore(math.nan, 9, 1, np.array([25, 20, 20])),
        TRUTH: BlendScore(25.0, 9, 0, np.array([30])),
    }


def test_page_compares_with_rubin() -> None:
    (field,) = crowded_fields(1)
    lines = format_deblending({field: made_up_scores()}, {field.name: "it.png"}).splitlines()
    assert "| Rubin's deconvolution | 24.00 | 10 / 5 | 2 | 100 (1.00) | 60 |" in lines
    assert "| picture | – | 9 / 1 | 3 | 25 (0.25) | 20 |" in lines
    assert "| 1: crowded | – | 0.25 | 0.30 | 1 / 5 |" in lines
    assert "![Footprints on 1: crowded](it.png)" in lines


def test_fields_are_nobody_elses() -> None:
    fields = [*crowded_fields(8), globular_field()]
    seeds = {field.config.seed for field in fields}
    assert len(seeds) == len({field.name for field in fields}) == 9
    assert not seeds & {field.config.seed for field in FIELDS}
    assert min(seeds) == 900_001
    assert fields[-1].config.scene.star_cluster.stars == 600


def test_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No field is compared twice, and one that has changed is compared again."""
    fields, store, seen = list(crowded_fields(2)), ResultStore(tmp_path), []

    def compare(field: BenchmarkField, picture: Path) -> dict[str, BlendScore]:
        seen.append(field.name)
        picture.write_bytes(b"picture")
        return made_up_scores()

    monkeypatch.setattr(deblending, "compare", compare)
    deblending.run_missing(fields[:1], store, 1.0)
    deblending.run_missing(fields, store, 1.0)
    assert seen == [field.name for field in fields]
    loaded = store.load(fields[0])
    assert loaded is not None
    assert loaded[RUBIN].areas.tolist() == [100, 20]
    assert math.isnan(loaded[PICTURE].depth)
    other = dataclasses.replace(fields[0], config=dataclasses.replace(fields[0].config, visits=3))
    assert store.load(other) is None
    page = deblending.write_page(fields, store, tmp_path / "page")
    assert (page.parent / "deblending.png").is_file()
    assert (page.parent / "deblending-last.png").is_file()
