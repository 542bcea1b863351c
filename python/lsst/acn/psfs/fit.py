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


"""PSFs that the stars of a patch ask for."""

from __future__ import annotations

__all__ = ("are_far_off", "estimate_psfs")

import dataclasses
import logging
from collections.abc import Sequence

import numpy as np

from ..errors import UnknownPsfError
from ..exposures.boxes import Box
from ..exposures.estimated_psfs import EstimatedPsfs, with_psfs
from ..exposures.psf_kernels import FWHM_PER_SIGMA, PsfKernels, padded_kernels
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..fits_config import PsfsConfig
from ..machine.threads import blas_with_one_thread
from ..methods.cross_exposure.family.margins import largest_margin
from ..metrics.psf_width import psf_fwhm
from ..nuisances.fit import chosen_tiles
from .kernel_fit import fit_changes, normalised, prior_width
from .moffat_start import moffat_kernels
from .shifts import centroid, moved, shift_matrices
from .star_stamps import StarStamps, fit_points, joined
from .stars import LEAST_STARS, Star, agreeing_stars, find_candidates
from .tile_light import stamps_of_tile

INNER_ROUNDS = 3
"""Times that places and kernels are fitted in turn to the same stamps."""

MISFITS = 0.3, 0.04
"""Residual from which a source is no star, as a share of it: with the PSFs that
are begun with, and with those that were fitted."""

SCALES = 1.0, 2.0, 0.5, 0.25
"""How much wider stars may be than PSFs say, in the order in which they are looked for."""

FAR_OFF = 0.12
"""Root mean square of the share by which the widths of PSFs and of stars in the
same exposure differ, from which the PSFs are no start for a fit."""

REACH = 2.5
"""Radius of kernels that are estimated, at least, in units of the FWHM."""

CORE = 1.5
"""Radius within which residuals of a star are looked at, in units of the FWHM."""


def estimate_psfs(
    exposures: ExposureSource, options: PsfsConfig, mode: str, log: logging.Logger
) -> EstimatedPsfs | None:
    """Fit the PSFs of exposures to the stars in them.

    Stars are points: that tells how far all PSFs are wider than their models.
    Where the points are is told by the convention that the mean of the
    centroids of all PSFs, weighted as the exposures are, is that of the PSFs
    that were begun with.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    options : `PsfsConfig`
        How to fit.
    mode : `str`
        ``refine`` to begin with the PSFs that there are, ``estimate`` to use
        no more than about their widths.
    log : `logging.Logger`
        Told what was found.

    Returns
    -------
    psfs : `EstimatedPsfs` or `None`
        `None` where there are too few stars to refine by.

    Raises
    ------
    UnknownPsfError
        Raised if there are too few stars to estimate by.
    """
    tiles = chosen_tiles(exposures.box, options.tile_size, options.tiles)
    with blas_with_one_thread():
        stars = _find_stars(exposures, tiles)
        if stars and mode == "estimate":
            exposures = _on_larger_stamps(exposures, REACH * _fwhm_of(stars))
        on_tiles = [tile for tile in tiles if _on(stars, tile)]
        psfs = _Fit(exposures, options, mode, on_tiles, stars).run() if stars else None
    if psfs is None or psfs.n_stars < LEAST_STARS:
        message = (
            f"The patch {exposures.box} has no {LEAST_STARS} bright stars that agree on a PSF, which would "
            "have to tell how far all PSFs are blurred."
        )
        if mode == "estimate":
            raise UnknownPsfError(message + " Give PSFs, and set psf_mode to refine or fixed.")
        log.warning("%s The PSFs stay as they are.", message)
        return None
    widths = [psf_fwhm(kernel) for kernel in psfs.psf.at(*exposures.box.center)]
    log.info("Fitted PSFs to %d stars: FWHM %.2f to %.2f pixels.", psfs.n_stars, min(widths), max(widths))
    return psfs


def are_far_off(exposures: ExposureSource, options: PsfsConfig) -> bool:
    """Tell whether PSFs are too wrong to begin a fit with.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    options : `PsfsConfig`
        Where stars are looked for.

    Returns
    -------
    are_far_off : `bool`
        Whether the widths of stars are others; not so where there are none.
    """
    tiles = chosen_tiles(exposures.box, options.tile_size, options.tiles)
    with blas_with_one_thread():
        if not (stars := _find_stars(exposures, tiles)):
            return False
        on_tiles = [tile for tile in tiles if _on(stars, tile)]
        seen = _Fit(exposures, options, "estimate", on_tiles, stars).start
    middle = exposures.box.center
    widths = [[psf_fwhm(kernel) for kernel in psf.at(*middle)] for psf in (seen, exposures.psf)]
    return float(np.sqrt(np.mean(np.diff(np.log(widths), axis=0) ** 2))) > FAR_OFF


def _find_stars(exposures: ExposureSource, tiles: Sequence[Box]) -> list[Star]:
    """Return the stars of tiles, as wide as the PSFs say or not."""
    stacks = [(_around(exposures, tile), tile) for tile in tiles]
    for scale in SCALES:
        candidates = [star for stack, tile in stacks for star in find_candidates(stack, tile, scale)]
        if stars := agreeing_stars(candidates):
            return stars
    return []


def _fwhm_of(stars: Sequence[Star]) -> float:
    return FWHM_PER_SIGMA * float(np.median([star.size for star in stars]))


