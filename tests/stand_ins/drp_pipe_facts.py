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

"""Labels, classes and names of datasets around coadds, as in drp_pipe of 13 May 2026 (a5ef3ba)."""

from __future__ import annotations

type Task = tuple[str, dict[str, str]]
"""Class of a task, and what is set in its config."""

CELLS = {"useCellCoadds": "parameters.use_cell_coadds"}
FITTED_CELLS = {"use_cell_coadds": "parameters.use_cell_coadds"}

FIRST_GENERATION: dict[str, Task] = {
    "makeDirectWarp": ("lsst.drp.tasks.make_direct_warp.MakeDirectWarpTask", {}),
    "selectDeepCoaddVisits": (
        "lsst.pipe.tasks.selectImages.BestSeeingSelectVisitsTask",
        {"connections.goodVisits": "deepCoaddVisits"},
    ),
    "assembleCoadd": ("lsst.drp.tasks.assemble_coadd.CompareWarpAssembleCoaddTask", {}),
    "detection": ("lsst.pipe.tasks.multiBand.DetectCoaddSourcesTask", CELLS),
    "mergeDetections": ("lsst.pipe.tasks.mergeDetections.MergeDetectionsTask", {}),
    "deconvolve": ("lsst.meas.extensions.scarlet.deconvolveExposureTask.DeconvolveExposureTask", CELLS),
    "deblend": ("lsst.pipe.tasks.deblendCoaddSourcesPipeline.DeblendCoaddSourcesMultiTask", CELLS),
}
SECOND_GENERATION: dict[str, Task] = {
    "makeDirectWarp": (
        "lsst.drp.tasks.make_direct_warp.MakeDirectWarpTask",
        {"connections.warp": "direct_warp"},
    ),
    "selectDeepCoaddVisits": (
        "lsst.pipe.tasks.selectImages.BestSeeingSelectVisitsTask",
        {"connections.goodVisits": "deep_coadd_visit_selection"},
    ),
    "assembleDeepCoadd": (
        "lsst.drp.tasks.assemble_coadd.CompareWarpAssembleCoaddTask",
        {
            "connections.inputWarps": "direct_warp",
            "connections.coaddExposure": "deep_coadd_predetection",
        },
    ),
    "detectCoaddPeaks": (
        "lsst.pipe.tasks.multiBand.DetectCoaddSourcesTask",
        {
            "connections.exposure": "deep_coadd_predetection",
            "connections.exposure_cells": "deep_coadd_cell_predetection",
            "connections.outputBackgrounds": "deep_coadd_background",
            "connections.outputSources": "object_detection",
            "connections.outputExposure": "deep_coadd",
            **CELLS,
        },
    ),
    "mergeObjectDetection": (
        "lsst.pipe.tasks.mergeDetections.MergeDetectionsTask",
        {
            "connections.catalogs": "object_detection",
            "connections.outputCatalog": "object_detection_merged",
        },
    ),
    "deconvolve": (
        "lsst.meas.extensions.scarlet.deconvolveExposureTask.DeconvolveExposureTask",
        {
            "connections.coadd": "deep_coadd",
            "connections.catalog": "object_detection_merged",
            "connections.coadd_cell": "deep_coadd_cell_predetection",
            "connections.deconvolved": "deconvolved_deep_coadd",
            **CELLS,
        },
    ),
    "deblendCoaddFootprints": (
        "lsst.pipe.tasks.deblendCoaddSourcesPipeline.DeblendCoaddSourcesMultiTask",
        {
            "connections.mergedDetections": "object_detection_merged",
            "connections.coadds": "deep_coadd",
            "connections.coadds_cell": "deep_coadd_cell_predetection",
            "connections.deblendedCatalog": "object_deblend",
            **CELLS,
        },
    ),
    "measureObjectUnforced": (
        "lsst.pipe.tasks.multiBand.MeasureMergedCoaddSourcesTask",
        {
            "connections.exposure": "deep_coadd",
            "connections.exposure_cells": "deep_coadd_cell_predetection",
            "connections.outputSources": "object_unforced_measurement",
            **CELLS,
        },
    ),
    "measureObjectForced": (
        "lsst.drp.tasks.forcedPhotCoadd.ForcedPhotCoaddTask",
        {
            "connections.exposure": "deep_coadd",
            "connections.exposure_cell": "deep_coadd_cell_predetection",
            "connections.refWcs": "deep_coadd.wcs",
            "connections.measCat": "object_forced_measurement",
            **CELLS,
        },
    ),
    "makeHealSparsePropertyMaps": (
        "lsst.pipe.tasks.healSparseMapping.HealSparsePropertyMapTask",
        # By Python, with use_cell_coadds, deep_coadd.
        {},
    ),
    "fitDeepCoaddPsfGaussians": (
        "lsst.meas.extensions.multiprofit.pipetasks_fit.MultiProFitCoaddPsfFitTask",
        {
            "connections.coadd": "deep_coadd",
            "connections.coadd_cell": "deep_coadd_cell_predetection",
            "connections.cat_output": "object_psf_multiprofit",
            **FITTED_CELLS,
        },
    ),
    "fitDeblendedObjectsExp": (
        "lsst.meas.extensions.multiprofit.pipetasks_fit.MultiProFitCoaddExpFitTask",
        {
            "connections.coadds": "deep_coadd",
            "connections.coadds_cell": "deep_coadd_cell_predetection",
            "connections.cat_output": "object_exp_multiprofit",
            **FITTED_CELLS,
        },
    ),
    "fitDeblendedObjectsSersic": (
        "lsst.meas.extensions.multiprofit.pipetasks_fit.MultiProFitCoaddSersicFitTask",
        {
            "connections.coadds": "deep_coadd",
            "connections.coadds_cell": "deep_coadd_cell_predetection",
            "connections.cat_output": "object_sersic_multiprofit",
            **FITTED_CELLS,
        },
    ),
}
UPSTREAM: dict[str, tuple[dict[str, Task], str, bool]] = {
    "HSC/DRP-Prod.yaml": (FIRST_GENERATION, "lsst.obs.subaru.HyperSuprimeCam", False),
    "DECam/DRP-Merian.yaml": (FIRST_GENERATION, "lsst.obs.decam.DarkEnergyCamera", False),
    "LSSTCam/DRP.yaml": (SECOND_GENERATION, "lsst.obs.lsst.LsstCam", True),
    "LSSTComCam/DRP-v2.yaml": (SECOND_GENERATION, "lsst.obs.lsst.LsstComCam", False),
}
"""Tasks, instrument, and whether cell-based coadds are measured, of each pipeline."""
