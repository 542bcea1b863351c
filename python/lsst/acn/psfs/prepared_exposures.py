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


"""Exposures as a method gets them: corrected, and with PSFs that fit."""

from __future__ import annotations

__all__ = ("PreparedExposures", "find_corrections", "prepare", "with_known_psfs")

import dataclasses
import logging
from typing import cast

import numpy as np

from ..errors import InvalidExposureError
from ..exposures.estimated_psfs import EstimatedPsfs, with_psfs
from ..exposures.noise_unit import ExposuresInUnit, in_unit, noise_unit
from ..exposures.source import ExposureSource
from ..nuisances.corrected_exposures import corrected
from ..nuisances.corrections import ExposureCorrections
from ..nuisances.description import log_corrections
from ..nuisances.fit import fit_corrections
from ..restoration_config import RestorationConfig
from .fit import are_far_off, estimate_psfs

TURNS = 2
"""Times that corrections and PSFs are fitted."""


@dataclasses.dataclass(frozen=True, eq=False)
class PreparedExposures:
    """Exposures that are ready to be restored, and what was done to them.

    Parameters
    ----------
    exposures : `ExposureSource`
        Those that have valid pixels, in units of their noise.
    unit : `float`
        That unit, in the one that they came in.
    corrections : `ExposureCorrections`
        What was found wrong with them, in the unit that they came in.
    psfs : `EstimatedPsfs` or `None`
        PSFs that they were given; `None` where they have kept theirs, but for
        the corrections.
    """

    exposures: ExposureSource
    unit: float
    corrections: ExposureCorrections
    psfs: EstimatedPsfs | None


def prepare(exposures: ExposureSource, config: RestorationConfig, log: logging.Logger) -> PreparedExposures:
    """Return exposures without what is wrong with them, in units of their noise.

    Parameters
    ----------
    exposures : `ExposureSource`
        As they are.
    config : `RestorationConfig`
        Its ``nuisances``, ``psf_mode`` and ``psfs`` say what is fitted.  The
        method ``paper`` trains PSFs itself.
    log : `logging.Logger`
        Told what was found.

    Returns
    -------
    prepared : `PreparedExposures`
        To be restored.

    Raises
    ------
    InvalidExposureError
        Raised if no exposure has valid pixels.
    UnknownPsfError
        Raised if PSFs are to be estimated, and there are too few stars.
    """
    exposures = _usable(exposures)
    if len(exposures) == 1:
        log.warning(
            "Visit %s is alone: cosmic rays, trails and other outliers that no mask plane names cannot be "
            "told from light, nor can a residual sky above zero.",
            exposures.visits[0],
        )
    unit = noise_unit(exposures)
    first = None
    if _by_stars(config) and (config.psf_mode == "estimate" or _far_off(exposures, config, log)):
        first = estimate_psfs(in_unit(exposures, 1.0 / unit), config.psfs, "estimate", log)
    corrections, ready, psfs = _fitted_in_turn(exposures, config, unit, first, log)
    return PreparedExposures(with_psfs(ready, psfs), unit, corrections, psfs)


def _fitted_in_turn(
    exposures: ExposureSource,
    config: RestorationConfig,
    unit: float,
    psfs: EstimatedPsfs | None,
    log: logging.Logger,
) -> tuple[ExposureCorrections, ExposureSource, EstimatedPsfs | None]:
    """Fit corrections and PSFs in turn: each is right only with the other."""
    for _ in range(TURNS if _by_stars(config) and config.nuisances.passes else 1):
        exposures = with_psfs(exposures, psfs)
        corrections = find_corrections(exposures, config, log)
        ready = corrected(exposures, corrections, 1.0 / unit)
        refined = estimate_psfs(ready, config.psfs, "refine", log) if _by_stars(config) else None
        if refined is None:
            break
        psfs = refined
    return corrections, ready, psfs


def _by_stars(config: RestorationConfig) -> bool:
    """Tell whether PSFs are fitted to stars; the paper's network trains them itself."""
    return config.psf_mode != "fixed" and config.method != "paper"


def _far_off(exposures: ExposureSource, config: RestorationConfig, log: logging.Logger) -> bool:
    """Tell whether PSFs are too wrong to be refined, and say it."""
    far_off = are_far_off(in_unit(exposures, 1.0 / noise_unit(exposures)), config.psfs)
    if far_off:
        log.warning(
            "PSFs are not as wide as stars: they are too wrong to be refined, and are estimated from the "
            "stars alone."
        )
    return far_off


def with_known_psfs(config: RestorationConfig) -> RestorationConfig:
    """Return a config that takes PSFs as they are.

    Parameters
    ----------
    config : `RestorationConfig`
        Any.

    Returns
    -------
    config : `RestorationConfig`
        A copy.
    """
    copy = cast(RestorationConfig, config.copy())
    copy.psf_mode = "fixed"
    return copy


def find_corrections(
    exposures: ExposureSource, config: RestorationConfig, log: logging.Logger
) -> ExposureCorrections:
    """Return what is wrong with exposures, and say it.

    Parameters
    ----------
    exposures : `ExposureSource`
        All with valid pixels.
    config : `RestorationConfig`
        Its ``nuisances`` say what is fitted.
    log : `logging.Logger`
        Told what was found.

    Returns
    -------
    corrections : `ExposureCorrections`
        Nothing where nothing is to be fitted.
    """
    if not config.nuisances.passes:
        return ExposureCorrections.nothing(exposures.box, exposures.visits)
    unit = noise_unit(exposures)
    corrections = fit_corrections(ExposuresInUnit(exposures, 1.0 / unit), config.nuisances).in_unit(unit)
    kernels = exposures.psf.at(*exposures.box.center)
    log_corrections(corrections, kernels, np.sqrt(exposures.median_variances()), exposures.unit, log)
    return corrections


def _usable(exposures: ExposureSource) -> ExposureSource:
    """Return the exposures that have valid pixels; others have no variance."""
    usable = np.flatnonzero(np.isfinite(exposures.median_variances()))
    if not len(usable):
        raise InvalidExposureError(
            "A restoration needs an exposure with valid pixels; none of visits "
            f"{list(exposures.visits)} has any.",
            n_exposures=0,
        )
    return exposures if len(usable) == len(exposures) else exposures.select(usable)