def _on_larger_stamps(exposures: ExposureSource, radius: float) -> ExposureSource:
    """Return exposures whose kernels reach so far, if theirs do not."""
    size = 2 * int(np.ceil(radius)) + 1
    if size <= exposures.psf.size:
        return exposures
    kernels = padded_kernels(exposures.psf.kernels, size)
    psf = PsfKernels(kernels, exposures.psf.box, exposures.psf.cell_shape)
    return with_psfs(exposures, EstimatedPsfs(exposures.visits, psf, np.zeros(0), 0))


def _around(exposures: ExposureSource, tile: Box) -> ExposureStack:
    reach = largest_margin(exposures.psf.radius) + exposures.psf.radius
    return exposures.cutout(tile.grown_by(reach).intersection(exposures.box))


def _on(stars: Sequence[Star], tile: Box) -> list[Star]:
    rows, columns = (tile.y_start, tile.y_stop), (tile.x_start, tile.x_stop)
    return [s for s in stars if rows[0] <= round(s.y) < rows[1] and columns[0] <= round(s.x) < columns[1]]


class _Fit:
    """The fit of one patch."""

    def __init__(
        self,
        exposures: ExposureSource,
        options: PsfsConfig,
        mode: str,
        tiles: Sequence[Box],
        stars: Sequence[Star],
    ) -> None:
        self._exposures, self._options, self._tiles, self._stars = exposures, options, tiles, stars
        self._fwhm = _fwhm_of(stars)
        self._share = 1.0 / exposures.median_variances()
        self.start = exposures.psf
        if mode == "estimate":
            kernels = moffat_kernels(self._stamps(exposures.psf, subtract=False), self._fwhm)
            self.start = PsfKernels.constant(kernels, exposures.box)

    def run(self) -> EstimatedPsfs:
        middle = self.start.at(*self._exposures.box.center).astype(np.float64)
        size = middle.shape[-1]
        width = np.array([prior_width(psf_fwhm(kernel), size, self._options.prior) for kernel in middle])
        changes = errors = np.zeros_like(middle)
        psf, n_stars = self.start, 0
        for _ in range(self._options.rounds):
            stamps = self._stamps(psf, subtract=True)
            stamps = _points_alone(fit_points(stamps), self._fwhm, MISFITS[0])
            for _ in range(INNER_ROUNDS):
                found = fit_changes(stamps, changes, width)
                new = self._recentred(normalised(middle + found.values), middle)
                stamps = fit_points(stamps.with_kernel_changes(new - middle - changes))
                changes, errors = new - middle, found.errors
            psf = self._changed(changes)
            n_stars = len(_points_alone(stamps, self._fwhm, MISFITS[1]))
        return EstimatedPsfs(self._exposures.visits, psf, errors.astype(np.float32), n_stars)

    def _stamps(self, psf: PsfKernels, *, subtract: bool) -> StarStamps:
        exposures = with_psfs(self._exposures, EstimatedPsfs(self._exposures.visits, psf, np.zeros(0), 0))
        parts = [
            self._of_all(
                stamps_of_tile(stack, tile, _on(self._stars, tile), self._fwhm, subtract=subtract), stack
            )
            for tile in self._tiles
            for stack in [_around(exposures, tile)]
        ]
        return joined(parts)

    def _of_all(self, stamps: StarStamps, stack: ExposureStack) -> StarStamps:
        """Return stamps of all exposures, be they on the tile or not."""
        if stack.visits == self._exposures.visits:
            return stamps
        index = [self._exposures.visits.index(visit) for visit in stack.visits]
        shape = (len(stamps), len(self._exposures), *stamps.image.shape[2:])
        planes = {}
        for name in ("image", "weight", "kernels"):
            planes[name] = np.zeros(shape)
            planes[name][:, index] = getattr(stamps, name)
        return dataclasses.replace(stamps, **planes)

    def _recentred(self, kernels: np.ndarray, middle: np.ndarray) -> np.ndarray:
        """Return kernels whose mean place is that of those that were begun with."""
        moves = np.array(
            [
                centroid(new, self._fwhm) - centroid(old, self._fwhm)
                for new, old in zip(kernels, middle, strict=True)
            ]
        )
        back = -(self._share @ moves) / self._share.sum()
        along_y, along_x = (shift_matrices(back[axis : axis + 1], kernels.shape[-1])[0] for axis in (0, 1))
        return normalised(moved(kernels, along_y, along_x))

    def _changed(self, changes: np.ndarray) -> PsfKernels:
        kernels = self.start.kernels + changes[:, None, None]
        missing = np.isnan(kernels).all(axis=(-1, -2), keepdims=True)
        return PsfKernels(
            np.where(missing, np.nan, normalised(np.where(missing, 1.0, kernels))),
            self.start.box,
            self.start.cell_shape,
        )


def _points_alone(stamps: StarStamps, fwhm: float, most: float) -> StarStamps:
    """Return the stamps without sources that differ from points by more than a share of them."""
    model = stamps.model()
    along = np.arange(stamps.image.shape[-1]) - stamps.image.shape[-1] // 2
    core = (np.hypot(along[:, None], along[None, :]) < CORE * fwhm) & (stamps.weight > 0)
    noise = np.divide(1.0, stamps.weight, where=core, out=np.zeros_like(stamps.weight))
    rest = np.sum(((stamps.image - model) ** 2 - noise) * core, axis=(1, 2, 3))
    good = (rest < most**2 * np.sum(model**2 * core, axis=(1, 2, 3))) & (stamps.flux > 0)
    names = [field.name for field in dataclasses.fields(StarStamps)]
    return StarStamps(**{name: getattr(stamps, name)[good] for name in names})
