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

"""The one value that every restoration method takes: a stack of exposures."""

from __future__ import annotations

__all__ = ("ExposureStack",)

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidExposureError
from .boxes import Box
from .finer_psfs import psf_from_oversampled
from .measured_pixels import sampling_counts
from .plain_planes import PlainPlanes, single_precision
from .psf_kernels import PsfKernels
from .stack_facts import bit_mask, bit_numbers, check_labels, visit_numbers
from .variances import median_variances, scaled_variance


@dataclasses.dataclass(frozen=True, eq=False)
class ExposureStack:
    """Co-registered exposures of one patch, checked and read-only.

    Make one with `from_arrays`, which fills in what is left out and brings
    the planes into the form described here.

    Parameters
    ----------
    image : `numpy.ndarray`
        Pixel values, float32, shape ``(n, height, width)``, 0 where not
        valid.
    variance : `numpy.ndarray`
        Variance of each pixel in ``unit`` squared, float32, same shape,
        infinite where not valid, so that ``1 / variance`` is the weight of
        every pixel.
    valid : `numpy.ndarray`
        `True` where a pixel may be used, same shape.
    psf : `PsfKernels`
        PSF kernels of the ``n`` exposures.
    box : `Box`
        Position of the patch on the pixel grid of its tract.
    visits : `tuple` [`int`]
        Identifier of each exposure.
    unit : `str`
        Unit of ``image``, in a form that astropy reads.
    mask : `numpy.ndarray`
        Bit mask of each pixel, uint32, same shape.
    mask_planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each mask plane, by name.
    band : `str` or `None`
        Name of the band.
    geometry : `typing.Any`
        Sky projection and patch definition, carried through untouched; only
        ``image_io`` knows what it is.
    sampling : `int`, optional
        Side of the squares of pixels of which only one has been measured, and
        the others repeat it: more than 1 on grids that are finer than those of
        the exposures (`~lsst.acn.exposures.finer_exposures.FinerExposures`).

    Raises
    ------
    InvalidExposureError
        Raised if shapes disagree, a visit occurs twice, or there is nothing
        in the stack.

    Notes
    -----
    Cut-outs share memory with the stack they come from.
    """

    image: np.ndarray
    variance: np.ndarray
    valid: np.ndarray
    psf: PsfKernels
    box: Box
    visits: tuple[int, ...]
    unit: str
    mask: np.ndarray
    mask_planes: Mapping[str, int]
    band: str | None = None
    geometry: Any = None
    sampling: int = 1

    @classmethod
    def from_arrays(
        cls,
        image: Any,
        variance: Any,
        psf: PsfKernels | np.ndarray,
        *,
        valid: Any = None,
        box: Box | None = None,
        visits: Sequence[int] | None = None,
        unit: str | None = None,
        mask: np.ndarray | None = None,
        mask_planes: Mapping[str, int] | None = None,
        band: str | None = None,
        geometry: Any = None,
        psf_oversampling: int = 1,
        offsets: Any = None,
    ) -> ExposureStack:
        """Make a stack from whatever arrays there are.

        Parameters
        ----------
        image : `numpy.ndarray`
            Pixel values, shape ``(n, height, width)``; NaN is allowed.  Also
            a masked array, an `astropy.units.Quantity`, an
            `astropy.nddata.NDData` or `astropy.nddata.CCDData`, or a sequence
            of such of each exposure: what is masked is not valid, and units
            are converted.
        variance : `numpy.ndarray`
            Variance of each pixel, same shape; pixels are not valid where
            single precision does not hold it.  `None` if ``image`` has
            uncertainties, of whichever kind of astropy's.
        psf : `PsfKernels` or `numpy.ndarray`
            PSF kernels; an array of shape ``(n, k, k)`` if they do not vary
            over the patch.
        valid : `numpy.ndarray`, optional
            `True` where a pixel may be used.  Pixels that are not finite or
            have no positive, finite variance are never valid.
        box : `Box`, optional
            Position of the patch; by default it starts at (0, 0).
        visits : `~collections.abc.Sequence` [`int`], optional
            Identifier of each exposure; by default 0, 1, and so on.
        unit : `str`, optional
            Unit of the stack; by default that of ``image``, or nJy if it has
            none.
        mask : `numpy.ndarray`, optional
            Bit mask of each pixel; by default nothing is set.
        mask_planes : `~collections.abc.Mapping` [`str`, `int`], optional
            Bit number of each mask plane, by name.
        band : `str`, optional
            Name of the band.
        geometry : `typing.Any`, optional
            Sky projection and patch definition for ``image_io``.
        psf_oversampling : `int`, optional
            Samples per pixel of the array ``psf``, if its kernels are those of
            the light before pixels see it, as
            `~lsst.acn.exposures.finer_psfs.psf_from_oversampled` takes them.
        offsets : `numpy.ndarray`, optional
            Pixels along y and x by which each exposure shows stars farther on
            than the grid of the patch says (dithers), shape ``(n, 2)``.  They
            are put into the PSF kernels of the array ``psf``, which have the
            star in the middle.

        Returns
        -------
        stack : `ExposureStack`
            The checked stack.

        Raises
        ------
        InvalidExposureError
            Raised if the parts do not fit together.
        """
        check_labels(box, band)
        planes = PlainPlanes.of(image, variance, valid, unit)
        _check_same_shape(planes.image, variance=planes.variance, valid=planes.valid, mask=mask)
        visits = visit_numbers(visits, len(planes.image))
        image, variance, valid = single_precision(planes, visits)
        box = box or Box.from_shape(image.shape[1:])
        if not isinstance(psf, PsfKernels):
            psf = psf_from_oversampled(psf, psf_oversampling, box, offsets)
        elif psf_oversampling != 1 or offsets is not None:
            raise InvalidExposureError("Oversampling and offsets belong to PSF kernels that are an array.")
        return cls(
            image=image,
            variance=variance,
            valid=valid,
            psf=psf,
            box=box,
            visits=visits,
            unit=planes.unit,
            mask=bit_mask(mask, image.shape),
            mask_planes=bit_numbers(mask_planes),
            band=band,
            geometry=geometry,
        )

    def __post_init__(self) -> None:
        _check_same_shape(self.image, variance=self.variance, valid=self.valid, mask=self.mask)
        if self.box.shape != self.shape:
            raise InvalidExposureError(f"Box {self.box} does not fit images of shape {self.shape}.")
        if not len(self.image) == len(self.psf) == len(self.visits):
            raise InvalidExposureError(
                f"There are {len(self.image)} images, {len(self.psf)} PSFs and {len(self.visits)} visits."
            )
        repeated = sorted({visit for visit in self.visits if self.visits.count(visit) > 1})
        if repeated:
            raise InvalidExposureError(f"Visit {repeated[0]} occurs more than once.", visit=repeated[0])
        for name in ("image", "variance", "valid", "mask"):
            # A view, so that the caller's own array stays as writeable as it was.
            array = getattr(self, name).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.image)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the patch (`tuple` [`int`, `int`])."""
        return self.image.shape[1], self.image.shape[2]

    @property
    def weight(self) -> np.ndarray:
        """Inverse variance, 0 where not valid, float64, shape ``(n, height, width)``."""
        # In single precision that of a small variance is infinite.
        return np.divide(1.0, self.variance, dtype=np.float64)

    def sampling_counts(self) -> np.ndarray:
        """Return for how many pixels each one stands.

        Returns
        -------
        counts : `numpy.ndarray`
            Float32, 1 on average: of shape ``(1, 1)`` where all pixels have
            been measured, else of ``shape``, ``sampling`` squared in those that
            were and 0 in others.
        """
        return sampling_counts(self.box, self.sampling)

    def median_variances(self) -> np.ndarray:
        """Return the median variance over valid pixels, shape ``(n,)``.

        An exposure with no valid pixel has an infinite one.
        """
        return self._median_variances.copy()

    @functools.cached_property
    def _median_variances(self) -> np.ndarray:
        return median_variances(self.variance, self.valid)

    def cutout(self, box: Box) -> ExposureStack:
        """Return the part of the stack inside ``box``, sharing memory.

        Parameters
        ----------
        box : `Box`
            The pixels to keep.

        Returns
        -------
        stack : `ExposureStack`
            All exposures, on ``box``.

        Raises
        ------
        ValueError
            Raised if ``box`` is not inside the stack's own.
        """
        if not self.box.contains(box):
            raise ValueError(f"Box {box} is not inside the stack's {self.box}.")
        index = np.s_[:, *box.slices_within(self.box)]
        return self.map_planes(box, lambda planes: planes[index])

    def map_planes(self, box: Box, function: Callable[[np.ndarray], np.ndarray]) -> ExposureStack:
        """Return a stack on ``box`` that a function makes of the planes.

        Parameters
        ----------
        box : `Box`
            Pixels of the new stack.
        function : `~collections.abc.Callable`
            Takes the images, variances and masks of all exposures in turn,
            shape ``(n, height, width)``, and returns theirs on ``box``.

        Returns
        -------
        stack : `ExposureStack`
            All exposures, on ``box``.
        """
        return dataclasses.replace(self, box=box, **self._planes(function))

    def select(self, indices: Sequence[int] | np.ndarray) -> ExposureStack:
        """Return the stack of some of the exposures, in the order given.

        Parameters
        ----------
        indices : `~collections.abc.Sequence` [`int`]
            Positions in this stack of the exposures to keep.

        Returns
        -------
        stack : `ExposureStack`
            The exposures chosen, copied.
        """
        chosen = np.asarray(indices, dtype=int)
        return dataclasses.replace(
            self,
            psf=self.psf.select(chosen),
            visits=tuple(self.visits[index] for index in chosen),
            **self._planes(lambda planes: planes[chosen]),
        )

    def exposure(self, index: int) -> ExposureStack:
        """Return the stack of one of the exposures, sharing memory.

        Parameters
        ----------
        index : `int`
            Position of the exposure in this stack.

        Returns
        -------
        stack : `ExposureStack`
            The exposure alone.
        """
        chosen = slice(index, index + 1)
        return dataclasses.replace(
            self,
            psf=self.psf.select(np.array([index])),
            visits=self.visits[chosen],
            **self._planes(lambda planes: planes[chosen]),
        )

    def in_unit(self, factor: float) -> ExposureStack:
        """Return the same exposures in another unit.

        Parameters
        ----------
        factor : `float`
            What pixels are multiplied by.

        Returns
        -------
        stack : `ExposureStack`
            A copy; this stack where nothing changes.
        """
        if factor == 1.0:
            return self
        scaled = dataclasses.replace(
            self,
            image=self.image * np.float32(factor),
            variance=scaled_variance(self.variance, factor),
            unit=f"{1.0 / factor!r} {self.unit}",
        )
        if "_median_variances" in vars(self):
            vars(scaled)["_median_variances"] = self._median_variances * factor**2
        return scaled

    def strips(self, reach: int) -> Iterator[tuple[Box, ExposureStack]]:
        """Yield the rows of the patch piece by piece; here, all at once.

        Parameters
        ----------
        reach : `int`
            How many more rows are wanted around each piece.

        Yields
        ------
        rows : `Box`
            The whole patch.
        stack : `ExposureStack`
            This stack.
        """
        yield self.box, self

    def _planes(self, function: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
        return {name: function(getattr(self, name)) for name in ("image", "variance", "valid", "mask")}


def _check_same_shape(image: np.ndarray, **planes: np.ndarray | None) -> None:
    if image.ndim != 3 or 0 in image.shape:
        raise InvalidExposureError(
            f"A stack needs images of shape (n, height, width); got {image.shape}.", shape=str(image.shape)
        )
    for name, plane in planes.items():
        if plane is not None and np.shape(plane) != image.shape:
            raise InvalidExposureError(
                f"The {name} of a stack has shape {np.shape(plane)}, but its image {image.shape}.", plane=name
            )
