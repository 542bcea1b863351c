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

"""Where an output comes from, in a form that fits into its metadata.

What is written there is also read back from there: the config of a
restoration.
"""

from __future__ import annotations

__all__ = (
    "config_digest",
    "config_text",
    "package_versions",
    "provenance_record",
    "recorded_restoration_config",
    "recorded_upsampling",
)

import hashlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from lsst.pex.config import Config, FieldValidationError

from ..errors import UnknownRestorationError
from ..restoration_config import RestorationConfig

STACK_PACKAGES = ("acn", "daf_butler", "images", "pipe_base")
OTHER_PACKAGES = ("jax", "keras", "numpy", "scipy", "tensorflow", "torch")
"""Those that shape a restoration."""


def package_versions() -> dict[str, str]:
    """Return the versions of those packages that shape a restoration.

    Returns
    -------
    versions : `dict` [`str`, `str`]
        Version by name, of packages that this process has imported, and of
        Python.

    Notes
    -----
    `lsst.utils.packages.getPythonPackages` knows the versions of all
    packages, but looks at every file of every one for that.
    """
    modules = {name: f"lsst.{name.replace('_', '.')}" for name in STACK_PACKAGES}
    modules |= {name: name for name in OTHER_PACKAGES}
    versions = {name: _version(module) for name, module in modules.items() if sys.modules.get(module)}
    return {"python": platform.python_version()} | {
        name: version for name, version in versions.items() if version
    }


def _version(module: str) -> str | None:
    """Return what the installation of a module says, or else itself, as in a
    stack that is not installed by pip.
    """
    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        told = (sys.modules.get(name) for name in (module, f"{module}.version"))
        versions = (getattr(each, "__version__", None) for each in told)
        return next(filter(None, versions), None)


def config_text(config: Config) -> str:
    """Return a config as JSON, the same text for the same values.

    Parameters
    ----------
    config : `lsst.pex.config.Config`
        Config of a task or of a restoration.

    Returns
    -------
    text : `str`
        All fields, nested, in alphabetical order.
    """
    return json.dumps(config.toDict(), sort_keys=True)


def config_digest(config: Config) -> str:
    """Return the SHA-256 of `config_text`, to compare configs by.

    Parameters
    ----------
    config : `lsst.pex.config.Config`
        Config of a task or of a restoration.

    Returns
    -------
    digest : `str`
        Hexadecimal digest.
    """
    return hashlib.sha256(config_text(config).encode()).hexdigest()


def provenance_record(
    config: Config, visits: Iterable[int], summary: Mapping[str, int | float | str] | None = None
) -> dict[str, int | float | str]:
    """Return what is worth knowing about an output, as flat metadata.

    Parameters
    ----------
    config : `lsst.pex.config.Config`
        Config of the task.
    visits : `~collections.abc.Iterable` [`int`]
        Exposures that were used.
    summary : `~collections.abc.Mapping` [`str`, `int` | `float` | `str`], \
            optional
        Facts that the algorithm reports: seed, method, engine and so on.

    Returns
    -------
    record : `dict` [`str`, `int` | `float` | `str`]
        The summary, and ``visits`` (a JSON list), ``n_exposures``,
        ``packages`` (a JSON object of versions), ``config`` (JSON) and
        ``config_sha256``.
    """
    used = list(visits)
    return {
        **(summary or {}),
        "visits": json.dumps(used),
        "n_exposures": len(used),
        "packages": json.dumps(package_versions(), sort_keys=True),
        "config": config_text(config),
        "config_sha256": config_digest(config),
    }


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


def recorded_upsampling(metadata: Mapping[str, Any]) -> int:
    """Return how many pixels a restored coadd has per pixel of its warps.

    Parameters
    ----------
    metadata : `~collections.abc.Mapping`
        Metadata of a ``restored_coadd``.

    Returns
    -------
    upsampling : `int`
        Along each axis; 1 where they do not tell.
    """
    return int(metadata.get("upsampling", 1))


def _assign(config: Config, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(inner := getattr(config, name, None), Config):
            _assign(inner, value)
        else:
            config.update(**{name: value})
