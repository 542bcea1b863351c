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

"""Configs whose fields have any value, and restorations by those that are allowed."""

from __future__ import annotations

__all__ = ("cases", "set_fields", "try_config", "try_configs")

import logging
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies

from lsst.acn import RestorationConfig, RestorationError, restore
from lsst.acn.assemble_reference_coadd import AssembleReferenceCoaddConfig
from lsst.acn.convert_restored_coadd import ConvertRestoredCoaddConfig
from lsst.acn.deconvolve_coadd import DeconvolveCoaddConfig
from lsst.acn.measure_restoration import MeasureRestorationConfig
from lsst.acn.restore_coadd import RestoreCoaddConfig
from lsst.acn.train_restoration import TrainRestorationConfig
from lsst.pex.config import ChoiceField, Config, ConfigField, Field, ListField

from .drawn_cases import Case, for_each_case, time_limit
from .numerics import METHODS, make_field
from .verdict import Verdict

CONFIGS: dict[str, type[Config]] = {
    "restoration": RestorationConfig,
    "assembleReferenceCoadd": AssembleReferenceCoaddConfig,
    "trainRestoration": TrainRestorationConfig,
    "restoreCoadd": RestoreCoaddConfig,
    "convertRestoredCoadd": ConvertRestoredCoaddConfig,
    "deconvolve": DeconvolveCoaddConfig,
    "measureRestoration": MeasureRestorationConfig,
}

DEAR = {
    "image_mm.iterations": 200,
    "n_noise_layers": 2,
    "n_noise_realizations": 8,
    "paper.training.epochs": 20,
    "paper.training.retries": 3,
    "paper.network.depth": 4,
    "cross_exposure.refinement_updates": 100,
    "cross_exposure.steps": 3,
    "cross_exposure.samples": 8,
    "cross_exposure.channels": 64,
}
"""Values up to which a restoration by a config is begun, for time is what they ask for."""

INTEGERS = (-1, 0, 1, 2, 3, 8, 100, 2**31, 2**63, 10**30)
NUMBERS = (-1.0, 0.0, 1e-300, 1e-3, 0.5, 1.0, 2.5, 100.0, 1e300, math.inf, -math.inf, math.nan)
ANYTHING = (None, True, False, "", "x", -1, 0, 7, 1.5, math.nan, [], [1], ["x"], {}, {"x": 1})


def fields_of(config: type[Config], path: str = "") -> Iterator[tuple[str, Field]]:
    """Yield the fields of a config and of those in it.

    Parameters
    ----------
    config : `type`
        Class of the config.
    path : `str`, optional
        What their names begin with.

    Yields
    ------
    name : `str`
        With those of the configs around it, and points between.
    field : `lsst.pex.config.Field`
        The field.
    """
    for name, field in config._fields.items():
        if isinstance(field, ConfigField):
            yield from fields_of(field.dtype, f"{path}{name}.")
        elif isinstance(field, Field):
            yield path + name, field


def cases(name: str) -> strategies.SearchStrategy[Case]:
    """Return what is drawn from: one to three fields of a config, and their values.

    Parameters
    ----------
    name : `str`
        One of `CONFIGS`.
    """
    values = {name: _values(field) for name, field in fields_of(CONFIGS[name])}
    one = strategies.sampled_from(sorted(values)).flatmap(
        lambda field: strategies.tuples(strategies.just(field), values[field])
    )
    return strategies.fixed_dictionaries(
        {"config": strategies.just(name), "fields": strategies.lists(one, min_size=1, max_size=3)}
    )


def _values(field: Field) -> strategies.SearchStrategy[Any]:
    anything = strategies.sampled_from(ANYTHING)
    if isinstance(field, ChoiceField):
        return strategies.sampled_from(sorted(field.allowed, key=str)) | anything
    right = {
        bool: strategies.booleans(),
        int: strategies.sampled_from(INTEGERS) | strategies.integers(0, 40),
        float: strategies.sampled_from(NUMBERS) | strategies.floats(0.0, 10.0),
        str: strategies.sampled_from(["CellCoadd", "ExposureF", "NoSuch", "a b", "../x"]),
    }.get(getattr(field, "itemtype", None) or field.dtype, anything)
    if isinstance(field, ListField):
        right = strategies.lists(right, max_size=6)
    return strategies.one_of(right, right, anything)


def try_configs(folder: Path, count: int, seed: int) -> Verdict:
    """Set fields of configs to anything, and restore a tiny field by those that are allowed.

    Parameters
    ----------
    folder : `pathlib.Path`
        Not used: nothing is written.
    count : `int`
        Number of configs, half of them of restorations, the others of tasks.
    seed : `int`
        Of all that is drawn.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict = Verdict(f"{count} configs")
    logging.disable(logging.WARNING)
    for number, name in enumerate(CONFIGS):
        share = (count + 1) // 2 if name == "restoration" else count // 2 // (len(CONFIGS) - 1)
        for_each_case(cases(name), share, seed + number, lambda case: try_config(verdict, case))
    return verdict


def try_config(verdict: Verdict, case: Case) -> None:
    """Set the fields of a config, restore by it if it is allowed, and count what came of it.

    Parameters
    ----------
    verdict : `Verdict`
        Counts.
    case : `dict`
        Which config, and its fields.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config = set_fields(case)
    except Exception as error:
        names = {part for name, _ in case["fields"] for part in (name, name.split(".")[-1])}
        is_named = isinstance(error, ValueError) and any(name in str(error) for name in names)
        verdict.add("refused by name" if is_named else "tracebacks", f"{case}: {error!r}")
        return
    if not isinstance(config, RestorationConfig):
        verdict.add("allowed, of a task")
    elif any(_value(config, name) > most for name, most in DEAR.items()):
        verdict.add("allowed, and dear")
    else:
        _restore(verdict, config, case)


def set_fields(case: Case) -> Config:
    """Return a valid config that has the fields of a case.

    Parameters
    ----------
    case : `dict`
        Which config, and its fields.

    Returns
    -------
    config : `lsst.pex.config.Config`
        It is as cheap as can be otherwise.
    """
    config = CONFIGS[case["config"]]()
    if isinstance(config, RestorationConfig):
        first = case["fields"][0][0].split(".")[0]
        config.method = first if first in METHODS else "image_mm"
        config.n_noise_realizations, config.image_mm.iterations = 2, 10
        config.paper.training.epochs, config.cross_exposure.samples = 2, 2
    for name, value in case["fields"]:
        *path, last = name.split(".")
        part = config
        for step in path:
            part = getattr(part, step)
        setattr(part, last, value)
    config.validate()
    return config


def _value(config: Config, name: str) -> float:
    for step in name.split("."):
        config = getattr(config, step)
    return config


def _restore(verdict: Verdict, config: RestorationConfig, case: Case) -> None:
    try:
        with time_limit(), warnings.catch_warnings():
            # Of libraries: Keras has warnings of its own.
            warnings.simplefilter("error", RuntimeWarning)
            image = restore(make_field(1), config, n_cores=1).image
        verdict.add("restored" if np.isfinite(image).all() else "wrong", str(case))
    except RestorationError:
        verdict.add("refused with a message")
    except TimeoutError:
        verdict.add("hangs", str(case))
    except ValueError as error:
        is_named = any(name.split(".")[-1] in str(error) for name, _ in case["fields"])
        verdict.add("refused by name" if is_named else "tracebacks", f"{case}: {error!r}")
    except Exception as error:
        verdict.add("tracebacks", f"{case}: {error!r}")
