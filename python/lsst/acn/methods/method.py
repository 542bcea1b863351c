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

"""What every restoration method has to offer."""

from __future__ import annotations

__all__ = ("RestorationMethod",)

import logging
from typing import Protocol

import numpy as np

from ..exposures.estimated_psfs import EstimatedPsfs
from ..tiles.restore_tiles import OnStrip


class RestorationMethod(Protocol):
    """A way from the exposures of a stack to a latent image."""

    def fit(self, log: logging.Logger) -> dict[str, np.ndarray]:
        """Do what has to be done once for the stack.

        Parameters
        ----------
        log : `logging.Logger`
            Told of the progress.

        Returns
        -------
        history : `dict` [`str`, `numpy.ndarray`]
            Columns ``epoch``, ``loss``, ``learning_rate`` and ``seconds``;
            no rows if nothing was trained.
        """

    def restore(
        self,
        kernel: np.ndarray | None,
        log: logging.Logger,
        on_strip: OnStrip | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Restore the whole patch, on as many cores as `~lsst.acn.machine.threads.cores` says.

        Parameters
        ----------
        kernel : `numpy.ndarray` or `None`
            What ``restored`` is to be convolved with to have the target PSF;
            `None` if no variance is wanted.
        log : `logging.Logger`
            Told of the progress.
        on_strip : `~collections.abc.Callable`, optional
            Told of the exposures as they pass by, so that they need not be
            read again.

        Returns
        -------
        restored : `numpy.ndarray`
            Image that a Gaussian of `matching_fwhm` brings to the target PSF,
            float32, in the unit of the exposures, on their box grown by half
            a PSF kernel.
        variance : `numpy.ndarray` or `None`
            Variance of the image at the target PSF, float32, positive, in the
            unit of the exposures squared, on their box.
        """

    def to_latent(self, restored: np.ndarray) -> np.ndarray:
        """Return the latent image, which the PSFs turn into the exposures.

        Parameters
        ----------
        restored : `numpy.ndarray`
            From `restore`.

        Returns
        -------
        latent : `numpy.ndarray`
            Non-negative, same shape and unit; the same array where a method
            restores the latent image itself.
        """

    def matching_fwhm(self, target_fwhm: float) -> float:
        """Return the Gaussian that brings what `restore` returns to the target PSF.

        Parameters
        ----------
        target_fwhm : `float`
            Full width at half maximum, in pixels, that a star is to have.

        Returns
        -------
        fwhm : `float`
            In pixels.
        """

    @property
    def trained_psfs(self) -> EstimatedPsfs | None:
        """PSFs that were fitted along with the latent image, if they were
        (`~lsst.acn.exposures.estimated_psfs.EstimatedPsfs` or `None`).
        """

    def summary(self) -> dict[str, int | float | str]:
        """Return facts about the method for the provenance.

        Returns
        -------
        summary : `dict` [`str`, `int` | `float` | `str`]
            By name.
        """
