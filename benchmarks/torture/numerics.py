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

"""Numbers that are large, small, constant or not there."""

from __future__ import annotations

__all__ = ("CONTENTS", "METHODS", "make_field", "restore_extreme_numbers", "try_content")

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lsst.acn import ExposureStack, RestorationConfig, RestorationError, gaussian_kernel, restore
from lsst.acn.forward.forward_model import ForwardModel

from .verdict import Verdict

SHAPE, N_EXPOSURES, KERNEL_SIZE = (40, 44), 4, 9
METHODS = ("cross_exposure", "image_mm", "paper")
UNITS = (1e-20, 1e-14, 1e-9, 1e-5, 0.77, 1e5, 1e12, 1e20)
"""What pixels are multiplied by; the variance of the largest is beyond single precision (`tuple`)."""

CLOSE = 1e-5
"""Difference, relative to the brightest pixel, up to which images are equal but for the unit (`float`)."""


def restore_extreme_numbers(folder: Path, count: int, seed: int) -> Verdict:
    """Restore a small field in other units, and fields of unusual numbers, with each method.

    Parameters
    ----------
    folder : `pathlib.Path`
        Not used: nothing is written.
    count : `int`
        Number of methods.
    seed : `int`
        Of the field.

    Returns
    -------
    verdict : `Verdict`
        What came of it.
    """
    verdict = Verdict(f"{len(UNITS)} units and {len(CONTENTS)} fields of unusual numbers, by {count} methods")
    for method in METHODS[:count]:
        plain = make_field(seed)
        once = _restore(plain, method)
        for factor in UNITS:
            _compare(verdict, method, plain, factor, once)
        for name in CONTENTS:
            try_content(verdict, method, name, plain)
    return verdict


def make_field(seed: int) -> ExposureStack:
    """Return a few stars in some exposures.

    Parameters
    ----------
    seed : `int`
        Of stars and noise.

    Returns
    -------
    field : `~lsst.acn.ExposureStack`
        With a variance of 1.
    """
    rng = np.random.default_rng(seed)
    radius = KERNEL_SIZE // 2
    latent = np.zeros((SHAPE[0] + 2 * radius, SHAPE[1] + 2 * radius), np.float32)
    latent[rng.integers(8, 36, 6), rng.integers(8, 36, 6)] = rng.uniform(200.0, 2000.0, 6)
    kernels = np.stack([gaussian_kernel(fwhm, KERNEL_SIZE) for fwhm in np.linspace(2.5, 4.0, N_EXPOSURES)])
    model = ForwardModel(SHAPE, KERNEL_SIZE)
    image = model.apply(latent, model.spectra(kernels))
    image = image + rng.normal(size=image.shape)
    return ExposureStack.from_arrays(image, np.ones(image.shape), kernels)


def _arrays(stack: ExposureStack) -> dict[str, np.ndarray]:
    kernels = stack.psf.at(*stack.box.center)
    image, variance = stack.image.astype(np.float64), stack.variance.astype(np.float64)
    return {"image": image, "variance": variance, "psf": kernels}


def _restore(stack: ExposureStack, method: str) -> np.ndarray:
    config = RestorationConfig()
    config.method, config.n_noise_realizations = method, 2
    config.image_mm.iterations, config.paper.training.epochs = 30, 10
    return restore(stack, config, n_cores=1).image


def _compare(verdict: Verdict, method: str, plain: ExposureStack, factor: float, once: np.ndarray) -> None:
    arrays = _arrays(plain)
    image, variance = arrays["image"] * factor, arrays["variance"] * factor**2
    beyond = bool(variance.max() > float(np.finfo(np.float32).max))
    try:
        found = _restore(ExposureStack.from_arrays(image, variance, arrays["psf"]), method) / factor
    except RestorationError as error:
        verdict.add("refused with a message" if beyond else "wrong", f"{method}, unit {factor:g}: {error}")
        return
    except Exception as error:
        verdict.add("tracebacks", f"{method}, unit {factor:g}: {error!r}")
        return
    change = float(np.abs(found - once).max() / once.max())
    verdict.note("largest change by a unit", change)
    verdict.add("same in another unit" if change <= CLOSE else "wrong", f"{method}, {factor:g}: {change:.1e}")


def try_content(verdict: Verdict, method: str, name: str, field: ExposureStack) -> None:
    """Restore a field with other numbers: what comes is finite, or refused with a message.

    Parameters
    ----------
    verdict : `Verdict`
        Told what came of it.
    method : `str`
        The method.
    name : `str`
        One of `CONTENTS`.
    field : `~lsst.acn.ExposureStack`
        The field without them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stack = ExposureStack.from_arrays(**CONTENTS[name](_arrays(field)))
            image = _restore(stack, method)
    except RestorationError:
        verdict.add("refused with a message")
    except Exception as error:
        verdict.add("tracebacks", f"{method}, {name}: {error!r}")
    else:
        verdict.add("restored" if np.isfinite(image).all() else "wrong", f"{method}, {name}: not finite")


type Change = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def _put(name: str, value: float, where: object = ...) -> Change:
    def change(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        arrays[name][where] = value  # type: ignore[index]
        return arrays

    return change


def _keep(y: slice, x: slice) -> Change:
    """Return what leaves only a part of the pixels valid."""

    def change(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        image = np.full_like(arrays["image"], np.nan)
        image[:, y, x] = arrays["image"][:, y, x]
        return arrays | {"image": image}

    return change


def _scaled_variance(factors: tuple[float, ...]) -> Change:
    def change(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return arrays | {"variance": arrays["variance"] * np.array(factors)[:, None, None]}

    return change


CONTENTS: dict[str, Change] = {
    "zero everywhere": _put("image", 0.0),
    "constant": _put("image", 1e4),
    "negative": _put("image", -50.0),
    "NaN everywhere": _put("image", np.nan),
    "one exposure of NaN": _put("image", np.nan, 1),
    "infinity in a pixel": _put("image", np.inf, (0, 5, 5)),
    "minus infinity in a row": _put("image", -np.inf, (slice(None), 7)),
    "1e30 in a pixel": _put("image", 1e30, (2, 9, 9)),
    "variance of zero": _put("variance", 0.0, 2),
    "variance of zero everywhere": _put("variance", 0.0),
    "negative variance": _put("variance", -1.0, 2),
    "variance of infinity": _put("variance", np.inf, 2),
    "variance of NaN": _put("variance", np.nan, 0),
    "huge and small variances": _scaled_variance((1e-8, 1.0, 1e8, 1e20)),
    "smallest variances": _scaled_variance((1e-37, 1.0, 1.0, 1.0)),
    "2 x 2 valid pixels": _keep(slice(20, 22), slice(20, 22)),
    "4 x 4 in a corner": _keep(slice(0, 4), slice(0, 4)),
    "one valid pixel": _keep(slice(20, 21), slice(20, 21)),
    "one valid row": _keep(slice(20, 21), slice(None)),
    "one valid column": _keep(slice(None), slice(0, 1)),
}
