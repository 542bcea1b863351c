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

"""A Butler of ``lsst.afw`` datasets that offers what their storage classes define, and nothing else."""

from __future__ import annotations

import dataclasses
from importlib.resources import files
from typing import Any, cast

from afw_stand_ins import DATA_ID

from lsst.daf.butler import (
    Butler,
    DataCoordinate,
    DatasetRef,
    DatasetType,
    DeferredDatasetHandle,
    DimensionUniverse,
    StorageClassFactory,
)

WARP_DIMENSIONS = ("instrument", "visit", "skymap", "tract", "patch")
GETTERS = {"bbox": "getBBox", "psf": "getPsf", "wcs": "getWcs", "photoCalib": "getPhotoCalib"}


@dataclasses.dataclass
class AfwButler:
    """A Butler with one dataset; says in ``gets`` what was asked for."""

    dataset: Any
    gets: list[tuple[str | None, bool]] = dataclasses.field(default_factory=list)

    def get(self, ref: DatasetRef, *, parameters: dict[str, Any], storageClass: Any = None) -> Any:
        parent = ref.datasetType.parentStorageClass or ref.datasetType.storageClass
        parent.validateParameters(parameters)
        self.gets.append((ref.datasetType.component(), "bbox" in parameters))
        if ref.datasetType.component() == "apCorrMap":
            return self.dataset.getInfo().getApCorrMap()
        if component := ref.datasetType.component():
            return getattr(self.dataset, GETTERS[component])()
        return self.dataset[parameters["bbox"]] if "bbox" in parameters else self.dataset


def handle_of(dataset: Any, storage_class: str, visit: int = 3) -> tuple[DeferredDatasetHandle, AfwButler]:
    """Return a handle of a dataset, of which daf_butler itself says what can be asked for.

    Parameters
    ----------
    dataset : `typing.Any`
        The dataset: a stand-in, or a real one.
    storage_class : `str`
        Name of its storage class, as daf_butler defines it.
    visit : `int`, optional
        Visit in its data ID.
    """
    factory = StorageClassFactory()
    factory.addFromConfig(str(files("lsst.daf.butler") / "configs" / "storageClasses.yaml"))
    universe = DimensionUniverse()
    dataset_type = DatasetType(
        "dataset", WARP_DIMENSIONS, factory.getStorageClass(storage_class), universe=universe
    )
    data_id = DataCoordinate.standardize(
        {**DATA_ID, "visit": visit}, dimensions=dataset_type.dimensions, universe=universe
    )
    butler = AfwButler(dataset)
    ref = DatasetRef(dataset_type, data_id, run="run")
    return DeferredDatasetHandle(cast("Butler", butler), ref, None), butler
