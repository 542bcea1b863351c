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

"""From the inputs of a quantum to the exposures of a patch."""

from __future__ import annotations

__all__ = ("WarpInputs", "WarpReader")

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lsst.pipe.base import InputQuantizedConnection, NoWorkFound, QuantumContext

from ..errors import InvalidExposureError
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..image_io import CoaddInput, WarpStream, open_exposures
from .config import WarpInputsConfig
from .lost_warps import find_lost_warps

GIBIBYTE = 2**30


@dataclasses.dataclass(frozen=True, eq=False)
class WarpInputs:
    """The warps of one patch and band, and what they are.

    Parameters
    ----------
    exposures : `ExposureSource`
        Pixels and PSFs of the warps that have valid pixels, in memory or to
        be read piece by piece.
    identities : `tuple` [`CoaddInput`]
        Instrument, visit, filter and night of all warps.
    n_cores : `int`, optional
        Cores that the quantum may use.
    handles : `~collections.abc.Mapping` [`int`, `typing.Any`], optional
        Dataset handles of the warps by visit, for what is read of them besides
        pixels and PSFs.
    """

    exposures: ExposureSource
    identities: tuple[CoaddInput, ...]
    n_cores: int = 1
    handles: Mapping[int, Any] = dataclasses.field(default_factory=dict)


class WarpReader:
    """The warps of a quantum, and what there is to choose and read them by.

    Parameters
    ----------
    butlerQC : `lsst.pipe.base.QuantumContext`
        Where everything is read from.
    inputRefs : `lsst.pipe.base.InputQuantizedConnection`
        References of all inputs.
    config : `WarpInputsConfig`
        Which warps and pixels are used.
    log : `logging.Logger`
        Where it is told what is left out.

    Raises
    ------
    InvalidExposureError
        Raised if the file of a warp is gone, unless ``allow_lost_warps`` is
        set.

    Notes
    -----
    Nothing but visit selections is read before `open` is called.
    """

    def __init__(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        config: WarpInputsConfig,
        log: Any,
    ) -> None:
        self._config, self._log = config, log
        sky_map_ref = getattr(inputRefs, "sky_map", None)
        self._sky_map = butlerQC.get(sky_map_ref) if sky_map_ref else None
        masks = butlerQC.get(getattr(inputRefs, "artifact_masks", []))
        self._masks = {_warp_key(handle): handle for handle in masks}
        selections = butlerQC.get(getattr(inputRefs, "visit_selection", []))
        self.n_cores = int(butlerQC.resources.num_cores)
        """Cores that the quantum may use (`int`)."""
        self.warps: list[Any] = self._choose(butlerQC.get(inputRefs.warps), selections)
        """Handles of the warps that may be read (`list`)."""
        self.lost_visits: list[int] = self._check_lost(find_lost_warps(butlerQC, inputRefs.warps))
        """Visits whose warps have no file any more (`list` [`int`])."""

    def _choose(self, warps: Sequence[Any], selections: Iterable[Any]) -> list[Any]:
        selected = {_patch_key(handle): _visits(handle.get()) for handle in selections}
        chosen = [
            warp
            for warp in warps
            if (visits := selected.get(_patch_key(warp))) is None or int(warp.dataId["visit"]) in visits
        ]
        if self._config.require_artifact_masks:
            chosen = [warp for warp in chosen if _warp_key(warp) in self._masks]
        if len(chosen) < len(warps):
            self._log.info("%d of %d warps are selected.", len(chosen), len(warps))
        return chosen

    def _check_lost(self, lost: Sequence[Any]) -> list[int]:
        visits = sorted(int(reference.dataId["visit"]) for reference in lost)
        if not visits:
            return visits
        told = f"The files of the warps of visits {visits} are gone; the first is {lost[0]}"
        if not self._config.allow_lost_warps:
            raise InvalidExposureError(
                f"{told}.  Bring them back or remove the datasets from the repository; to go on without "
                "them, set allow_lost_warps.",
                n_lost=len(visits),
            )
        self._log.warning("%s. They are left out.", told)
        return visits

    def open(
        self, warps: Sequence[Any], band: str | None = None, *, finer_psfs: bool = False
    ) -> ExposureStack | WarpStream:
        """Read the warps of one patch, or make ready to read a large one.

        Parameters
        ----------
        warps : `~collections.abc.Sequence`
            Some of the handles in ``warps``.
        band : `str`, optional
            Name of the band; by default what the warps say.
        finer_psfs : `bool`, optional
            Ask PSF models what is between pixels, too.

        Returns
        -------
        exposures : `ExposureStack` or ``WarpStream``
            The exposures whose PSF is good enough, by ascending visit.

        Raises
        ------
        InvalidExposureError
            Raised if a warp cannot be used.
        lsst.pipe.base.NoWorkFound
            Raised if there is no warp, or none of use.
        """
        if not warps:
            raise NoWorkFound("No warp is selected.")
        exposures = open_exposures(
            warps,
            max_bytes=int(self._config.max_stack_memory * GIBIBYTE),
            bad_mask_planes=self._config.bad_mask_planes,
            psf_cell_size=self._config.psf_cell_size,
            n_cores=self.n_cores,
            band=band,
            sky_map=self._sky_map,
            use_sky_map_cells=self._config.use_sky_map_cells,
            artifact_masks=self._masks_of(warps),
            finer_psfs=finer_psfs,
        )
        if isinstance(exposures, WarpStream):
            self._log.info(
                "%d warps are read in %d pieces, for together they need more than max_stack_memory.",
                len(exposures),
                len(exposures.bands()),
            )
        return self._reject(exposures)

    def _masks_of(self, warps: Sequence[Any]) -> Mapping[int, Any]:
        masks = {
            int(warp.dataId["visit"]): self._masks[key]
            for warp in warps
            if (key := _warp_key(warp)) in self._masks
        }
        if masks and len(masks) < len(warps):
            without = sorted({int(warp.dataId["visit"]) for warp in warps} - masks.keys())
            self._log.warning("There are no masks of artifacts for visits %s.", without)
        return masks

    def _reject(self, stack: ExposureStack | WarpStream) -> ExposureStack | WarpStream:
        if not self._config.psf_quality.is_active():
            return stack
        reasons = self._config.psf_quality.reasons_to_reject(stack)
        for index, reason in reasons.items():
            self._log.info("Visit %d is left out: %s.", stack.visits[index], reason)
        if len(reasons) == len(stack):
            raise NoWorkFound("No warp has a PSF within the limits of psf_quality.")
        return stack.select([n for n in range(len(stack)) if n not in reasons]) if reasons else stack


def _visits(selection: Mapping[Any, Any]) -> set[int]:
    """Return the visits that a selection lists; keys are text in some formats."""
    return {int(visit) for visit, is_selected in selection.items() if is_selected}


def _patch_key(handle: Any) -> tuple[str, int, int]:
    data_id = handle.dataId
    return str(data_id["instrument"]), int(data_id["tract"]), int(data_id["patch"])


def _warp_key(handle: Any) -> tuple[str, int, int, int]:
    return *_patch_key(handle), int(handle.dataId["visit"])
