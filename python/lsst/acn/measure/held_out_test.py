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

"""Restore again without some exposures, and see how well these are foretold."""

from __future__ import annotations

__all__ = ("HeldOutTest", "run_held_out_test")

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..coadd.coaddition import Coadd, assemble_coadd
from ..errors import InvalidExposureError
from ..exposures.boxes import Box
from ..exposures.estimated_psfs import EstimatedPsfs, with_psfs
from ..exposures.finer_exposures import measured_alone, on_finer_grid
from ..exposures.noise_unit import noise_unit
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..machine.threads import cores
from ..metrics import (
    Chi2Excess,
    PixelClasses,
    classify_pixels,
    image_excess,
    latent_excess,
    psf_fwhm,
    richest_box,
)
from ..nuisances.held_out import fit_to_latent
from ..restoration_config import RestorationConfig


@dataclasses.dataclass(frozen=True, eq=False)
class HeldOutTest:
    """Chi-square excess on held-out exposures, of a restoration and its peers.

    Parameters
    ----------
    visits : `tuple` [`int`]
        Exposures that were held out.
    box : `Box`
        Pixels that were restored, on the grid of the restoration.
    restored : `Chi2Excess`
        Excess of the restoration in source pixels.
    restored_sky : `Chi2Excess`
        The same in sky pixels.
    coadd : `Chi2Excess`
        Excess in source pixels of the coadd of the exposures that were kept,
        as it stands.
    coadd_as_latent : `Chi2Excess`
        The same when the coadd is taken for the latent image, so that each
        PSF blurs it a second time.
    history : `~collections.abc.Mapping` [`str`, `numpy.ndarray`]
        Training of the restoration, as in `RestorationResult`.
    """

    visits: tuple[int, ...]
    box: Box
    restored: Chi2Excess
    restored_sky: Chi2Excess
    coadd: Chi2Excess
    coadd_as_latent: Chi2Excess
    history: Mapping[str, np.ndarray]


def run_held_out_test(
    exposures: ExposureSource,
    held_out: Sequence[int],
    config: RestorationConfig,
    *,
    threshold: float = 5.0,
    size: int | None = None,
    sources: np.ndarray | None = None,
    network: Mapping[str, Any] | None = None,
    psfs: EstimatedPsfs | None = None,
    log: logging.Logger | None = None,
    n_cores: int | None = None,
) -> HeldOutTest:
    """Restore a part of a patch without some exposures and test it on them.

    Parameters
    ----------
    exposures : `ExposureSource`
        All exposures, on their own pixels.
    held_out : `~collections.abc.Sequence` [`int`]
        Visits that the restoration must not see.
    config : `RestorationConfig`
        How to restore, and on which grid.
    threshold : `float`, optional
        Significance of source pixels, as in `metrics.classify_pixels`.
    size : `int`, optional
        Side of the part in pixels of the restored image: that with most source
        pixels.  By default the whole patch.
    sources : `numpy.ndarray`, optional
        Source pixels by which the part is chosen, shape of the restored patch;
        by default those of the coadd of the exposures that are kept.
    network : `~collections.abc.Mapping`, optional
        Trained network that the restoration begins with.
    psfs : `EstimatedPsfs`, optional
        PSFs that the exposures were taken to have on the grid of the
        restoration, if not their own.  All exposures have told of them.
    log : `logging.Logger`, optional
        Told of the progress.
    n_cores : `int`, optional
        Cores to use, as in `~lsst.acn.restoration.restore`.

    Returns
    -------
    test : `HeldOutTest`
        The excess of the restoration and of its peers.

    Raises
    ------
    InvalidExposureError
        Raised if a visit is not in the stack, or too few are left.
    TrainingDivergedError
        Raised if the restoration fails.

    Notes
    -----
    Source pixels are those of the coadd of the exposures that were kept: by
    the coadd of all, the noise of the held-out exposures would have a say in
    which of their pixels count.

    On a finer grid, exposures are compared where they have been measured; the
    peers are the coadd of the exposures on their own pixels, and so know
    nothing of dithers.
    """
    from ..psfs.prepared_exposures import find_corrections, with_known_psfs
    from ..restoration import restore_latent

    if unknown := sorted(set(held_out) - set(exposures.visits)):
        raise InvalidExposureError(
            f"Visits {unknown}, to be held out, are not among {list(exposures.visits)}."
        )
    exposures = with_psfs(on_finer_grid(exposures, config.upsampling), psfs)
    box = exposures.box
    if size is not None and sources is None:
        sources = _source_pixels(_split(exposures.cutout(box), held_out)[0], threshold)
    if size is not None and sources is not None:
        # Whole pixels of the exposures.
        part = richest_box(sources, box, size).on_coarser_grid(config.upsampling)
        box = part.on_finer_grid(config.upsampling)
    kept, others = _split(exposures.cutout(box), held_out)
    coadd = assemble_coadd(kept)
    pixels = _classify(coadd, box, threshold)
    with cores(n_cores):
        corrections = find_corrections(kept, config, log or logging.getLogger(__name__))
    as_it_is = with_known_psfs(config)
    as_it_is.nuisances.passes, as_it_is.upsampling = 0, 1
    latent, history = restore_latent(
        corrections.applied(kept), as_it_is, network=network, log=log, n_cores=n_cores
    )
    latent_box = kept.box.grown_by(kept.psf.radius)
    # All that is compared from here on, in units of the noise.
    factor = 1.0 / noise_unit(kept)
    others = measured_alone(others)
    others, latent, corrections = others.in_unit(factor), latent * factor, corrections.in_unit(factor)
    if config.nuisances.passes:
        # A sky, a shift and so on of their own are no fault of the restoration.
        others = fit_to_latent(others, latent, latent_box, corrections.common_sky, config.nuisances).applied(
            others
        )
    # The blur of the PSF must not spread missing pixels.
    image = coadd.image * np.float32(factor)
    coadd_image = np.where(np.isfinite(image), image, 0.0)
    return HeldOutTest(
        visits=others.visits,
        box=box,
        restored=latent_excess(others, latent, latent_box, pixels.source),
        restored_sky=latent_excess(others, latent, latent_box, pixels.sky),
        coadd=image_excess(others, image, pixels.source),
        coadd_as_latent=latent_excess(others, coadd_image, box, pixels.source),
        history=history,
    )


def _split(stack: ExposureStack, held_out: Sequence[int]) -> tuple[ExposureStack, ExposureStack]:
    """Return the exposures that are kept, and the others."""
    is_held_out = np.isin(stack.visits, held_out)
    if not is_held_out.any():
        raise InvalidExposureError(f"None of the visits {list(held_out)} reaches {stack.box}.")
    kept, others = (stack.select(np.flatnonzero(which)) for which in (~is_held_out, is_held_out))
    return kept, others


def _source_pixels(kept: ExposureStack, threshold: float) -> np.ndarray:
    return _classify(assemble_coadd(kept), kept.box, threshold).source


def _classify(coadd: Coadd, box: Box, threshold: float) -> PixelClasses:
    fwhm = psf_fwhm(coadd.psf.at(*box.center)[0])
    return classify_pixels(coadd.image, coadd.variance, fwhm, threshold=threshold)
