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

"""What the tasks that read the warps of a patch have in common."""

from __future__ import annotations

__all__ = ("WarpInputsTask",)

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from lsst.pipe.base import (
    AlgorithmError,
    AnnotatedPartialOutputsError,
    InputQuantizedConnection,
    OutputQuantizedConnection,
    PipelineTask,
    QuantumContext,
)

from ..errors import InvalidExposureError
from ..exposures.source import ExposureSource
from ..exposures.stack import ExposureStack
from ..image_io import CoaddInput
from ..machine.quiet_libraries import quiet_libraries
from ..records.mask_propagation import PropagatedMask, propagate_mask
from .algorithm_errors import as_algorithm_errors
from .config import WarpInputsConfig
from .reader import WarpInputs, WarpReader

quiet_libraries()


class WarpInputsTask(PipelineTask):
    """Base class of tasks that make images from the warps of a patch.

    Notes
    -----
    A subclass implements ``run``, which takes ``inputs``, a `WarpInputs`, and
    what `read_more` returns, and returns a struct with one attribute for each
    of its output connections.

    Warps that cannot be used, or too few of them, raise
    `InvalidExposureError`, an `lsst.pipe.base.AlgorithmError`; the failure is
    recorded in the task's metadata.  Where no warp has a valid pixel, there is
    nothing to do and `lsst.pipe.base.NoWorkFound` is raised.
    """

    ConfigClass: ClassVar[type[WarpInputsConfig]] = WarpInputsConfig

    config: WarpInputsConfig

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        try:
            with as_algorithm_errors():
                more = self.read_more(butlerQC, inputRefs)
                inputs = self.read(butlerQC, inputRefs, finer_psfs=self.needs_finer_psfs(more))
                outputs = self.run(inputs=inputs, **more)
        except AlgorithmError as error:
            raise AnnotatedPartialOutputsError.annotate(error, self, log=self.log) from error
        butlerQC.put(outputs, outputRefs)

    def read_more(self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection) -> dict[str, Any]:
        """Read what a subclass needs besides the warps.

        Parameters
        ----------
        butlerQC : `lsst.pipe.base.QuantumContext`
            Where it is read from.
        inputRefs : `lsst.pipe.base.InputQuantizedConnection`
            References of all inputs.

        Returns
        -------
        more : `dict` [`str`, `typing.Any`]
            Further keyword arguments of ``run``.
        """
        return {}

    def needs_finer_psfs(self, more: Mapping[str, Any]) -> bool:
        """Tell whether PSFs are wanted on a grid that is finer than the pixels of the warps.

        Parameters
        ----------
        more : `~collections.abc.Mapping` [`str`, `typing.Any`]
            From `read_more`.

        Returns
        -------
        needs_finer_psfs : `bool`
            Whether PSF models are asked what is between pixels, which takes
            longer.
        """
        return False

    def read(
        self, butlerQC: QuantumContext, inputRefs: InputQuantizedConnection, *, finer_psfs: bool = False
    ) -> WarpInputs:
        """Read the warps of a quantum.

        Parameters
        ----------
        butlerQC : `lsst.pipe.base.QuantumContext`
            Where the warps are read from.
        inputRefs : `lsst.pipe.base.InputQuantizedConnection`
            References of the warps.
        finer_psfs : `bool`, optional
            Ask PSF models what is between pixels, too.

        Returns
        -------
        inputs : `WarpInputs`
            The warps, by ascending visit.

        Raises
        ------
        InvalidExposureError
            Raised if a warp cannot be used, its file is gone, or there are too
            few.
        lsst.pipe.base.NoWorkFound
            Raised if no warp is selected, or none has a valid pixel.
        """
        data_id: Any = butlerQC.quantum.dataId
        reader = WarpReader(butlerQC, inputRefs, self.config, self.log)
        if reader.lost_visits:
            self.metadata["lost_visits"] = reader.lost_visits
        exposures = reader.open(reader.warps, str(data_id["band"]), finer_psfs=finer_psfs)
        self._check_number(exposures, data_id, len(inputRefs.warps))
        identities = tuple(CoaddInput.from_data_id(handle.dataId) for handle in reader.warps)
        return WarpInputs(
            exposures=exposures,
            identities=identities,
            n_cores=reader.n_cores,
            handles={int(handle.dataId["visit"]): handle for handle in reader.warps},
        )

    def _check_number(self, exposures: ExposureSource, data_id: Any, n_warps: int) -> None:
        if len(exposures) < self.config.min_exposures:
            raise InvalidExposureError(
                f"At least {self.config.min_exposures} exposures are needed, but of the {n_warps} "
                f"{self.config.connections.warps} datasets of {data_id}, only those of visits "
                f"{list(exposures.visits)} are selected and have valid pixels.",
                n_exposures=len(exposures),
                min_exposures=self.config.min_exposures,
            )

    def record_summary(self, exposures: ExposureSource, summary: Mapping[str, int | float | str]) -> None:
        """Put the numbers that sum up a quantum into the task's metadata.

        Parameters
        ----------
        exposures : `ExposureSource`
            The exposures that were used.
        summary : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`]
            Numbers by name.
        """
        self.metadata["visits"] = list(exposures.visits)
        for name, value in {"n_exposures": len(exposures), **summary}.items():
            self.metadata[name] = value

    def propagate_mask(
        self, stack: ExposureStack, weights: np.ndarray, exact_psf: np.ndarray | None = None
    ) -> PropagatedMask:
        """Return the output mask that the config asks for.

        Parameters
        ----------
        stack : `ExposureStack`
            The exposures.
        weights : `numpy.ndarray`
            Weight of each exposure, shape ``(n,)``.
        exact_psf : `numpy.ndarray`, optional
            `True` where the PSF of the output is exact.

        Returns
        -------
        mask : `PropagatedMask`
            Bits and plane names.
        """
        return propagate_mask(
            stack,
            weights=weights,
            bad_mask_planes=self.config.bad_mask_planes,
            thresholds=self.config.mask_propagation_thresholds,
            default_threshold=self.config.default_mask_propagation_threshold,
            exact_psf=exact_psf,
        )
