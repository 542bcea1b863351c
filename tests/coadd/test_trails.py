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

"""Trails that one exposure has and the others do not."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from saturated_fields import SKY, make_field

from lsst.acn import ExposureStack, gaussian_kernel, restore
from lsst.acn.coadd.trails import find_trails, without_trails

SIZE, N = 256, 8
FWHM = 4.0


def trail(angle: float, length: float, height: float, size: int = SIZE) -> np.ndarray:
    """Return a trail through the middle, as wide as a PSF."""
    rows, columns = np.mgrid[:size, :size] - 0.5 * size
    theta = np.radians(angle)
    along, across = (
        rows * np.sin(theta) + columns * np.cos(theta),
        rows * np.cos(theta) - columns * np.sin(theta),
    )
    return height * np.exp(-0.5 * (across / (FWHM / 2.3548)) ** 2) * (np.abs(along) < 0.5 * length)


def noise(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, SIZE, SIZE)).astype(np.float32)


def find(image: np.ndarray) -> np.ndarray | None:
    return find_trails(image, np.ones_like(image), np.full(len(image), FWHM))


@pytest.mark.parametrize("angle", [0.0, 17.0, 45.0, 80.0, 90.0, 130.0, 171.0])
@pytest.mark.parametrize(("length", "height"), [(400.0, 0.75), (160.0, 1.5), (80.0, 3.0)])
def test_a_faint_trail_is_found_and_nothing_else(angle: float, length: float, height: float) -> None:
    image, light = noise(int(angle)), trail(angle, length, height)
    image[3] += light
    mask = find(image)
    assert mask is not None
    assert not mask[[0, 1, 2, 4, 5, 6, 7]].any()
    assert mask[3][light > 0.3 * height].mean() > 0.93
    # As wide as the light, and little longer than it.
    assert mask[3].sum() < 2.0 * (light > 0.1 * height).sum()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [250, 254])
def test_all_of_a_trail_is_found_from_wherever_it_is_looked_at(turns: int, size: int) -> None:
    # The brighter end is a trail by itself; the rest must not be left to pass for light.
    rng, light = np.random.default_rng(5), trail(35.0, 500.0, 0.9, size)
    columns = np.arange(size)
    light = light * np.where(columns < size // 3, 1.0, 0.6)
    image = rng.normal(size=(N, size, size)).astype(np.float32)
    image[3] += light
    mask = find(np.ascontiguousarray(np.rot90(image, turns, (1, 2))))
    assert mask is not None
    assert np.rot90(mask[3], -turns)[light > 0.45].mean() > 0.9
    assert not np.delete(mask, 3, axis=0).any()


@pytest.mark.parametrize("height", [30.0, 1000.0])
def test_a_bright_trail_is_found_as_well(height: float) -> None:
    image, light = noise(8), trail(25.0, 400.0, height)
    image[3] += light
    mask = find(image)
    assert mask is not None
    assert mask[3][light > 0.3 * height].mean() > 0.93
    assert not np.delete(mask, 3, axis=0).any()


@pytest.mark.parametrize("height", [30.0, 1000.0])
def test_the_streaks_of_cosmic_rays_are_no_trails(height: float) -> None:
    # Their pixels are outliers one by one; masking a band as wide as a PSF would cost good ones.
    rng, image = np.random.default_rng(7), noise(7)
    for plane in image:
        for _ in range(12):
            y, x, angle = *rng.uniform(60, SIZE - 60, 2), rng.uniform(0, np.pi)
            along = np.arange(40)
            rows, columns = y + along * np.sin(angle), x + along * np.cos(angle)
            plane[np.rint(rows).astype(int) % SIZE, np.rint(columns).astype(int)] += height
    assert find(image) is None


def test_noise_has_no_trails() -> None:
    assert all(find(noise(seed, n=20)) is None for seed in range(5))


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_stars_galaxies_and_skies_are_no_trails(shift: float) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        stars = [(*rng.uniform(0, SIZE, 2), 10 ** rng.uniform(2.5, 6.0)) for _ in range(30)]
        galaxies = [
            (*rng.uniform(0, SIZE, 2), 10 ** rng.uniform(3, 5), rng.uniform(1, 12)) for _ in range(30)
        ]
        stack = make_field([*stars, *galaxies], hole=0.0, size=SIZE, n=N, seed=seed, shift=shift)
        sky = rng.normal(0, 3, (N, 1, 1)) + rng.normal(0, 3, (N, 1, 1)) * np.linspace(-1, 1, SIZE)
        image = (stack.image + sky).astype(np.float32)
        # A new star in one of them.
        image[2, 100:115, 100:115] += 1e4 * gaussian_kernel(FWHM, 15)
        assert find_trails(image, stack.variance, np.full(N, FWHM)) is None


def test_several_trails_in_several_exposures() -> None:
    image = noise(5)
    lights = trail(20.0, 400.0, 2.0), trail(100.0, 400.0, 3.0), trail(60.0, 400.0, 2.0)
    image[1] += lights[0] + lights[1]
    image[6] += lights[2]
    mask = find(image)
    assert mask is not None
    assert [plane.any() for plane in mask] == [False, True, False, False, False, False, True, False]
    for number, light in ((1, lights[0]), (1, lights[1]), (6, lights[2])):
        assert mask[number][light > 1.0].mean() > 0.9


def test_two_exposures_do_not_tell_whose_it_is() -> None:
    image = noise(1, n=2)
    image[0] += trail(30.0, 300.0, 5.0)
    assert find(image) is None


def test_trails_are_not_valid_and_the_log_says_whose(caplog: pytest.LogCaptureFixture) -> None:
    image = noise(2) + 0.0
    image[4] += trail(45.0, 180.0, 3.0)
    kernels = np.stack([gaussian_kernel(FWHM, 21)] * N)
    stack = ExposureStack.from_arrays(image, np.ones_like(image), kernels, visits=range(10, 10 + N))
    with caplog.at_level(logging.INFO):
        clean = without_trails(stack)
    (message,) = caplog.messages
    assert message.startswith("Visit 14: a trail of 1")
    length = int(message.split()[5])
    assert 170 < length < 205
    assert not clean.valid[4, 128, 128]
    assert np.isinf(clean.variance[4, 128, 128])
    assert clean.valid[[0, 1, 2, 3, 5, 6, 7]].all()
    quiet = ExposureStack.from_arrays(noise(2), np.ones_like(image), kernels)
    assert without_trails(quiet) is quiet


def test_a_trail_leaves_no_beads() -> None:
    size = 128
    stack = make_field([(40.0, 90.0, 1e4), (100.0, 30.0, 3e3)], hole=0.0, size=size)
    image = stack.image.copy()
    image[5] += 2.0 * np.sqrt(SKY) * trail(35.0, 300.0, 1.0, size)
    kernels = stack.psf.kernels[:, 0, 0]
    results = [
        restore(ExposureStack.from_arrays(planes, stack.variance, kernels)) for planes in (stack.image, image)
    ]
    plain, crossed = results
    on_trail = trail(35.0, 300.0, 1.0, size) > 0.1
    pull = np.abs(crossed.image - plain.image)[on_trail] / np.sqrt(plain.variance[on_trail])
    unmasked = 2.0 * np.sqrt(SKY) / len(stack)
    assert np.abs(crossed.image - plain.image)[on_trail].max() < 0.5 * unmasked
    assert np.percentile(pull, 99) < 3.0
