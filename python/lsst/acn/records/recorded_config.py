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

"""The config of a restoration, read back from what it left behind."""

from __future__ import annotations

__all__ = ("UnknownRestorationError", "recorded_restoration_config")

import json
from collections.abc import Mapping
from typing import Any

from lsst.pex.config import Config, FieldValidationError

from ..errors import RestorationError
from ..restoration_config import RestorationConfig


class UnknownRestorationError(RestorationError):
    """Raised if a restored coadd does not tell how it was restored."""


def recorded_restoration_config(metadata: Mapping[str, Any]) -> RestorationConfig:
    """Return the config that a restored coadd says it was made with.

    Parameters
    ----------
    metadata : `~collections.abc.Mapping`
        Metadata of a ``restored_coadd``.

    Returns
    -------
    config : `RestorationConfig`
        The config.

    Raises
    ------
    UnknownRestorationError
        Raised if the metadata do not hold a config that this version of the
        package understands.
    """
    try:
        recorded = json.loads(metadata["config"])["restoration"]
        config = RestorationConfig()
        _assign(config, recorded)
        config.validate()
    except (FieldValidationError, KeyError, TypeError, ValueError) as error:
        raise UnknownRestorationError(
            f"The restored coadd does not tell how it was restored: {error!r}."
        ) from error
    return config


def _assign(config: Config, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(inner := getattr(config, name, None), Config):
            _assign(inner, value)
        else:
            config.update(**{name: value})
