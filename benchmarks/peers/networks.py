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

"""What the package itself restores with: the networks, and ImageMM as it is meant to be used."""

from __future__ import annotations

__all__ = (
    "ACCELERATED",
    "OWN",
    "PAPER",
    "SHIPPED",
    "TRAINED",
    "network_config",
    "restore_with",
    "shipped_network_is_there",
)

import contextlib
import copy
import logging
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np

from lsst.acn import ExposureStack, RestorationConfig, TrainingDivergedError, restore
from lsst.acn.methods.cross_exposure.network.shipped import FILE
from lsst.acn.restoration import restore_latent

from .cost import Cost
from .restored import Restored

PAPER = "paper's network"
TRAINED = "cross-exposure, trained"
SHIPPED = "cross-exposure, shipped"
OWN = (PAPER, TRAINED, SHIPPED)
"""The networks, in the order of the tables."""

ACCELERATED_UPDATES = 40
ACCELERATED = f"ImageMM {ACCELERATED_UPDATES}, accelerated"

PAPER_CONFIG = Path(__file__).parents[2] / "config" / "paper.py"
SCRATCH_CONFIG = PAPER_CONFIG.with_name("from_scratch.py")
QUICK_EPOCHS = 20
QUICK_STEPS = 40
QUICK_SAMPLES = 8


def shipped_network_is_there() -> bool:
    """Return whether the package has a trained network inside."""
    return (files("lsst.acn") / "data" / FILE).is_file()


def network_config(method: str, target_fwhm: float, *, quick: bool = False) -> RestorationConfig:
    """Return the configuration of a method of the package.

    Parameters
    ----------
    method : `str`
        One of `OWN`, or `ACCELERATED`.
    target_fwhm : `float`
        Full width at half maximum of the target PSF in pixels.
    quick : `bool`, optional
        Whether to train far too little.

    Returns
    -------
    config : `~lsst.acn.RestorationConfig`
        The method's defaults but for that.
    """
    files = {PAPER: PAPER_CONFIG, TRAINED: SCRATCH_CONFIG}
    config = _load_config(files[method]) if method in files else RestorationConfig()
    config.target_psf_fwhm = target_fwhm
    if method == ACCELERATED:
        config.method = "image_mm"
        # A peer is what was published, which takes exposures as they are.
        config.nuisances.passes = 0
        config.image_mm.iterations = ACCELERATED_UPDATES
    if quick and method in files:
        config.paper.training.epochs = QUICK_EPOCHS
        config.cross_exposure.steps = QUICK_STEPS
        config.cross_exposure.samples = QUICK_SAMPLES
    return config


def _load_config(path: Path) -> RestorationConfig:
    from lsst.acn.restore_coadd import RestoreCoaddConfig

    config = RestoreCoaddConfig()
    config.load(str(path))
    return config.restoration


def restore_with(name: str, config: RestorationConfig, stack: ExposureStack) -> Iterator[Restored]:
    """Yield what a configuration makes of the exposures.

    Parameters
    ----------
    name : `str`
        What to call it.
    config : `~lsst.acn.RestorationConfig`
        Method and its options.
    stack : `~lsst.acn.ExposureStack`
        The exposures.

    Yields
    ------
    restored : `Restored`
        With the time of training and restoring, and, apart from it, that of
        the variance plane.
    """
    log = logging.getLogger("scoreboard.networks")
    with Cost() as cost:
        result = restore(stack, config, log=log)
    if not np.isfinite(result.image).all():
        raise FloatingPointError(f"The image of {name} is not finite.")
    with_variance = float(result.summary["restore_seconds"])
    variance_seconds = max(with_variance - _seconds_without_variance(config, stack, log), 0.0)
    yield Restored(
        name,
        result.image,
        cost.seconds - variance_seconds,
        cost.peak_mib,
        variance=result.variance,
        variance_seconds=variance_seconds,
    )


def _seconds_without_variance(config: RestorationConfig, stack: ExposureStack, log: logging.Logger) -> float:
    """Return the time of restoring the latent image alone.

    Nothing is trained, for restoring takes as long whatever the weights are;
    that an image is empty without training does not matter here.
    """
    untrained = copy.deepcopy(config)
    untrained.paper.training.epochs = untrained.cross_exposure.steps = 0
    with Cost() as cost, contextlib.suppress(TrainingDivergedError):
        restore_latent(stack, untrained, log=log)
    return cost.seconds
