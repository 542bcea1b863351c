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

"""What the exposures say against their models, on planted cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import shift
from small_fields import make_stack

from lsst.acn import ExposureStack, gaussian_kernel
from lsst.acn.methods.cross_exposure.family.evidence import LIGHT_SCALES
from lsst.acn.methods.cross_exposure.family.family import CONVERGED_MEMBER, FAMILY_SIZE, RestorationFamily
from lsst.acn.methods.cross_exposure.family.restored_family import restore_family

SHAPE, N = (128, 128), 8
STAR = (40, 44)
LEVEL = 0.4
"""Of light everywhere, in the noise of one exposure."""


def make_star_field(offset: float = 0.0, level: float = 0.0, n: int = N, seed: int = 2) -> ExposureStack:
    """Return exposures of two stars; one of them is displaced in half of the exposures."""
    rng = np.random.default_rng(seed)
    kernels = np.stack([gaussian_kernel(fwhm, 21) for fwhm in np.linspace(3.0, 4.0, n)])
    image = rng.normal(level, 1.0, (n, *SHAPE))
    for number, kernel in enumerate(kernels):
        displaced = shift(kernel.astype(float), (0.0, offset * (-1) ** number), order=3)
        for (y, x), star in ((STAR, displaced), ((90, 90), kernel)):
            image[number, y - 10 : y + 11, x - 10 : x + 11] += 800.0 * star
    return ExposureStack.from_arrays(image.astype("f4"), np.ones(image.shape, "f4"), kernels)


def family_of(stack: ExposureStack) -> RestorationFamily:
    return restore_family(stack, stack.box)


def test_what_agrees_with_its_model_shows_no_misfit() -> None:
    misfit = family_of(make_star_field()).evidence.misfit
    assert misfit.shape == SHAPE
    assert abs(np.median(misfit)) < 0.05
    assert np.abs(misfit).max() < 0.5


def test_an_exposure_that_is_displaced_raises_the_misfit_there_and_nowhere_else() -> None:
    found, expected = (family_of(make_star_field(offset)).evidence.misfit for offset in (0.5, 0.0))
    y, x = STAR
    near = np.s_[y - 2 : y + 3, x - 2 : x + 3]
    assert (found[near] > expected[near] + 1.0).all()
    far = np.ones(SHAPE, bool)
    far[y - 16 : y + 17, x - 16 : x + 17] = False
    np.testing.assert_allclose(found[far], expected[far], atol=0.02)


def test_number_and_order_of_the_exposures_leave_the_misfit_as_it_is() -> None:
    stack = make_star_field(0.5)
    turned = family_of(stack.select(np.arange(N)[::-1])).evidence
    for found, expected in zip(turned, family_of(stack).evidence, strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())
    many = family_of(make_star_field(0.5, n=4 * N)).evidence.misfit
    assert many[STAR] == pytest.approx(family_of(stack).evidence.misfit[STAR], abs=0.3)


def test_where_there_are_no_exposures_there_is_no_misfit() -> None:
    stack = make_star_field()
    valid = stack.valid.copy()
    valid[:, :, 100:] = False
    poor = ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid)
    np.testing.assert_allclose(family_of(poor).evidence.misfit[:, 112:], 0.0, atol=0.01)


def test_noise_has_unit_significance_at_every_scale() -> None:
    rng = np.random.default_rng(5)
    stack, _ = make_stack(n=N, shape=(256, 256), kernel_size=21)
    noise = ExposureStack.from_arrays(
        rng.normal(size=stack.image.shape).astype("f4"), np.ones(stack.image.shape, "f4"), stack.psf
    )
    family = family_of(noise)
    planes = [family.significance, *np.moveaxis(family.evidence.light, -1, 0)]
    for plane, tolerance in zip(planes, (0.05, 0.1, 0.2), strict=True):
        assert plane.std() == pytest.approx(1.0, abs=tolerance)


@pytest.mark.parametrize("sign", [1, -1])
def test_wide_light_is_seen_of_either_sign(sign: int) -> None:
    family = family_of(make_star_field(level=sign * LEVEL))
    sky = np.s_[5:25, 90:120]
    for number, scale in enumerate(LIGHT_SCALES):
        # Of a mean over the effective area of Gaussian and PSF.
        least = LEVEL * np.sqrt(N) * 2 * np.sqrt(np.pi) * scale
        median = np.median(family.evidence.light[sky][..., number])
        assert 0.9 * least < sign * median < 1.4 * least
    assert sign * np.median(family.evidence.rest[sky][..., 1]) > 3.0


def test_the_completed_member_keeps_faint_wide_light() -> None:
    stack = make_star_field(level=LEVEL)
    members = family_of(stack).members
    unit = family_of(stack).unit
    sky = np.s_[5:25, 90:120]
    assert members.shape[-1] == FAMILY_SIZE
    mean = members[sky].mean(axis=(0, 1)) * unit
    assert mean[CONVERGED_MEMBER - 1] == pytest.approx(LEVEL, rel=0.1)
    assert mean[4] < 0.8 * LEVEL
