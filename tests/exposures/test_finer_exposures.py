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

"""Exposures on a finer grid: where their pixels are, and what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from dithered_fields import all_stars, dithered_stack, dithers, star_image
from small_fields import make_varying_stack

from lsst.acn import Box
from lsst.acn.exposures.finer_exposures import FinerExposures, on_finer_grid
from lsst.acn.exposures.psf_kernels import FWHM_PER_SIGMA
from lsst.acn.forward.forward_model import ForwardModel


@pytest.mark.parametrize("factor", [2, 3])
def test_pixels_stand_where_they_did_and_hold_as_much(factor):
    stack = dithered_stack(2, box=Box(5, 49, -3, 41))
    finer = on_finer_grid(stack, factor).cutout(Box(factor * 5, factor * 49, -3 * factor, factor * 41))
    assert finer.sampling == factor
    assert finer.box == stack.box.on_finer_grid(factor)
    np.testing.assert_allclose(finer.image.sum(axis=(1, 2)), stack.image.sum(axis=(1, 2)), rtol=1e-4)
    measured = finer.sampling_counts() > 0
    values = finer.image[:, measured].reshape(stack.image.shape)
    np.testing.assert_allclose(values * factor**2, stack.image, rtol=1e-6)
    np.testing.assert_allclose(
        finer.variance[:, measured].ravel() * factor**4, stack.variance.ravel(), rtol=1e-6
    )
    assert finer.sampling_counts().mean() == pytest.approx(1.0)


@pytest.mark.parametrize("factor", [2, 3])
def test_a_latent_image_on_it_explains_what_pixels_measure(factor):
    """Points on the finer grid, seen by its PSFs, are stars as the exposures have them."""
    side, fwhm = 44, 1.2
    stack = dithered_stack(3, fwhm=fwhm)
    finer = on_finer_grid(stack, factor).cutout(stack.box.on_finer_grid(factor))
    radius = finer.psf.radius
    model = ForwardModel(finer.shape, finer.psf.size)
    latent = np.zeros(model.latent_shape, np.float32)
    stars = []
    for y, x, flux in all_stars():
        row, column = round(factor * y), round(factor * x)
        latent[row + radius, column + radius] += flux
        stars.append(((row - 0.5 * (factor - 1)) / factor, (column - 0.5 * (factor - 1)) / factor, flux))
    predicted = model.apply(latent, model.spectra(finer.psf.at(*finer.box.center)))
    measured = (finer.sampling_counts() > 0).nonzero()
    for number, offset in enumerate(dithers(3)):
        expected = star_image(stars, fwhm / FWHM_PER_SIGMA, side, offset)
        found = predicted[number][measured].reshape(side, side) * factor**2
        np.testing.assert_allclose(found, expected, atol=2e-4 * expected.max())


def test_parts_are_those_of_the_whole():
    stack = dithered_stack(2)
    finer = on_finer_grid(stack, 2)
    whole = finer.cutout(finer.box)
    part = finer.cutout(Box(3, 20, 11, 40))
    np.testing.assert_array_equal(part.image, whole.image[:, 3:20, 11:40])
    np.testing.assert_array_equal(part.sampling_counts(), whole.sampling_counts()[3:20, 11:40])
    np.testing.assert_array_equal(finer.select([1]).cutout(finer.box).image, whole.image[1:])
    np.testing.assert_array_equal(finer.exposure(1).image, whole.image[1:])
    np.testing.assert_allclose(finer.median_variances(), whole.median_variances(), rtol=1e-5)


def test_strips_are_of_whole_cells_and_cover_the_patch():
    stack = make_varying_stack(shape=(400, 16), kernel_size=5)
    finer = FinerExposures(stack, 3)
    rows = [rows for rows, _ in finer.strips(7)]
    assert [each.y_start for each in rows] == [0, 600]
    assert rows[-1].y_stop == 1200
    for each, strip in finer.strips(7):
        assert strip.box.contains(each.grown_by(7).intersection(finer.box))


def test_one_is_no_finer():
    stack = dithered_stack(2)
    assert on_finer_grid(stack, 1) is stack
    np.testing.assert_array_equal(stack.sampling_counts(), [[1.0]])
