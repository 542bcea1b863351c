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

"""The main numbers as a bundle of measurements of analysis_tools."""

from __future__ import annotations

import json
import sys
import types
from collections import UserDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.table import Table

from lsst.acn.measure.columns import METRICS_COLUMNS
from lsst.acn.measure.metric_bundle import METRIC_GROUPS, as_bundle, metric_documents
from lsst.daf.butler import Butler, DatasetType

MEASUREMENT = {"metric", "identifier", "value", "unit", "blob_refs"}
"""What lsst.verify.Measurement.json has, and its deserialize takes."""


class StandInBundle(UserDict[str, Any]):
    """What a MetricMeasurementBundle does, with dictionaries for its measurements."""

    @classmethod
    def parse_obj(cls, data: dict[str, Any]) -> StandInBundle:
        bundle = cls()
        bundle.prefix = data.pop("__metricNamePrefix", "")
        for key, value in data.items():
            assert all(set(each) == MEASUREMENT for each in value), key
            bundle[key] = value
        return bundle

    def json(self) -> str:
        return json.dumps({**self.data, "__metricNamePrefix": self.prefix})


@pytest.fixture
def metrics() -> Table:
    """A row in which every number is another one, and one is missing."""
    table = Table(meta={"visits": "[1, 2]"})
    for number, (name, (unit, _)) in enumerate(METRICS_COLUMNS.items(), start=1):
        table[name] = [float(number)]
        table[name].unit = "nJy" if unit == "flux" else unit
    table["held_out_excess"] = np.nan
    return table


@pytest.fixture
def analysis_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package, which PyPI does not have."""
    for name in ("lsst.analysis", "lsst.analysis.tools", "lsst.analysis.tools.interfaces"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    interfaces: Any = sys.modules["lsst.analysis.tools.interfaces"]
    interfaces.MetricMeasurementBundle = StandInBundle


def test_document_has_each_number_with_its_unit(metrics: Table) -> None:
    documents = metric_documents(metrics)
    assert documents.pop("__metricNamePrefix") == ""
    found = {each["metric"]: each for group in documents.values() for each in group}
    assert list(documents) == list(METRIC_GROUPS)
    assert set(found) == {name for names in METRIC_GROUPS.values() for name in names}
    for name, each in found.items():
        assert set(each) == MEASUREMENT
        assert units.Unit(each["unit"]) == (metrics[name].unit or units.dimensionless_unscaled)
        assert each["value"] == (None if name == "held_out_excess" else metrics[name][0])
    assert len({each["identifier"] for each in found.values()}) == len(found)


def test_document_is_the_same_for_the_same_restoration_alone(metrics: Table) -> None:
    documents = metric_documents(metrics)
    assert metric_documents(metrics) == documents
    metrics.meta["visits"] = "[1, 3]"
    assert metric_documents(metrics)["restoredCoaddSky"] != documents["restoredCoaddSky"]


def test_document_becomes_a_bundle_and_is_left_as_it_is(metrics: Table, analysis_tools: None) -> None:
    documents = metric_documents(metrics)
    assert json.loads(as_bundle(documents).json()) == documents


def test_bundle_cannot_be_made_without_analysis_tools(metrics: Table) -> None:
    with pytest.raises(ModuleNotFoundError, match="analysis"):
        as_bundle(metric_documents(metrics))


def test_butler_writes_the_bundle_as_the_document(
    metrics: Table, analysis_tools: None, tmp_path: Path
) -> None:
    documents = metric_documents(metrics)
    with Butler.from_config(Butler.makeRepo(tmp_path), run="run") as butler:
        kind = DatasetType("bundle", butler.dimensions.conform([]), storageClass="MetricMeasurementBundle")
        butler.registry.registerDatasetType(kind)
        butler.put(as_bundle(documents), kind)
        assert json.loads(butler.getURI("bundle").read()) == documents
