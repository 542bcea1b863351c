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

"""The task that hands a restored coadd to detection and measurement."""

from __future__ import annotations

__all__ = ("ConvertRestoredCoaddConfig", "ConvertRestoredCoaddConnections", "ConvertRestoredCoaddTask")

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from lsst.pex.config import ChoiceField, Field
from lsst.pipe.base import PipelineTask, PipelineTaskConfig, PipelineTaskConnections, Struct
from lsst.pipe.base import connectionTypes as cT

from .field_limits import within
from .image_io import make_exposure, with_pixels

if TYPE_CHECKING:
    from .fluxes.completed_image import CompletedImage
    from .fluxes.flux_images import FluxImages

DIMENSIONS = ("skymap", "tract", "patch", "band")


class ConvertRestoredCoaddConnections(PipelineTaskConnections, dimensions=DIMENSIONS):
    """Inputs and output of `ConvertRestoredCoaddTask`.

    Parameters
    ----------
    config : `ConvertRestoredCoaddConfig`, optional
        Decides whether the residual is an input, and in which form the image
        is written.
    """

    restored_coadd = cT.Input(
        doc="Restored image at the target PSF.",
        name="restored_coadd",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )
    restored_coadd_residual = cT.Input(
        doc="What the restored image leaves over of its warps.",
        name="restored_coadd_residual",
        storageClass="CellCoadd",
        dimensions=DIMENSIONS,
    )
    coadd_inputs = cT.Input(
        doc="Visits and detectors of the coadd of the same warps, which a CellCoadd has no place for.",
        name="deep_coadd_predetection.coaddInputs",
        storageClass="CoaddInputs",
        dimensions=DIMENSIONS,
    )
    aperture_corrections = cT.Input(
        doc="Aperture corrections of the coadd of the same warps, for algorithms that the restored coadd has "
        "none for.",
        name="deep_coadd_predetection.apCorrMap",
        storageClass="ApCorr",
        dimensions=DIMENSIONS,
    )
    exposure = cT.Output(
        doc="The restored image in the form that detection and measurement take.",
        name="restored_coadd_exposure",
        storageClass="ExposureF",
        dimensions=DIMENSIONS,
    )

    def __init__(self, *, config: Any = None) -> None:
        super().__init__(config=config)
        if config is not None and config.image_kind == "picture":
            del self.restored_coadd_residual
        if config is not None and config.imageType == "future":
            self.exposure = dataclasses.replace(self.exposure, storageClass="CellCoadd")
            del self.coadd_inputs
            del self.aperture_corrections


class ConvertRestoredCoaddConfig(PipelineTaskConfig, pipelineConnections=ConvertRestoredCoaddConnections):
    """Config of `ConvertRestoredCoaddTask`."""

    image_kind = ChoiceField[str](
        doc="What becomes of the restored image and of its residual.",
        allowed={
            "linear": "Their sum at the sharpest PSF at which noise is white, or at psf_fwhm: as linear in "
            "the warps as a coadd, for detection and measurement.",
            "detection": "At the target PSF, what is clear on the restored image and, smoothed, all else: "
            "finds far more in crowded fields; for detection alone, for faint sources are broader.",
            "picture": "The restored image by itself, with a variance with which detection is safe: nothing "
            "false is found, but faint sources have lost flux, and many of them are lost.",
        },
        default="linear",
    )
    imageType = ChoiceField[str](
        doc="Type of the image that is written; the name is that of the tasks that read it.",
        allowed={
            "legacy": "An ExposureF, with the inputs and aperture corrections of the coadd.",
            "future": "A CellCoadd, which has provenance and aperture corrections of its own. The Butler "
            "hands it out as a MultipleCellCoadd to tasks that measure on cell-based coadds.",
        },
        default="legacy",
    )
    psf_fwhm = Field[float](
        doc="Full width at half maximum, in pixels, of a Gaussian that is to be the PSF of a linear image, "
        "such as one for all bands; by default the sharpest PSF at which noise is white.",
        optional=True,
        default=None,
        check=within(0.1, 100.0),
    )


