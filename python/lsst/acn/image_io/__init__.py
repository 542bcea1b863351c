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

"""The boundary between Butler datasets and arrays.

Nothing outside this package knows ``lsst.images``, and nothing outside its
modules ``afw_exposures`` and ``deconvolved_coadds`` knows ``lsst.afw``.
"""

try:
    from lsst.images import SkyProjection  # noqa: F401
except ImportError as error:
    raise ImportError(
        "lsst.acn needs lsst.images of the week w_2026_30, or of v30.0.10 where the stack is of v30.0; what "
        "is installed is older."
    ) from error

from .afw_exposures import default_mask_storage_class, default_warp_storage_class, make_exposure
from .aperture_corrections import psf_corrections
from .cell_coadds import PSF_OVERSAMPLING_KEY, make_warp
from .contributions import CoaddInput, ProvenanceCollector, make_provenance
from .deconvolved_coadds import make_deconvolved_coadd
from .geometry import PatchGeometry, fits_wcs
from .noise_warps import NoiseWarps, default_noise_storage_class
from .patch_layout import make_patch_geometry, tangent_plane_wcs, with_patch
from .psf_grid import check_kernel
from .residual_coadds import (
    make_residual_coadd,
    pixel_positions,
    read_residual_coadd,
    read_restored_coadd,
    with_pixels,
)
from .restored import make_cell_coadd, make_latent_image, make_variance_image, read_latent_image
from .stack_reading import read_exposure_stack
from .warp_flux_scale import point_flux_scale
from .warp_stream import WarpStream, open_exposures

__all__ = (
    "PSF_OVERSAMPLING_KEY",
    "CoaddInput",
    "NoiseWarps",
    "PatchGeometry",
    "ProvenanceCollector",
    "WarpStream",
    "check_kernel",
    "default_mask_storage_class",
    "default_noise_storage_class",
    "default_warp_storage_class",
    "fits_wcs",
    "make_cell_coadd",
    "make_deconvolved_coadd",
    "make_exposure",
    "make_latent_image",
    "make_patch_geometry",
    "make_provenance",
    "make_residual_coadd",
    "make_variance_image",
    "make_warp",
    "open_exposures",
    "pixel_positions",
    "point_flux_scale",
    "psf_corrections",
    "read_exposure_stack",
    "read_latent_image",
    "read_residual_coadd",
    "read_restored_coadd",
    "tangent_plane_wcs",
    "with_patch",
    "with_pixels",
)
