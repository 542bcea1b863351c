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

"""The main numbers of a restoration in the form in which Rubin's dashboards take them."""

from __future__ import annotations

__all__ = ("METRIC_GROUPS", "as_bundle", "metric_documents")

import json
import math
import uuid
from typing import Any

from astropy.table import Table

METRIC_GROUPS = {
    "restoredCoaddSky": ("sky_sigma_coadd", "sky_sigma_restored", "sky_sigma_change"),
    "restoredCoaddSharpness": ("psf_fwhm_coadd", "psf_fwhm_restored", "sharpness_change"),
    "restoredCoaddResiduals": ("residual_source_rms", "residual_sky_rms", "stacked_residual_source_rms"),
    "restoredCoaddHeldOut": ("held_out_excess", "held_out_excess_error", "held_out_excess_coadd"),
    "restoredCoaddVisits": ("n_exposures", "n_outlier_visits", "n_warned_visits"),
    "restoredCoaddFluxes": ("flux_ratio", "n_bright_sources"),
}
"""Columns of ``restored_coadd_metrics`` by the record of the dashboard that they go to."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://lsst.acn/restored_coadd_metrics")


def metric_documents(metrics: Table) -> dict[str, Any]:
    """Return numbers as the JSON document of a bundle of measurements.

    Parameters
    ----------
    metrics : `astropy.table.Table`
        ``restored_coadd_metrics``.

    Returns
    -------
    documents : `dict` [`str`, `typing.Any`]
        What the ``json`` method of ``MetricMeasurementBundle`` of
        analysis_tools writes, parsed: for each of `METRIC_GROUPS` a list of
        what the ``json`` property of ``lsst.verify.Measurement`` returns.

    Notes
    -----
    The identifiers follow from the numbers and what they were made with, so
    that the same restoration gives the same document.
    """
    record = json.dumps({key: str(value) for key, value in metrics.meta.items()}, sort_keys=True)
    place = [str(metrics[name][0]) for name in ("skymap", "tract", "patch", "band")]
    documents: dict[str, Any] = {
        group: [_measurement(metrics, name, "/".join([*place, name, record])) for name in names]
        for group, names in METRIC_GROUPS.items()
    }
    documents["__metricNamePrefix"] = ""
    return documents


def _measurement(metrics: Table, name: str, identity: str) -> dict[str, Any]:
    value = float(metrics[name][0])
    return {
        "metric": name,
        "identifier": uuid.uuid5(_NAMESPACE, f"{identity}/{value!r}").hex,
        # JSON has no word for what could not be measured.
        "value": value if math.isfinite(value) else None,
        "unit": str(metrics[name].unit or ""),
        "blob_refs": [],
    }


def as_bundle(documents: dict[str, Any]) -> Any:
    """Return a document as the bundle that it is of.

    Parameters
    ----------
    documents : `dict` [`str`, `typing.Any`]
        From `metric_documents`.

    Returns
    -------
    bundle : ``lsst.analysis.tools.interfaces.MetricMeasurementBundle``
        The bundle.

    Raises
    ------
    ModuleNotFoundError
        Raised outside the Rubin stack, for PyPI does not have analysis_tools.
    """
    from lsst.analysis.tools.interfaces import MetricMeasurementBundle

    # It takes entries out of what it is given.
    return MetricMeasurementBundle.parse_obj(dict(documents))
