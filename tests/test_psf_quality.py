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

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_warps import BOX, PATCH, PLANES

from lsst.acn import InvalidExposureError, gaussian_kernel
from lsst.acn.image_io import make_warp, read_exposure_stack
from lsst.acn.psf_quality import PsfQualityConfig, measure_psf_quality


def stack_of(*kernels: np.ndarray) -> Any:
    """Return a stack of one exposure, with kernels from left to right."""
    warp = make_warp(np.ones(BOX.shape), np.ones(BOX.shape), kernels[0], geometry=PATCH, mask_planes=PLANES)
    stack = read_exposure_stack({1: warp})
    width = BOX.shape[1] // len(kernels)
    psf = type(stack.psf)(np.stack(kernels)[None, None], BOX, (BOX.shape[0], width))
    return type(stack)(**{**vars(stack), "psf": psf})


def elongated(stretch: float) -> np.ndarray:
    profile = np.arange(-10, 11)
    y, x = np.exp(-0.5 * (profile / 2.0) ** 2), np.exp(-0.5 * (profile / (2.0 * stretch)) ** 2)
    kernel = np.outer(y, x)
    return (kernel / kernel.sum()).astype(np.float32)


def test_psf_is_measured_by_its_moments() -> None:
    quality = measure_psf_quality(stack_of(elongated(1.5), elongated(1.5)), 0)
    # Variances of 4 and 9 pixels squared.
    assert quality.ellipticity == pytest.approx(5 / 13, rel=0.01)
    assert quality.fwhm == pytest.approx(2.3548 * 6**0.5, rel=0.01)
    assert quality.radius_delta == pytest.approx(0.0, abs=1e-6)
    varying = measure_psf_quality(stack_of(gaussian_kernel(3.0, 21), gaussian_kernel(4.0, 21)), 0)
    assert varying.radius_delta == pytest.approx(1.0 / 2.3548, rel=0.02)


@pytest.mark.parametrize(
    ("name", "limit", "is_beyond"),
    [("ellipticity", 0.4, False), ("ellipticity", 0.35, True), ("radius_delta", 0.1, False)],
)
def test_limits_on_the_shape(name: str, limit: float, is_beyond: bool) -> None:
    config = PsfQualityConfig()
    assert not config.is_active()
    setattr(config, f"max_{name}", limit)
    config.validate()
    assert config.is_active()
    assert bool(config.reasons_to_reject(stack_of(elongated(1.5)))) == is_beyond


def test_psf_without_moments_is_not_good() -> None:
    config = PsfQualityConfig()
    config.max_ellipticity = 0.9
    flat = np.full((21, 21), 1 / 441, np.float32)
    flat[10, 10] = -200 / 441
    flat /= flat.sum()
    stack = stack_of(gaussian_kernel(3.0, 21))
    broken = type(stack.psf)(np.stack([flat])[None, None], BOX, BOX.shape)
    assert config.reasons_to_reject(type(stack)(**{**vars(stack), "psf": broken})) != {}


def test_limit_in_arcsec_needs_a_pixel_scale(warps: dict[int, Any]) -> None:
    config = PsfQualityConfig()
    config.max_fwhm = 1.0
    stack = read_exposure_stack(warps)
    assert stack.geometry.pixel_scale == pytest.approx(0.2, rel=1e-4)
    with pytest.raises(InvalidExposureError, match="how large their pixels are"):
        config.reasons_to_reject(type(stack)(**{**vars(stack), "geometry": None}))
