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

from .errors import *
from .exposures.boxes import *
from .exposures.psf_kernels import *
from .exposures.stack import *
from .exposures.variances import median_variances
from .residual_image import *
from .restoration_result import *

__all__ = (
    "Box",
    "CrossExposureConfig",
    "ExposureStack",
    "ImageMMConfig",
    "InvalidExposureError",
    "InvalidNetworkError",
    "InvalidWarpFileError",
    "MissingFrameworkError",
    "NuisancesConfig",
    "PaperConfig",
    "PaperNetworkConfig",
    "PaperTrainingConfig",
    "PsfKernels",
    "RepositoryConflictError",
    "RepositoryUnavailableError",
    "ResidualImage",
    "RestorationConfig",
    "RestorationError",
    "RestorationResult",
    "TilesConfig",
    "TrainingDivergedError",
    "UnknownPsfError",
    "UnknownRestorationError",
    "constant_kernels",
    "gaussian_kernel",
    "measure_fluxes",
    "median_variances",
    "padded_kernels",
    "restore",
    "restore_latent",
)

if TYPE_CHECKING:
    __version__: str

    from .flux_measurement import measure_fluxes
    from .restoration import *
    from .restoration_config import *
else:

    def __getattr__(name: str) -> Any:
        """Import what restores, and SciPy with it, when it is asked for."""
        if name == "__version__":
            return importlib.import_module(".version", __name__).__version__
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        homes = {"measure_fluxes": "flux_measurement"}
        home = homes.get(name, "restoration_config" if name.endswith("Config") else "restoration")
        return getattr(importlib.import_module(f".{home}", __name__), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, "__version__"})
