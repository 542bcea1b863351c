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

"""Which methods there are, and what runs each of them."""

from __future__ import annotations

__all__ = ("TARGET_FWHM", "Runner", "make_runners", "warm_up")

import contextlib
import importlib
from collections.abc import Callable, Iterator, Sequence

from lsst.acn import Box, ExposureStack
from lsst.acn.simulation import SimulationConfig, simulate_field

from . import classic, linear_coadds, networks, rubin, starred
from .restored import Restored

TARGET_FWHM = 2.5
"""Full width at half maximum, in pixels, of the PSF that methods restore to by default."""

UPDATES = (50, 150, 400)
QUICK_UPDATES = (50, 150)
QUICK_STARRED_ITERATIONS = 30

Runner = Callable[[ExposureStack], Iterator[Restored]]
"""What yields restorations of some exposures."""


def make_runners(
    quick: bool = False,
    wanted: Sequence[str] | None = None,
    updates: Sequence[int] | None = None,
    target_fwhm: float = TARGET_FWHM,
) -> tuple[dict[tuple[str, ...], Runner], dict[str, str]]:
    """Return what yields restorations, and why some methods are missing.

    Parameters
    ----------
    quick : `bool`, optional
        Whether to do little.
    wanted : `~collections.abc.Sequence` [`str`], optional
        Parts of the names of the methods to run; by default all.
    updates : `~collections.abc.Sequence` [`int`], optional
        After how many plain updates ImageMM is looked at, ascending.
    target_fwhm : `float`, optional
        Full width at half maximum, in pixels, of the PSF to restore to.

    Returns
    -------
    runners : `dict` [`tuple` [`str`, ...], `~collections.abc.Callable`]
        By the names of the methods that each yields.
    skipped : `dict` [`str`, `str`]
        The reason, by name of the method.
    """
    updates = updates or (QUICK_UPDATES if quick else UPDATES)
    skipped = {}
    if not starred.is_installed():
        skipped[starred.NAME] = "not installed: it comes with the extra `peers`"
    if not networks.shipped_network_is_there():
        skipped[networks.SHIPPED] = "there is no network in the package yet"
    kept = {
        names: runner
        for names, runner in (_peers(quick, updates, target_fwhm) | _own(quick, target_fwhm)).items()
        if names[0] not in skipped and (not wanted or any(part in name for part in wanted for name in names))
    }
    return kept, skipped


def _peers(quick: bool, updates: Sequence[int], fwhm: float) -> dict[tuple[str, ...], Runner]:
    iterations = QUICK_STARRED_ITERATIONS if quick else starred.ITERATIONS
    return {
        ("coadd", "coadd, matched filter"): classic.coadd,
        (linear_coadds.LIKELIHOOD, linear_coadds.PROPER, linear_coadds.AT_TARGET): (
            lambda stack: linear_coadds.linear_coadds(stack, fwhm)
        ),
        ("Richardson–Lucy",): lambda stack: classic.richardson_lucy(stack, fwhm),
        (rubin.NAME,): lambda stack: rubin.rubin_deconvolution(stack, fwhm),
        (*(f"ImageMM {number}" for number in updates), classic.MATCHED): (
            lambda stack: classic.image_mm_updates(stack, fwhm, updates)
        ),
        (networks.ACCELERATED,): _runner_of(networks.ACCELERATED, quick, fwhm),
        (starred.NAME,): lambda stack: starred.starred(stack, fwhm, iterations=iterations),
    }


def _own(quick: bool, fwhm: float) -> dict[tuple[str, ...], Runner]:
    return {(name,): _runner_of(name, quick, fwhm) for name in networks.OWN}


def _runner_of(name: str, quick: bool, fwhm: float) -> Runner:
    config = networks.network_config(name, fwhm, quick=quick)
    return lambda stack: networks.restore_with(name, config, stack)


def warm_up(methods: Sequence[str]) -> None:
    """Import what some methods need, so that none pays for it in its time.

    Parameters
    ----------
    methods : `~collections.abc.Sequence` [`str`]
        Their names.
    """
    names = ["sep", "skimage.restoration"]
    if set(methods) & {networks.PAPER, networks.TRAINED}:
        names += ["keras.ops"]
    if starred.NAME in methods:
        names += ["starred.deconvolution.deconvolution", "starred.optim.optimization"]
    for name in names:
        importlib.import_module(name)
    if networks.SHIPPED in methods:
        # The first network of a process waits for its backend.  Should it fail, it does so again where the
        # tables tell of it.
        with contextlib.suppress(Exception):
            _restore_something(networks.SHIPPED)


def _restore_something(name: str) -> None:
    box = Box.from_shape((48, 48))
    tiny = simulate_field(SimulationConfig(seed=1, box=box, visits=3, psf_size=21)).stack
    list(networks.restore_with("warm-up", networks.network_config(name, TARGET_FWHM), tiny))
