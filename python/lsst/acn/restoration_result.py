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
from typing import TYPE_CHECKING

import numpy as np

from .exposures.boxes import Box
from .exposures.estimated_psfs import EstimatedPsfs
from .residual_image import ResidualImage

if TYPE_CHECKING:
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


@dataclasses.dataclass(frozen=True, eq=False)
class RestorationResult:
    """A restored patch, with the latent image and the story of its training.

    Parameters
    ----------
    image : `numpy.ndarray`
        Restored image at ``target_psf``, in the unit of the stack,
        float32, shape ``(height, width)``, on the stack's box.
    variance : `numpy.ndarray`
        Variance of ``image``, same shape.
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
    """

    image: np.ndarray
    variance: np.ndarray
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
