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

"""What a restoration returns."""

from __future__ import annotations

__all__ = ("NoiseLayer", "RestorationResult")

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .exposures.boxes import Box
from .exposures.estimated_psfs import EstimatedPsfs
from .exposures.variances import scaled_variance
from .residual_image import ResidualImage
from .restored_files import FitsFacts, make_ccd_data, write_fits

if TYPE_CHECKING:
    import astropy.nddata

    from .nuisances.corrections import ExposureCorrections


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseLayer:
    """What other noise in the same exposures would have changed.

    Parameters
    ----------
    image : `numpy.ndarray`
        Change of the restored image, float32, shape ``(height, width)``.
    residual : `numpy.ndarray` or `None`
        The residual that was left over then, in which there is nothing but
        noise; `None` where no residual is kept.
    """

    image: np.ndarray
    residual: np.ndarray | None

    def in_unit(self, factor: float) -> NoiseLayer:
        """Return the layer in another unit.

        Parameters
        ----------
        factor : `float`
            What pixels are multiplied by.

        Returns
        -------
        layer : `NoiseLayer`
            In that unit.
        """
        by = np.float32(factor)
        return NoiseLayer(self.image * by, None if self.residual is None else self.residual * by)


@dataclasses.dataclass(frozen=True, eq=False)
class RestorationResult:
    """A restored patch, with the latent image and the story of its training.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image at ``target_psf``, in the unit of the stack,
        float32, shape ``(height, width)``, on the stack's box.
    variance : `numpy.ndarray`
        Variance of each pixel of ``image`` by itself, same shape.  Errors of
        neighbouring pixels go together, so that it is not for detection, nor
        for errors of fluxes.
    detection_variance : `numpy.ndarray`
        Variance with which detection on ``image``, which takes noise for
        white, is safe: the larger of ``variance`` and of what a point source
        asks for (`~lsst.acn.fluxes.detection_floor.detection_floor`).
    latent : `numpy.ndarray`
        Latent image, float32, shape ``(height + k - 1, width + k - 1)`` for
        PSF kernels of side ``k``.
    latent_box : `Box`
        Position of ``latent``: the stack's box grown by ``k // 2``.
    target_psf : `numpy.ndarray`
        PSF kernel of ``image``, unit sum, odd and square.
    corrections : `~lsst.acn.nuisances.corrections.ExposureCorrections`
        What was found wrong with the exposures and taken off.
    history : `~collections.abc.Mapping` [`str`, `numpy.ndarray`]
        Columns of equal length, a row per epoch: ``epoch``, ``loss`` (mean
        over the valid pixels), ``learning_rate`` and ``seconds`` since the
        start of training.
    summary : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`]
        Facts about the restoration: method, seed, engine, number of
        parameters, wall seconds of fitting the method to the exposures and of
        restoring them, and so on.
    residual : `ResidualImage` or `None`
        What the exposures say beyond ``image``; `None` if it was not asked
        for.
    noise_layers : `tuple` [`NoiseLayer`, ...]
        Realisations of the noise, as many as were asked for.
    no_data : `numpy.ndarray` or `None`
        `True` where no exposure shows a pixel, shape ``(height, width)``:
        ``image`` has what the light around it demands there, and ``variance``
        how little that is.
    psfs : `~lsst.acn.exposures.estimated_psfs.EstimatedPsfs` or `None`
        PSFs of the exposures as they were taken to be in the end; `None` where
        they are those that the exposures came with, but for ``corrections``.
    unit : `str`, optional
        Unit of ``image``.
    band : `str` or `None`, optional
        Name of the band.
    geometry : `typing.Any`, optional
        What the stack says of its place on the sky.
    """

    image: np.ndarray
    variance: np.ndarray
    detection_variance: np.ndarray
    latent: np.ndarray
    latent_box: Box
    target_psf: np.ndarray
    corrections: ExposureCorrections
    history: Mapping[str, np.ndarray]
    summary: Mapping[str, int | float | str]
    residual: ResidualImage | None = None
    noise_layers: tuple[NoiseLayer, ...] = ()
    no_data: np.ndarray | None = None
    psfs: EstimatedPsfs | None = None
    unit: str = "nJy"
    band: str | None = None
    geometry: Any = None

    @property
    def box(self) -> Box:
        """Position of ``image`` on the pixel grid of its tract (`Box`)."""
        radius = (self.latent_box.shape[0] - self.image.shape[0]) // 2
        return self.latent_box.grown_by(-radius)

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write image, variance, PSF and residual as plain FITS.

        Parameters
        ----------
        path : `str` or `pathlib.Path`
            The file.
        overwrite : `bool`, optional
            Whether a file that is there may be replaced.

        Raises
        ------
        OSError
            Raised if the file is there and must not be replaced.

        Notes
        -----
        Headers have the unit, the band, the FWHM of the PSF, the method and,
        if ``geometry`` says where the pixels are, a WCS.
        """
        planes = {"IMAGE": self.image, "VARIANCE": self.variance, "PSF": self.target_psf}
        if self.residual is not None:
            planes |= {"RESIDUAL": self.residual.image, "RESIDUAL_VARIANCE": self.residual.variance}
        write_fits(path, planes, self._facts(), overwrite)

    def to_ccd_data(self) -> astropy.nddata.CCDData:
        """Return image, variance and PSF for astropy.

        Returns
        -------
        data : `astropy.nddata.CCDData`
            With unit and, if ``geometry`` says where the pixels are, a WCS.
        """
        return make_ccd_data(self.image, self.variance, self.target_psf, self._facts())

    def _facts(self) -> FitsFacts:
        from .metrics.psf_width import psf_fwhm

        fwhm, method = float(psf_fwhm(self.target_psf)), str(self.summary.get("method", ""))
        return FitsFacts(self.unit, self.band, fwhm, method, self.box, self.geometry)

    def in_unit(self, factor: float) -> RestorationResult:
        """Return what a restoration of exposures in another unit returns.

        Parameters
        ----------
        factor : `float`
            What pixels are multiplied by.

        Returns
        -------
        result : `RestorationResult`
            In that unit.
        """
        if factor == 1.0:
            return self
        by = np.float32(factor)
        return dataclasses.replace(
            self,
            image=self.image * by,
            variance=scaled_variance(self.variance, factor),
            detection_variance=scaled_variance(self.detection_variance, factor),
            latent=self.latent * by,
            corrections=self.corrections.in_unit(factor),
            residual=None if self.residual is None else self.residual.in_unit(factor),
            noise_layers=tuple(layer.in_unit(factor) for layer in self.noise_layers),
        )
