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

"""What is wrong with each exposure of a patch, with errors."""

from __future__ import annotations

__all__ = ("CORRECTIONS_KEY", "PARAMETERS", "ExposureCorrections", "plane_coordinates")

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnknownRestorationError
from ..exposures.boxes import Box
from ..exposures.psf_kernels import PsfKernels
from ..exposures.stack import ExposureStack
from .kernel_changes import corrected_kernels
from .smooth_sky import SmoothSky

PARAMETERS = (
    "sky",
    "sky_x",
    "sky_y",
    "flux_scale",
    "shift_x",
    "shift_y",
    "psf_width",
    "psf_plus",
    "psf_cross",
)
"""What is fitted to each exposure: the residual sky in the middle of the patch
and its rise from there to the right and upper edges, in the unit of the
exposures; the excess of the flux scale over 1; how far sources are from where
they should be, in pixels; and by how much the second moments of the PSF, the
mean of those along x and y, half their difference, and the one across, are
larger than its model says, in pixels squared."""

SKY, SCALE, KERNEL = slice(0, 3), 3, slice(4, 9)
DIGITS = 6

CORRECTIONS_KEY = "exposure_corrections"
"""Where the metadata of a restored coadd keep them."""


@dataclasses.dataclass(frozen=True, eq=False)
class ExposureCorrections:
    r"""What is taken off the exposures of a patch before they are restored.

    The model of exposure t is :math:`y_t = s_t + s + (1 + a_t)\, f_t * x`
    with a plane :math:`s_t`, a smooth sky :math:`s` that all exposures share,
    and a PSF :math:`f_t` that is moved, widened and sheared.

    Parameters
    ----------
    box : `Box`
        The patch.
    visits : `tuple` [`int`, ...]
        Identifier of each exposure.
    values, errors : `numpy.ndarray`
        Value of each of `PARAMETERS` for each exposure, and its standard
        error, shape ``(n, 9)``.  What is not significant is 0.
    common_sky : `SmoothSky`
        The sky that all exposures share.
    common_sky_error : `float`, optional
        Standard error of its level.
    """

    box: Box
    visits: tuple[int, ...]
    values: np.ndarray
    errors: np.ndarray
    common_sky: SmoothSky
    common_sky_error: float = 0.0

    @classmethod
    def nothing(cls, box: Box, visits: Sequence[int]) -> ExposureCorrections:
        """Return corrections that change nothing.

        Parameters
        ----------
        box : `Box`
            The patch.
        visits : `~collections.abc.Sequence` [`int`]
            Identifier of each exposure.

        Returns
        -------
        corrections : `ExposureCorrections`
            With values and errors of 0.
        """
        zeros = np.zeros((len(visits), len(PARAMETERS)))
        return cls(box, tuple(visits), zeros, zeros.copy(), SmoothSky.nothing(box))

    @classmethod
    def recorded(cls, metadata: Mapping[str, Any], factor: float) -> ExposureCorrections | None:
        """Return what a restored coadd says was taken off its exposures.

        Parameters
        ----------
        metadata : `~collections.abc.Mapping`
            Of the restored coadd.
        factor : `float`
            What the pixels of exposures in the unit of the coadd are
            multiplied by to be in the unit that is wanted.

        Returns
        -------
        corrections : `ExposureCorrections` or `None`
            `None` where it says nothing.
        """
        return cls.unpack(metadata[CORRECTIONS_KEY]).in_unit(factor) if CORRECTIONS_KEY in metadata else None

    def __bool__(self) -> bool:
        return bool(np.any(self.values)) or bool(self.common_sky)

    def column(self, name: str) -> np.ndarray:
        """Return one parameter of all exposures.

        Parameters
        ----------
        name : `str`
            One of `PARAMETERS`.

        Returns
        -------
        values : `numpy.ndarray`
            Shape ``(n,)``.
        """
        return self.values[:, PARAMETERS.index(name)]

    def select(self, indices: Sequence[int] | np.ndarray) -> ExposureCorrections:
        """Return the corrections of some of the exposures.

        Parameters
        ----------
        indices : `~collections.abc.Sequence` [`int`]
            Their positions.

        Returns
        -------
        corrections : `ExposureCorrections`
            Of these.
        """
        chosen = np.asarray(indices, int)
        return dataclasses.replace(
            self,
            visits=tuple(self.visits[index] for index in chosen),
            values=self.values[chosen],
            errors=self.errors[chosen],
        )

    def of_visits(self, visits: Sequence[int]) -> ExposureCorrections:
        """Return the corrections of some visits.

        Parameters
        ----------
        visits : `~collections.abc.Sequence` [`int`]
            In the order that is wanted.

        Returns
        -------
        corrections : `ExposureCorrections`
            Of these; of a visit that is not known, nothing but the sky that
            all exposures share.
        """
        places = {visit: index for index, visit in enumerate(self.visits)}
        found = np.array([places.get(visit, -1) for visit in visits], int)
        known = found >= 0
        values = np.zeros((len(visits), len(PARAMETERS)))
        errors = np.full(values.shape, np.inf)
        values[known], errors[known] = self.values[found[known]], self.errors[found[known]]
        return dataclasses.replace(self, visits=tuple(visits), values=values, errors=errors)

    def in_unit(self, factor: float) -> ExposureCorrections:
        """Return the corrections of exposures in another unit.

        Parameters
        ----------
        factor : `float`
            What pixels are multiplied by.

        Returns
        -------
        corrections : `ExposureCorrections`
            With skies in that unit.
        """
        values, errors = self.values.copy(), self.errors.copy()
        values[:, SKY] *= factor
        errors[:, SKY] *= factor
        return dataclasses.replace(
            self,
            values=values,
            errors=errors,
            common_sky=SmoothSky(self.common_sky.box, self.common_sky.levels * factor),
            common_sky_error=self.common_sky_error * factor,
        )

    def applied(self, stack: ExposureStack) -> ExposureStack:
        """Return exposures without what is wrong with them.

        Parameters
        ----------
        stack : `ExposureStack`
            Some of the exposures, on any part of the patch.

        Returns
        -------
        corrected : `ExposureStack`
            The sky taken off, brought to one flux scale, with PSFs that fit.
        """
        mine = self.of_visits(stack.visits)
        scale = (1.0 / (1.0 + mine.values[:, SCALE])).astype(np.float32)[:, None, None]
        image = np.where(stack.valid, (stack.image - mine.sky_on(stack.box)) * scale, np.float32(0.0))
        return dataclasses.replace(
            stack, image=image, variance=stack.variance * scale**2, psf=mine.applied_to_psf(stack.psf)
        )

    def applied_to_psf(self, psf: PsfKernels) -> PsfKernels:
        """Return the PSFs of these exposures as they should be.

        Parameters
        ----------
        psf : `PsfKernels`
            Their models.

        Returns
        -------
        corrected : `PsfKernels`
            On the same cells.
        """
        changes = self.values[:, KERNEL]
        if not changes.any():
            return psf
        scale = np.array([psf.oversampling] * 2 + [psf.oversampling**2] * 3)
        kernels = corrected_kernels(psf.kernels, changes * scale)
        finer = None if psf.finer is None else self.applied_to_psf(psf.finer)
        return dataclasses.replace(psf, kernels=kernels, finer=finer)

    def sky_on(self, box: Box) -> np.ndarray:
        """Return the residual sky of each exposure.

        Parameters
        ----------
        box : `Box`
            Pixels.

        Returns
        -------
        sky : `numpy.ndarray`
            Float32, shape ``(n, *box.shape)``, or one that broadcasts to it.
        """
        level, along_x, along_y = (self.values[:, SKY].T[index][:, None, None] for index in range(3))
        sky = self.common_sky.on(box) if self.common_sky else np.zeros((1, 1))
        if along_x.any() or along_y.any():
            v, u = plane_coordinates(self.box, box)
            sky = sky + along_x * u + along_y * v
        return (sky + level).astype(np.float32)

    def plus(self, values: np.ndarray, errors: np.ndarray) -> ExposureCorrections:
        """Return these corrections and some more that exposures need after them.

        Parameters
        ----------
        values, errors : `numpy.ndarray`
            Shape ``(n, 9)``; the errors take the place of those of before.

        Returns
        -------
        corrections : `ExposureCorrections`
            The sum; a sky that is found after scaling counts in the scale of
            before.
        """
        scale = 1.0 + self.values[:, [SCALE]]
        total = self.values + values
        total[:, SKY] = self.values[:, SKY] + scale * values[:, SKY]
        total[:, [SCALE]] = scale * (1.0 + values[:, [SCALE]]) - 1.0
        return dataclasses.replace(self, values=total, errors=errors)

    def pack(self) -> str:
        """Return the corrections as text, for the record of a dataset.

        Returns
        -------
        text : `str`
            JSON, what `unpack` takes.
        """
        box = self.box
        return json.dumps(
            {
                "box": [box.y_start, box.y_stop, box.x_start, box.x_stop],
                "visits": list(self.visits),
                "parameters": list(PARAMETERS),
                "values": _rounded(self.values),
                "errors": _rounded(self.errors),
                "common_sky": _rounded(self.common_sky.levels),
                "common_sky_error": float(f"{self.common_sky_error:.{DIGITS}g}"),
            }
        )

    @classmethod
    def unpack(cls, text: str) -> ExposureCorrections:
        """Return the corrections that a text holds.

        Parameters
        ----------
        text : `str`
            From `pack`.

        Returns
        -------
        corrections : `ExposureCorrections`
            The same, to six digits.

        Raises
        ------
        UnknownRestorationError
            Raised if the text is no such record.
        """
        try:
            packed: dict[str, Any] = json.loads(text)
            if packed["parameters"] != list(PARAMETERS):
                raise ValueError(f"it has the parameters {packed['parameters']}")
            box, n = Box(*packed["box"]), len(packed["visits"])
            return cls(
                box=box,
                visits=tuple(packed["visits"]),
                values=np.array(packed["values"], float).reshape(n, len(PARAMETERS)),
                errors=np.array(packed["errors"], float).reshape(n, len(PARAMETERS)),
                common_sky=SmoothSky(box, np.array(packed["common_sky"], float)),
                common_sky_error=float(packed["common_sky_error"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnknownRestorationError(
                f"The restored coadd does not tell how its exposures were corrected: {error!r}."
            ) from error


def plane_coordinates(patch: Box, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Return where pixels lie in a patch, from -1 to 1.

    Parameters
    ----------
    patch : `Box`
        The patch.
    box : `Box`
        The pixels.

    Returns
    -------
    v, u : `numpy.ndarray`
        Along y, shape ``(height, 1)``, and along x, shape ``(1, width)``.
    """
    center, shape = patch.center, patch.shape
    v = (np.arange(box.y_start, box.y_stop) - center[0]) / (0.5 * shape[0])
    u = (np.arange(box.x_start, box.x_stop) - center[1]) / (0.5 * shape[1])
    return v[:, None], u[None, :]


def _rounded(array: np.ndarray) -> list[list[float]]:
    return [[float(f"{value:.{DIGITS}g}") for value in row] for row in array]
