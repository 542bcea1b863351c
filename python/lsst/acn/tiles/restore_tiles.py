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

"""Restore a patch tile by tile, while its exposures pass by."""

from __future__ import annotations

__all__ = ("OnStrip", "restore_tiles")

import functools
import logging
from collections.abc import Callable

import numpy as np

from ..exposures.boxes import Box
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..machine.progress import progress_bar
from ..machine.threads import blas_with_one_thread, cores_in_use, in_turn, side_thread
from ..restoration_config import TilesConfig
from .grid import TileBlender, tile_grid

LOG_SECONDS = 10.0

OnStrip = Callable[[Box, ExposureStack], None]
"""Told the rows that are restored next, and the exposures on these and more."""

Restored = tuple[np.ndarray, np.ndarray | None]
"""Latent image and, where it is wanted, variance of the restored image."""


def restore_tiles(
    exposures: ExposureSource,
    restore_tile: Callable[[ExposureStack, Box], Restored],
    options: TilesConfig,
    *,
    reach: int,
    log: logging.Logger,
    on_strip: OnStrip | None = None,
) -> Restored:
    """Restore overlapping tiles, as many at once as there are cores, and blend them.

    Parameters
    ----------
    exposures : `ExposureSource`
        The exposures.
    restore_tile : `~collections.abc.Callable`
        Takes exposures and a tile of the latent image; returns the latent
        image on the tile and, if it is wanted, the variance of the restored
        image on that part of the tile that is in the patch.  Called from
        several threads.
    options : `TilesConfig`
        Size and overlap of the tiles.
    reach : `int`
        Rows around a tile from which exposures matter.
    log : `logging.Logger`
        Told of the progress.
    on_strip : `~collections.abc.Callable`, optional
        Told of the strips as they pass.

    Returns
    -------
    latent : `numpy.ndarray`
        On the patch grown by half a PSF kernel; 0 in rows that no exposure
        reaches.
    variance : `numpy.ndarray` or `None`
        On the patch; infinite in such rows.
    """
    # Imports astropy, which nothing else here needs.
    from lsst.utils.logging import PeriodicLogger

    latent_box = exposures.box.grown_by(exposures.psf.radius)
    latent, variance = TileBlender(latent_box, options.overlap), TileBlender(exposures.box, options.overlap)
    progress = PeriodicLogger(log, interval=LOG_SECONDS)
    has_variance, n_rows = False, 0
    with (
        side_thread("on-strip", cores_in_use()) as listener,
        blas_with_one_thread(),
        progress_bar("Restoring", log) as advance,
    ):
        for rows, strip in exposures.strips(options.overlap + reach):
            told = None if on_strip is None else listener.submit(on_strip, rows, strip)
            n_rows += rows.shape[0]
            tiles = tile_grid(
                _latent_rows(rows, exposures.box, latent_box, options),
                options.restoring_size,
                options.overlap,
            )
            restored = in_turn(functools.partial(restore_tile, strip), tiles, len(tiles))
            for tile, (image, square) in zip(tiles, restored, strict=True):
                latent.add(tile, image)
                if square is not None:
                    has_variance = True
                    variance.add(tile.intersection(exposures.box), square)
                progress.log("Restored %s of %s.", tile, latent_box)
                advance(rows.shape[0] / exposures.box.shape[0] / len(tiles))
            if told is not None:
                told.result()
    # Rows that no exposure reaches were passed over.
    is_whole = n_rows == exposures.box.shape[0]
    image = latent.result(empty=None if is_whole else 0.0)
    return image, variance.result(empty=None if is_whole else np.inf) if has_variance else None


def _latent_rows(rows: Box, patch: Box, latent_box: Box, options: TilesConfig) -> Box:
    """Return the rows of the latent image to restore along with some rows of
    the patch; neighbours overlap.
    """
    fade = options.overlap // 2
    first = latent_box.y_start if rows.y_start == patch.y_start else rows.y_start - fade
    last = latent_box.y_stop if rows.y_stop == patch.y_stop else rows.y_stop + options.overlap - fade
    return Box(first, last, latent_box.x_start, latent_box.x_stop)
