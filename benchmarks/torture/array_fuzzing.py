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

"""Arrays of every shape, type and content, handed to `lsst.acn.restore`."""

from __future__ import annotations

__all__ = ("arrays_of", "cases", "restore_arrays", "try_arrays")

import logging
import warnings
from pathlib import Path
from typing import Any

import astropy.units
import numpy as np
from hypothesis import strategies

from lsst.acn import ExposureStack, RestorationConfig, RestorationError, gaussian_kernel, restore

from .drawn_cases import Case, for_each_case, time_limit
from .verdict import Verdict

REAL = ("f4", "f8", "f2", ">f4", "i4", "u1", "?", "longdouble")
OTHER = ("c8", "O", "U6", "M8[s]", "V4")
DTYPES = (*REAL, *OTHER)
CONTENTS = ("noise", "zero", "constant", "negative", "nan", "inf", "huge", "tiny", "some nan", "few valid")
FORMS = (
    "plain",
    "read-only",
    "reversed",
    "Fortran",
    "masked",
    "unit",
    "list",
    "nested lists",
    "text",
    "none",
)
PSF_FORMS = (
    "plain",
    "list",
    "one",
    "even",
    "not square",
    "twice the light",
    "negative",
    "nan",
    "none",
    "text",
)
UNITS = (None, "nJy", "adu", "e-/s", "mag", "%", "furlongs", "", 7)
VISITS = (
    None,
    [3, 1, 2, 7, 9],
    [3.0, 1.0, 2.0, 7.0, 9.0],
    [7.9, 1, 2, 3, 4],
    [1, 1, 2, 3, 4],
    ["a"] * 5,
    7,
    [None] * 5,
)
MASKS = (None, "zeros", "negative", "floats", "text", "other shape")
OFFSETS = (None, 0.25, 3.0, 1e9, float("nan"), "text")


def cases() -> strategies.SearchStrategy[Case]:
    """Return what is drawn from: usual exposures, of which a few things are not usual."""
    planes = strategies.fixed_dictionaries(
        {},
        optional={
            "dtype": strategies.sampled_from(DTYPES),
            "content": strategies.sampled_from(CONTENTS),
            "form": strategies.sampled_from(FORMS),
            "scale": strategies.sampled_from([1e-300, 1e-30, 1e-9, 1.0, 1e9, 1e18, 1e30, 1e300]),
            "rows": strategies.integers(-1, 1),
        },
    )
    psf = strategies.fixed_dictionaries(
        {},
        optional={
            "size": strategies.sampled_from([1, 3, 5, 9, 21, 61]),
            "fwhm": strategies.sampled_from([0.01, 0.5, 1.5, 3.0, 12.0, 1e6]),
            "form": strategies.sampled_from(PSF_FORMS),
            "dtype": strategies.sampled_from(DTYPES),
            "oversampling": strategies.sampled_from([0, 1, 2, 3, 20, 21, 2.5, "3"]),
        },
    )
    return strategies.fixed_dictionaries(
        {
            "shape": strategies.tuples(
                strategies.integers(0, 5), strategies.integers(1, 40), strategies.integers(1, 40)
            ),
            "method": strategies.sampled_from(["cross_exposure", "image_mm"]),
        },
        optional={
            "image": planes,
            "variance": planes,
            "valid": planes,
            "psf": psf,
            "unit": strategies.sampled_from(UNITS),
            "visits": strategies.sampled_from(VISITS),
            "mask": strategies.sampled_from(MASKS),
            "offsets": strategies.sampled_from(OFFSETS),
        },
    )


