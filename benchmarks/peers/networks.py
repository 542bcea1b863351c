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

"""The networks: the paper's, and cross-exposure training."""

from __future__ import annotations

__all__ = ("SHIPPED", "TRAINED", "network_config", "restore_with", "shipped_network_is_there")

import logging
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np

from lsst.acn import ExposureStack, RestorationConfig, gaussian_kernel
from lsst.acn.forward.target_psf import convolve_to_target
from lsst.acn.methods.cross_exposure.network.shipped import FILE
from lsst.acn.restoration import make_method, matching_kernel_fwhm

from ..scoreboard.score import Restored
from .cost import Cost

PAPER = "paper's network"
TRAINED = "cross-exposure, trained"
SHIPPED = "cross-exposure, shipped"

PAPER_CONFIG = Path(__file__).parents[2] / "config" / "paper.py"
SCRATCH_CONFIG = PAPER_CONFIG.with_name("from_scratch.py")
QUICK_EPOCHS = 20
QUICK_STEPS = 40
QUICK_SAMPLES = 8


def shipped_network_is_there() -> bool:
    """Return whether the package has a trained network inside."""
    return (files("lsst.acn") / "data" / FILE).is_file()


def network_config(method: str, target_fwhm: float, *, quick: bool = False) -> RestorationConfig:
    """Return the configuration of one of the networks.

    Parameters
    ----------
    method : `str`
        `PAPER`, `TRAINED` or `SHIPPED`.
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
        method = make_method(stack, config)
        method.fit(log)
        # Not a cost within a cost: to make ready for measuring memory takes time of its own.
        start = time.perf_counter()
        latent, _ = method.restore(None, log)
        restoring_seconds = time.perf_counter() - start
        kernel = gaussian_kernel(matching_kernel_fwhm(method, config, log))
        latent_box = stack.box.grown_by(stack.psf.radius)
        image = convolve_to_target(latent, latent_box, kernel, stack.box)
    if not np.isfinite(image).all():
        raise FloatingPointError(f"The image of {name} is not finite.")
    with Cost() as variance_cost:
        _, variance = method.restore(kernel, log)
    yield Restored(
        name,
        image,
        cost.seconds,
        max(cost.peak_mib, variance_cost.peak_mib),
        variance=variance,
        variance_seconds=max(variance_cost.seconds - restoring_seconds, 0.0),
    )
