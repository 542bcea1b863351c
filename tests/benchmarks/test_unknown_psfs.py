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

"""How wrong PSFs are, and how the page of it looks."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
from star_fields import draw_psfs, kernel_of

from lsst.acn.metrics.psf_width import psf_fwhm

SIZE = 31


@pytest.fixture(scope="module")
def kernels():
    return np.array([kernel_of(SIZE, *psf) for psf in draw_psfs(6)])


def test_right_psfs_have_no_errors_on_stamps_of_any_size(kernels):
    from benchmarks.unknown.psf_errors import measure_psfs

    errors = measure_psfs(np.pad(kernels, [(0, 0), (2, 2), (2, 2)]), kernels)
    assert max(errors.pixel, errors.width, errors.ellipticity, errors.place, errors.wings) < 1e-6


def test_spoiled_psfs_are_as_wrong_as_is_said(kernels):
    from benchmarks.unknown.psf_errors import gaussians, measure_psfs, spoiled

    errors = measure_psfs(spoiled(kernels, 3), kernels)
    assert errors.width == pytest.approx(0.05, abs=0.01)
    assert 0.5 * 0.03 < errors.ellipticity < 0.03
    assert 0.5 * 0.3 < errors.place < 0.3
    assert errors.wings > 0.02
    widths = [psf_fwhm(kernel) for kernel in gaussians(kernels, 0.7)]
    np.testing.assert_allclose(widths, [0.7 * psf_fwhm(kernel) for kernel in kernels], rtol=0.02)


def test_page_says_where_a_field_was_refused(kernels):
    from benchmarks.unknown.page import Outcome, format_page
    from benchmarks.unknown.psf_errors import measure_psfs

    loss = np.array([2.0, 1.0])
    known = Outcome("true PSFs", "fixed", measure_psfs(kernels, kernels), 0, 2.0, 1.0, np.array([]))
    refused = Outcome("Gaussian", "estimate", None, 0, np.nan, np.nan, np.array([]))
    network = Outcome("Gaussian", "estimate", known.psfs, 0, 3.0, 1.0, loss)
    page = format_page({"a field": [known, refused]}, [known, network], argparse.Namespace(size=9, epochs=7))
    assert "| Gaussian | estimate | refused |" in page
    assert "| 1.50 | 1.00 | 0.500 |" in page
    assert "## A field" in page


def test_starred_gets_psfs_of_the_finer_grid():
    from dithered_fields import dithered_stack, pixel_light

    from benchmarks.peers.starred import _kernels

    stack = dithered_stack(n=2, offsets=np.array([[0.0, 0.0], [0.25, -0.5]]))
    kernels = _kernels(stack, 2)
    places = (np.arange(kernels.shape[-1]) - kernels.shape[-1] // 2) / 2
    for kernel, (dy, dx) in zip(kernels, [(0.0, 0.0), (0.25, -0.5)], strict=True):
        truth = np.outer(*(pixel_light(places - move, 1.2 / 2.3548, 0.5) for move in (dy, dx)))
        np.testing.assert_allclose(kernel, truth / truth.sum(), atol=1e-3 * kernel.max())
    with pytest.raises(ValueError, match="multiple of 3"):
        _kernels(stack, 3)