class ConvertRestoredCoaddTask(PipelineTask):
    """Make an ``ExposureF`` of a restored coadd, or a ``CellCoadd`` with its residual.

    Notes
    -----
    Detection on a restored image by itself is safe, for its variance plane is
    made for that, but faint sources have lost flux in it.  With its residual
    added, it is as linear in the warps as a coadd, and what detection and
    measurement take for granted is true of it: see
    `~lsst.acn.fluxes.completed_image.complete_image`.

    The Butler of the LSST Science Pipelines hands out a restored coadd as an
    ``ExposureF`` by itself, but without the list of its inputs and without
    aperture corrections, and then the measurement of a data release
    production fails.  The list is taken from the coadd of the same warps.

    The aperture corrections are those of the PSF that the image has, which is
    known, times what the warps say of light beyond the stamps of their PSF
    models.  For algorithms that the restored coadd has no corrections for,
    those of the coadd of the same warps are kept.

    A ``CellCoadd`` has the noise realisations of the restored coadd; with the
    residual, each has its own residual added as the image has.
    """

    ConfigClass: ClassVar[type[ConvertRestoredCoaddConfig]] = ConvertRestoredCoaddConfig

    _DefaultName: ClassVar[str] = "convertRestoredCoadd"

    config: ConvertRestoredCoaddConfig

    def run(
        self,
        *,
        restored_coadd: Any,
        coadd_inputs: Any = None,
        aperture_corrections: Any = None,
        restored_coadd_residual: Any = None,
    ) -> Struct:
        """Convert the coadd.

        Parameters
        ----------
        restored_coadd : `lsst.images.cells.CellCoadd`
            Restored image at the target PSF.
        coadd_inputs : ``lsst.afw.image.CoaddInputs``, optional
            Visits and detectors.
        aperture_corrections : ``lsst.afw.image.ApCorrMap``, optional
            Aperture corrections of the coadd of the same warps.
        restored_coadd_residual : `lsst.images.cells.CellCoadd`, optional
            What the restored image leaves over, to be added.

        Returns
        -------
        outputs : `lsst.pipe.base.Struct`
            Result struct with the attribute ``exposure``, a
            ``lsst.afw.image.ExposureF`` or a `lsst.images.cells.CellCoadd`.
        """
        if restored_coadd_residual is not None:
            restored_coadd = self._complete(restored_coadd, restored_coadd_residual)
        if self.config.imageType == "future":
            return Struct(exposure=restored_coadd)
        return Struct(exposure=make_exposure(restored_coadd, coadd_inputs, aperture_corrections))

    def _complete(self, restored_coadd: Any, residual: Any) -> Any:
        """Return the restored coadd with its residual."""
        # Building a quantum graph imports this module, but need not import SciPy.
        from .flux_measurement import flux_images
        from .fluxes.aperture_corrections import star_corrections
        from .fluxes.completed_image import complete_image
        from .fluxes.detection_image import make_detection_image

        images = flux_images(restored_coadd, residual)
        make: Callable[[FluxImages], CompletedImage]
        if self.config.image_kind == "detection":
            make = make_detection_image
        else:
            make = functools.partial(complete_image, fwhm=self.config.psf_fwhm)
        made = make(images)
        noise = [make(layer).image for layer in self._noise(images, restored_coadd, residual)]
        # That of the residual says where the PSF is not exact.
        # A restored coadd of an earlier version has no aperture corrections to go by.
        corrections = star_corrections if restored_coadd.aperture_corrections else None
        return with_pixels(
            restored_coadd, made.image, made.variance, made.psf, residual.mask, corrections, noise
        )

    def _noise(self, images: FluxImages, restored_coadd: Any, residual: Any) -> Iterator[FluxImages]:
        """Yield the restored noise with its residuals, so that what is done to the image is done to them."""
        layers = restored_coadd.noise_realizations, residual.noise_realizations
        if len(layers[0]) != len(layers[1]):
            self.log.warning(
                "The coadd has %d noise realisations and its residual %d: none of their sum are written.",
                *map(len, layers),
            )
            return
        for restored, rest in zip(*layers, strict=True):
            yield dataclasses.replace(
                images,
                image=restored.array,
                residual=dataclasses.replace(images.residual, image=rest.array),
            )
