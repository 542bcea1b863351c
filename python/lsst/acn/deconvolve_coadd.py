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

"""The task that restores a patch where a coadd would be deconvolved for the deblender."""

from __future__ import annotations

__all__ = ("DeconvolveCoaddConfig", "DeconvolveCoaddConnections", "DeconvolveCoaddTask")

import dataclasses
from typing import Any, ClassVar

import numpy as np

from lsst.pex.config import ChoiceField, ConfigField, Field
from lsst.pipe.base import InputQuantizedConnection, QuantumContext, Struct
from lsst.pipe.base import connectionTypes as cT

from .image_io import make_deconvolved_coadd
from .restoration_config import RestorationConfig
from .restoration_result import RestorationResult
from .warps.config import DIMENSIONS, WarpInputsConfig, WarpInputsConnections
from .warps.reader import WarpInputs
from .warps.task import WarpInputsTask

MODEL_PSF_FWHM = 2.007
"""Full width at half maximum, in pixels, of the Gaussian that is closest to the
PSF of scarlet's models: a Gaussian of standard deviation 0.8 pixels, integrated
over each pixel.  The two differ by no more than 0.1 % of their peak."""


class DeconvolveCoaddConnections(WarpInputsConnections, dimensions=DIMENSIONS):
    """Inputs and output of `DeconvolveCoaddTask`.

    Parameters
    ----------
    config : `DeconvolveCoaddConfig`, optional
        Decides whether footprints of detections are an input, and in which
        form images are read and written.
    """

    coadd = cT.Input(
        doc="The coadd as detection leaves it: what is made has its pixels, unit, mask and variance.",
        name="deep_coadd",
        storageClass="ExposureF",
        dimensions=DIMENSIONS,
    )
    background = cT.Input(
        doc="What detection has taken off the coadd, and is taken off the restored image as well.",
        name="deep_coadd_background",
        storageClass="Background",
        dimensions=DIMENSIONS,
    )
    detections = cT.Input(
        doc="Detections of all bands, outside of whose footprints nothing is kept.",
        name="object_detection_merged",
        storageClass="SourceCatalog",
        dimensions=("skymap", "tract", "patch"),
    )
    deconvolved = cT.Output(
        doc="The restored image at the PSF of the deblender's models, in place of the deconvolved coadd.",
        name="deconvolved_deep_coadd",
        storageClass="ExposureF",
        dimensions=DIMENSIONS,
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        if config is None:
            return
        if not config.use_footprints:
            del self.detections
        if config.imageType == "future":
            self.coadd = dataclasses.replace(self.coadd, storageClass="CellCoadd")
            self.deconvolved = dataclasses.replace(self.deconvolved, storageClass="MaskedImageV2")
            del self.background


class DeconvolveCoaddConfig(WarpInputsConfig, pipelineConnections=DeconvolveCoaddConnections):
    """Config of `DeconvolveCoaddTask`."""

    restoration = ConfigField[RestorationConfig](doc="How the image is restored.")
    image_kind = ChoiceField[str](
        doc="What is written.",
        allowed={
            "picture": "The restored image by itself: next to no noise between sources.",
            "detection": "The restored image with its residual, smoothed, where it is not clear: faint "
            "sources have their whole light, and the sky has noise. Needs restoration.keep_residual.",
        },
        default="picture",
    )
    use_footprints = Field[bool](
        doc="Keep nothing outside the footprints of what was detected on the coadds of all bands, as the "
        "deblender expects.",
        default=True,
    )
    imageType = ChoiceField[str](
        doc="Types of the coadd that is read and of the image that is written; the name is that of the "
        "deblending task.",
        allowed={
            "legacy": "Both are an ExposureF.",
            "future": "A CellCoadd, which brings the background along that is off it, and a MaskedImage.",
        },
        default="legacy",
    )
    useCellCoadds = Field[bool](
        doc="Whether the pipeline measures on cell-based coadds. The contracts of drp_pipe ask every task "
        "for it, under this name; here it changes nothing, for detection leaves one coadd in either case.",
        default=False,
    )

    def setDefaults(self) -> None:
        super().setDefaults()
        self.restoration.target_psf_fwhm = MODEL_PSF_FWHM
        self.restoration.keep_residual = False

    def validate(self) -> None:
        super().validate()
        if self.image_kind == "detection" and not self.restoration.keep_residual:
            raise ValueError('With image_kind "detection", restoration.keep_residual has to be on.')


class DeconvolveCoaddTask(WarpInputsTask):
    """Restore a patch in the place of a deconvolved coadd.

    Notes
    -----
    The deblender of the LSST Science Pipelines looks for footprints on a
    sharper image of the patch than the coadd, and begins its models from it.
    ``DeconvolveExposureTask`` of ``lsst.meas.extensions.scarlet`` makes it
    from the coadd, as if that had one PSF; this task makes it from the warps,
    of which each has its own.  All that reads it is left as it is, and all
    measurements are made on the coadd.
    """

    ConfigClass: ClassVar[type[DeconvolveCoaddConfig]] = DeconvolveCoaddConfig

    _DefaultName: ClassVar[str] = "deconvolveCoadd"

    config: DeconvolveCoaddConfig

    def read_more(self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection) -> dict[str, Any]:
        names = ("coadd", "background", "detections")
        return {name: butlerQC.get(getattr(inputRefs, name)) for name in names if hasattr(inputRefs, name)}

    def run(
        self, *, inputs: WarpInputs, coadd: Any, background: Any = None, detections: Any = None
    ) -> Struct:
        """Restore the image.

        Parameters
        ----------
        inputs : `WarpInputs`
            The warps.
        coadd : ``lsst.afw.image.ExposureF`` or `lsst.images.cells.CellCoadd`
            The coadd of the same patch and band.
        background : ``lsst.afw.math.BackgroundList``, optional
            What detection has taken off an ``ExposureF``.
        detections : ``lsst.afw.table.SourceCatalog``, optional
            Sources with footprints, outside of which nothing is kept.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            Result struct with the attribute ``deconvolved``, a
            ``lsst.afw.image.ExposureF`` or a `lsst.images.MaskedImage`.

        Raises
        ------
        InvalidExposureError
            Raised if there are fewer warps than a restoration needs, or the
            coadd reaches beyond the patch.
        """
        # Building a quantum graph imports this module, but need not import SciPy.
        from .restoration import restore

        exposures = inputs.exposures
        result = restore(exposures, self.config.restoration, log=self.log.logger, n_cores=inputs.n_cores)
        self.record_summary(exposures, result.summary)
        image = self._image(result) + result.corrections.common_sky.on(exposures.box)
        return Struct(
            deconvolved=make_deconvolved_coadd(
                image,
                exposures.box,
                psf=result.target_psf,
                coadd=coadd,
                background=background,
                detections=detections,
            )
        )

    def _image(self, result: RestorationResult) -> np.ndarray:
        """Return what is wanted of a restoration; the sky that all warps share is off it."""
        if self.config.image_kind == "picture":
            return result.image
        from .flux_measurement import flux_images
        from .fluxes.detection_image import make_detection_image

        return make_detection_image(flux_images(result)).image
