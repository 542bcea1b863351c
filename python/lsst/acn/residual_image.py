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

"""What a restored patch leaves over of its exposures, as arrays."""

from __future__ import annotations

__all__ = ("ResidualImage",)

import dataclasses

import numpy as np

from .exposures.boxes import Box
from .exposures.psf_kernels import PsfKernels
from .exposures.variances import scaled_variance


@dataclasses.dataclass(frozen=True, eq=False)
class ResidualImage:
    r"""What the exposures say beyond the restored image.

    With the exposures :math:`y_t`, their PSFs :math:`f_t`, weights
    :math:`c_t` (inverse median variances) and the share :math:`\rho_t` to
    which a pixel is used, and with the restored image :math:`p` at the target
    PSF :math:`T`,

    .. math::

        R = P_0 \, \frac{\sum_t c_t f_t \star \rho_t (y_t - (f_t / T) * p)}
                        {\sum_t c_t f_t^2 \star \rho_t}, \qquad
        P = \frac{\sum_t c_t f_t \star f_t}{\sum_t c_t}, \qquad
        P_0 = P(0).

    A star that the restored image lacks is in the residual with the PSF
    :math:`P` and its whole flux; where all pixels are used, :math:`R + (P / T)
    * p` is the likelihood map of the exposures themselves, whatever the
    restored image is.

    Parameters
    ----------
    image : `numpy.ndarray`
        :math:`R`, float32, in the unit of the exposures, shape ``box.shape``;
        0 where no exposure says anything.
    variance : `numpy.ndarray`
        Variance of ``image`` that the variance planes of the exposures make,
        float32, same shape; infinite where no exposure says anything.
    coverage : `numpy.ndarray`
        Share of the weight of the exposures that ``psf`` stands for which
        reaches a star at each pixel, float32, same shape: 1 where no pixel is
        masked.  Where it is lower, the residual has the right height for a
        star at that place, but ``psf`` is not exact around it.
    psf : `PsfKernels`
        :math:`P`, as of one exposure, in cells: of unit sum, of side ``2 k -
        1`` for PSF kernels of side ``k``.
    box : `Box`
        Pixels of the patch.
    """

    image: np.ndarray
    variance: np.ndarray
    coverage: np.ndarray
    psf: PsfKernels
    box: Box

    def in_unit(self, factor: float) -> ResidualImage:
        """Return the residual of exposures in another unit.

        Parameters
        ----------
        factor : `float`
            What pixels are multiplied by.

        Returns
        -------
        residual : `ResidualImage`
            In that unit.
        """
        return dataclasses.replace(
            self, image=self.image * np.float32(factor), variance=scaled_variance(self.variance, factor)
        )

    def kernel_at(self, y: float, x: float) -> np.ndarray:
        """Return the PSF of the residual at a point.

        Parameters
        ----------
        y, x : `float`
            Row and column on the grid of the tract.

        Returns
        -------
        kernel : `numpy.ndarray`
            Float64, of unit sum, shape ``(2 k - 1, 2 k - 1)``.
        """
        return self.psf.at(y, x)[0].astype(np.float64)

    def point_variance(self) -> np.ndarray:
        """Return how well the flux of a point source alone is known at each pixel.

        Returns
        -------
        variance : `numpy.ndarray`
            Variance of its flux, float32, shape ``box.shape``; infinite where
            no exposure says anything.
        """
        peaks = self.psf.kernels[0].max(axis=(-1, -2))
        # Where a cell has no PSF, the variance is infinite already.
        by_cell = np.where(np.isnan(peaks), 1.0, peaks).astype(np.float32) ** -2
        height, width = self.psf.cell_shape
        factors = by_cell.repeat(height, axis=0).repeat(width, axis=1)
        grid = Box.from_shape(factors.shape, (self.psf.box.y_start, self.psf.box.x_start))
        return self.variance * factors[self.box.slices_within(grid)]