def restore_arrays(folder: Path, count: int, seed: int) -> Verdict:
    """Make stacks of arrays that may be anything, and restore them.

    Parameters
    ----------
    folder : `pathlib.Path`
        Not used: nothing is written.
    count : `int`
        Number of stacks.
    seed : `int`
        Of all that is drawn.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict = Verdict(f"{count} stacks of arrays")
    logging.disable(logging.WARNING)
    for_each_case(cases(), count, seed, lambda case: try_arrays(verdict, case))
    return verdict


def try_arrays(verdict: Verdict, case: Case) -> None:
    """Restore what a case describes, and count what came of it.

    Parameters
    ----------
    verdict : `Verdict`
        Counts.
    case : `dict`
        The exposures.
    """
    config = RestorationConfig()
    config.method, config.n_noise_realizations, config.image_mm.iterations = case["method"], 2, 10
    arrays = arrays_of(case)
    try:
        with time_limit(), warnings.catch_warnings():
            warnings.simplefilter("error")
            stack = ExposureStack.from_arrays(**arrays)
            result = restore(stack, config, n_cores=1)
    except RestorationError:
        verdict.add("refused with a message")
        return
    except TimeoutError:
        verdict.add("hangs", str(case))
        return
    except Exception as error:
        verdict.add("tracebacks", f"{case}: {error!r}")
        return
    known = ~result.no_data
    good = np.isfinite(result.image).all() and np.isfinite(result.variance[known]).all()
    good = good and bool((result.variance[known] > 0).all()) and result.image.shape == stack.shape
    verdict.add("restored" if good else "wrong", str(case))


def arrays_of(case: Case) -> dict[str, Any]:
    """Return the arguments of `lsst.acn.ExposureStack.from_arrays` that a case describes.

    Parameters
    ----------
    case : `dict`
        The exposures.

    Returns
    -------
    arguments : `dict`
        All of them.
    """
    n_exposures, height, width = shape = tuple(case["shape"])
    rng = np.random.default_rng(sum(shape))
    arguments: dict[str, Any] = {
        "image": _plane(case.get("image", {}), rng.normal(20.0, 2.0, shape)),
        "variance": _plane(case.get("variance", {}), np.full(shape, 4.0)),
        "psf": _psf(case.get("psf", {}), n_exposures),
        "psf_oversampling": case.get("psf", {}).get("oversampling", 1),
        "unit": case.get("unit"),
        "visits": _first(case.get("visits"), n_exposures),
        "mask": _mask(case.get("mask"), shape),
        "offsets": _offsets(case.get("offsets"), n_exposures),
    }
    if "valid" in case:
        arguments["valid"] = _plane(case["valid"], np.ones(shape))
    return arguments


def _plane(case: Case, values: np.ndarray) -> Any:
    values = values[:, : values.shape[1] + case["rows"] or 1] if case.get("rows", 0) < 0 else values
    content, middle = case.get("content", "noise"), tuple(size // 2 for size in values.shape)
    match content:
        case "zero" | "constant" | "negative" | "nan" | "inf":
            number = {"zero": 0.0, "constant": 7.0, "negative": -7.0}.get(content, float(content == "x"))
            values = np.full(values.shape, float(content) if content in ("nan", "inf") else number)
        case "huge" | "tiny" | "some nan" if values.size:
            values = values.copy()
            values[middle] = {"huge": 1e30, "tiny": 1e-40}.get(content, np.nan)
        case "few valid":
            values = np.where(np.arange(values.size).reshape(values.shape) % 97 == 5, values, np.nan)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = _cast(values * case.get("scale", 1.0), case.get("dtype", "f8"))
    return _in_form(case.get("form", "plain"), values)


def _cast(values: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "M8[s]":
        return np.zeros(values.shape, dtype)
    return np.zeros(values.shape, [("a", "f4")]) if dtype == "V4" else values.astype(dtype)


def _in_form(form: str, values: np.ndarray) -> Any:
    match form:
        case "read-only":
            values = values.copy()
            values.flags.writeable = False
        case "reversed":
            values = values[:, ::-1, ::-1]
        case "Fortran":
            values = np.asfortranarray(values)
        case "masked":
            return np.ma.masked_array(values, np.arange(values.size).reshape(values.shape) % 5 == 0)
        case "unit" if values.dtype.kind in "iuf":
            return astropy.units.Quantity(values, "nJy")
        case "list":
            return list(values)
        case "nested lists":
            return values.tolist()
        case "text":
            return "image"
        case "none":
            return None
    return values


def _psf(case: Case, n_exposures: int) -> Any:
    size = case.get("size", 9)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kernels = np.stack([gaussian_kernel(case.get("fwhm", 2.5), size)] * max(n_exposures, 1))
        kernels = _cast(kernels, case.get("dtype", "f4"))
    is_real = kernels.dtype.kind == "f"
    match case.get("form", "plain"):
        case "list":
            return list(kernels)
        case "one":
            return kernels[0]
        case "even":
            return kernels[:, :-1, :-1]
        case "not square":
            return kernels[:, :-1]
        case "twice the light" if is_real:
            return 2 * kernels
        case "negative" if is_real:
            return -kernels
        case "nan" if is_real:
            return kernels * np.nan
        case "none":
            return None
        case "text":
            return "psf"
    return kernels


def _first(visits: Any, n_exposures: int) -> Any:
    return visits[:n_exposures] if isinstance(visits, list) else visits


def _mask(kind: str | None, shape: tuple[int, ...]) -> Any:
    masks: dict[str | None, Any] = {
        "zeros": np.zeros(shape, int),
        "negative": np.full(shape, -1),
        "floats": np.full(shape, 0.5),
        "text": np.full(shape, "BAD"),
        "other shape": np.zeros(shape[1:], int),
    }
    return masks.get(kind)


def _offsets(offset: Any, n_exposures: int) -> Any:
    return offset if offset is None or isinstance(offset, str) else np.full((n_exposures, 2), offset)
