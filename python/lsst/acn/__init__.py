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

"""Restore one sharp, clean image from many noisy, blurred exposures."""

import importlib
from typing import TYPE_CHECKING, Any

from .errors import (
    InvalidExposureError,
    InvalidNetworkError,
    InvalidWarpFileError,
    RepositoryConflictError,
    RestorationError,
    TrainingDivergedError,
    UnknownRestorationError,
)
from .exposures.boxes import Box
from .exposures.psf_kernels import PsfKernels, constant_kernels, gaussian_kernel, padded_kernels
from .exposures.stack import ExposureStack, median_variances
from .restoration_result import HISTORY_DTYPES, RestorationResult, empty_history

__all__ = (
    "HISTORY_DTYPES",
    "Box",
    "CrossExposureConfig",
    "ExposureStack",
    "ImageMMConfig",
    "InvalidExposureError",
    "InvalidNetworkError",
    "InvalidWarpFileError",
    "PaperNetworkConfig",
    "PsfKernels",
    "RepositoryConflictError",
    "RestorationConfig",
    "RestorationError",
    "RestorationResult",
    "TilesConfig",
    "TrainingConfig",
    "TrainingDivergedError",
    "UnknownRestorationError",
    "constant_kernels",
    "empty_history",
    "gaussian_kernel",
    "kernel_fwhm",
    "median_variances",
    "padded_kernels",
    "restore",
    "restore_latent",
)

if TYPE_CHECKING:
    from .restoration import kernel_fwhm, restore, restore_latent
    from .restoration_config import (
        CrossExposureConfig,
        ImageMMConfig,
        PaperNetworkConfig,
        RestorationConfig,
        TilesConfig,
        TrainingConfig,
    )
else:

    def __getattr__(name: str) -> Any:
        """Import what restores, and SciPy with it, when it is asked for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = "restoration_config" if name.endswith("Config") else "restoration"
        return getattr(importlib.import_module(f".{home}", __name__), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
