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

"""Mask and provenance of an image, gathered while its exposures pass by."""

from __future__ import annotations

__all__ = ("PatchRecords",)

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..coadd.coaddition import exposure_weights
from ..exposures.boxes import Box
from ..exposures.mask_planes import canonical_plane_name
from ..exposures.row_pieces import row_pieces
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..image_io import CoaddInput, ProvenanceCollector
from .mask_fractions import mask_fractions
from .mask_propagation import PropagatedMask, untouched_mask


class PatchRecords:
    """What the outputs say of the exposures, besides their pixels.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    identities : `~collections.abc.Sequence` [`CoaddInput`]
        Instrument, visit, filter and night of each of them.
    propagate : `~collections.abc.Callable`
        Takes exposures, the weight of each, and where the PSF of the output
        is exact (or `None`); returns their `PropagatedMask`.
    fraction_planes : `~collections.abc.Sequence` [`str`], optional
        Mask planes of which to keep the share of the exposures that carry
        them.

    Raises
    ------
    ValueError
        Raised if an exposure's identity is missing.
    """

    def __init__(
        self,
        exposures: ExposureSource,
        identities: Sequence[CoaddInput],
        propagate: Callable[..., PropagatedMask],
        fraction_planes: Sequence[str] = (),
    ) -> None:
        self._exposures = exposures
        self._fractions = {
            canonical_plane_name(name): np.zeros(exposures.box.shape, np.float32) for name in fraction_planes
        }
        self._propagate = propagate
        self._weights = dict(zip(exposures.visits, exposure_weights(exposures), strict=True))
        untouched = untouched_mask(exposures.box.shape, exposures.mask_planes)
        self._mask = untouched.array
        self._planes = dict(untouched.planes)
        self._provenance = ProvenanceCollector(exposures, identities)

    def add(self, box: Box, strip: ExposureStack, exact_psf: np.ndarray | None = None) -> None:
        """Take note of some rows of the patch.

        Parameters
        ----------
        box : `Box`
            These rows.
        strip : `ExposureStack`
            The exposures, on at least these rows.
        exact_psf : `numpy.ndarray`, optional
            `True` where the PSF of the output is exact, shape ``box.shape``.
        """
        # All rows at once would need several more images for each exposure.
        for piece in row_pieces(box.shape[0]):
            start, stop = box.y_start + piece.rows.start, box.y_start + piece.rows.stop
            rows = Box(start, stop, box.x_start, box.x_stop)
            self._add_mask(rows, strip.cutout(rows), None if exact_psf is None else exact_psf[piece.rows])
        self._provenance.add(box, strip.cutout(box))

    def _add_mask(self, rows: Box, stack: ExposureStack, exact_psf: np.ndarray | None) -> None:
        weights = np.array([self._weights[visit] for visit in stack.visits])
        mask = self._propagate(stack, weights, exact_psf)
        where = rows.slices_within(self._exposures.box)
        self._mask[where] = mask.array
        for name, fraction in mask_fractions(stack, weights, self._fractions).items():
            self._fractions[name][where] = fraction
        self._planes.update(mask.planes)

    @property
    def mask(self) -> PropagatedMask:
        """Mask of the output (`PropagatedMask`)."""
        return PropagatedMask(self._mask, self._planes)

    @property
    def mask_fractions(self) -> Mapping[str, np.ndarray]:
        """Share of the weight of exposures with a mask plane, by plane."""
        return self._fractions

    def provenance(self) -> Any:
        """Return the provenance of the output.

        Returns
        -------
        provenance : `lsst.images.cells.CoaddProvenance`
            For `lsst.acn.image_io.make_cell_coadd`.
        """
        return self._provenance.finish()
