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

"""Errors that name the dataset at fault and say more in their metadata."""

from __future__ import annotations

__all__ = (
    "InvalidExposureError",
    "InvalidNetworkError",
    "InvalidWarpFileError",
    "MissingFrameworkError",
    "RepositoryConflictError",
    "RepositoryUnavailableError",
    "RestorationError",
    "TrainingDivergedError",
    "UnknownPsfError",
    "UnknownRestorationError",
)

from typing import Any


class RestorationError(RuntimeError):
    """Base class of the ways in which data can defeat a restoration.

    Parameters
    ----------
    message : `str`
        What is wrong, and with which dataset.
    **metadata : `int`, `float`, `str` or `bool`
        Details that a task writes into its metadata.

    Notes
    -----
    Where a task runs, these become errors that are
    `lsst.pipe.base.AlgorithmError` as well; see
    ``lsst.acn.warps.algorithm_errors``.
    """

    def __init__(self, message: str, **metadata: Any) -> None:
        super().__init__(message)
        self._metadata = metadata

    @property
    def metadata(self) -> dict[str, Any]:
        """Details by name (`dict`)."""
        return self._metadata


class InvalidExposureError(RestorationError):
    """Raised if an exposure cannot be part of an `ExposureStack`."""


class InvalidNetworkError(RestorationError):
    """Raised if stored weights are damaged or belong to another network."""


class InvalidWarpFileError(RestorationError):
    """Raised if a file on disk is not a warp that can be ingested."""


class RepositoryConflictError(RestorationError):
    """Raised if a repository already says something else."""


class RepositoryUnavailableError(RestorationError):
    """Raised if a repository is locked, read-only, damaged or out of room."""


class TrainingDivergedError(RestorationError):
    """Raised if training ends in a loss or a latent image without meaning."""


class UnknownPsfError(RestorationError):
    """Raised if the PSFs of exposures are to be estimated, and nothing tells."""


class UnknownRestorationError(RestorationError):
    """Raised if a restored coadd does not tell how it was restored."""


class MissingFrameworkError(ImportError):
    """Raised if something needs Keras, and it or its backend is not installed.

    The data are not at fault, so this is no `RestorationError`.
    """
