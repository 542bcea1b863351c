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

__all__ = ("RestorationMethod", "make_method")

import logging
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from .exposure_stack import ExposureStack
from .restoration_config import RestorationConfig


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

    def latent(self, log: logging.Logger) -> np.ndarray:
        """Return the latent image of the whole patch.

        Parameters
        ----------
        log : `logging.Logger`
            Told of the progress.

        Returns
        -------
        latent : `numpy.ndarray`
            Float32, in the unit of the stack, on the stack's box grown by
            half a PSF kernel.
        """

    def point_response(self) -> np.ndarray:
        """Return what the latent image makes of a star.

        Returns
        -------
        response : `numpy.ndarray`
            Mean response to a star of unit flux, in the middle of an odd
            stamp.
        """

    def variance(self, kernel: np.ndarray) -> np.ndarray:
        """Return the variance of the restored image.

        Parameters
        ----------
        kernel : `numpy.ndarray`
            What the latent image is convolved with to give the restored
            image.

        Returns
        -------
        variance : `numpy.ndarray`
            Float32, positive, in the unit of the stack squared, on the
            stack's box.
        """

    def summary(self) -> dict[str, int | float | str]:
        """Return facts about the method for the provenance.

        Returns
        -------
        summary : `dict` [`str`, `int` | `float` | `str`]
            By name.
        """


def make_method(
    stack: ExposureStack, config: RestorationConfig, network: Mapping[str, Any] | None = None
) -> RestorationMethod:
    """Return the method that a config selects.

    Parameters
    ----------
    stack : `ExposureStack`
        What is to be restored.
    config : `RestorationConfig`
        Its ``method`` is looked at here, the rest by the method.
    network : `~collections.abc.Mapping`, optional
        Trained network in plain values, for methods that can begin with one.

    Returns
    -------
    method : `RestorationMethod`
        Ready to be fitted.

    Raises
    ------
    ValueError
        Raised if there is no such method, or if it has no use for a trained
        network.
    """
    if network is not None and config.method != "cross_exposure":
        raise ValueError(f"The method {config.method!r} cannot begin with a trained network.")
    match config.method:
        case "paper":
            from .paper_method import PaperMethod

            return PaperMethod(stack, config)
        case "cross_exposure":
            from .cross_exposure_method import CrossExposureMethod

            return CrossExposureMethod(stack, config, network)
        case "image_mm":
            from .image_mm_method import ImageMMMethod

            return ImageMMMethod(stack, config)
    raise ValueError(f"There is no restoration method {config.method!r}.")
