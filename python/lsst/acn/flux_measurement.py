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

"""Fluxes at given places, from a restored image and what it has left over."""

from __future__ import annotations

__all__ = ("flux_images", "measure_fluxes")

from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Table

from .fluxes.flux_images import FluxImages
from .fluxes.flux_table import flux_table
from .residual_image import ResidualImage
from .restoration_result import RestorationResult


def measure_fluxes(
    restored: Any, residual: Any = None, positions: Any = (), *, aperture_radii: Sequence[float] = (3.0, 5.0)
) -> Table:
    """Measure the fluxes of sources at given positions.

    Parameters
    ----------
    restored : `RestorationResult` or `lsst.images.cells.CellCoadd`
        A restored image: what `restore` returns, or a ``restored_coadd``.
    residual : `ResidualImage` or `lsst.images.cells.CellCoadd`, optional
        What it leaves over, the ``restored_coadd_residual``; by default that
        of the `RestorationResult`.
    positions : `numpy.ndarray` or `astropy.coordinates.SkyCoord`
        Row and column of each source on the grid of the tract, shape ``(n,
        2)``; or places on the sky, if ``restored`` is a coadd.
    aperture_radii : `~collections.abc.Sequence` [`float`], optional
        Radii of circles, in pixels.

    Returns
    -------
    table : `astropy.table.Table`
        A row for each position, with the columns

        - ``y``, ``x``: row and column;
        - ``psf_flux``, ``psf_flux_err``: flux of a point source there, fitted
          along with those whose light overlaps with its own, and its standard
          deviation;
        - ``members``, ``psf_flux_covariance``: rows of the sources that were
          fitted along, itself the first and -1 where there are fewer, and the
          covariances of their fluxes with its own;
        - ``aperture_flux``, ``aperture_flux_err``,
          ``aperture_flux_covariance``: flux inside each circle on an image at
          the target PSF, neighbours included, and how they vary together;
        - ``psf_aperture_covariance``: covariance of these with the flux of
          the point source, if it is alone.

        Where no exposure says anything, fluxes are NaN and errors infinite.
        ``aperture_radii`` are in its metadata.

    Raises
    ------
    TypeError
        Raised if ``restored`` or ``residual`` is neither of these.
    ValueError
        Raised if the two do not belong together, if a position is outside of
        them, or if two are the same.

    Notes
    -----
    Fluxes and errors hold whatever the restored image is: what it lacks of a
    source is in the residual.  See `~lsst.acn.fluxes.point_fluxes`,
    `~lsst.acn.fluxes.joint_fit` and `~lsst.acn.fluxes.aperture_fluxes` for the
    formulas.
    """
    if isinstance(positions, SkyCoord):
        from .image_io import pixel_positions

        if isinstance(restored, RestorationResult):
            raise TypeError("Arrays do not say where on the sky they are; give rows and columns.")
        positions = pixel_positions(restored, positions)
    places = np.asarray(positions, np.float64)
    places = places if places.size else places.reshape(0, 2)
    return flux_table(flux_images(restored, residual), places, aperture_radii)


def flux_images(restored: Any, residual: Any = None) -> FluxImages:
    """Return a restored image and its residual as arrays.

    Parameters
    ----------
    restored, residual : `object`
        As `measure_fluxes` takes them.

    Returns
    -------
    images : `FluxImages`
        The arrays.

    Raises
    ------
    TypeError
        Raised if one of them is of another type, or missing.
    ValueError
        Raised if the two do not belong together.
    """
    if isinstance(restored, RestorationResult):
        residual = restored.residual if residual is None else residual
        if not isinstance(residual, ResidualImage):
            raise TypeError("There is no residual: restore with keep_residual, or give one.")
        return FluxImages(restored.image, restored.target_psf, residual)
    from .image_io import read_residual_coadd, read_restored_coadd

    image, box, target_psf, unit = read_restored_coadd(restored)
    arrays = read_residual_coadd(residual)
    if box != arrays.box:
        raise ValueError(
            f"The restored coadd on {box} and the residual on {arrays.box} do not belong together."
        )
    return FluxImages(image, target_psf, arrays, unit)
