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


"""PSFs are what the stars of a patch say, and nothing where there are none."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest
from star_fields import draw_psfs, kernel_of, make_star_field

from lsst.acn import Box, gaussian_kernel
from lsst.acn.errors import UnknownPsfError
from lsst.acn.exposures.changed_exposures import ChangedExposures
from lsst.acn.exposures.psf_kernels import PsfKernels, kernel_moments
from lsst.acn.fits_config import PsfsConfig
from lsst.acn.metrics.psf_width import psf_fwhm
from lsst.acn.psfs.fit import are_far_off, estimate_psfs
from lsst.acn.psfs.shifts import centroid
from lsst.acn.psfs.stars import agreeing_stars, find_candidates

LOG = logging.getLogger(__name__)
SIZE = 25


@pytest.fixture(scope="module")
def field():
    return make_star_field()


def gaussians(field, factor):
    fwhm = factor * np.median([psf_fwhm(kernel) for kernel in field.kernels])
    return np.array([gaussian_kernel(fwhm, SIZE)] * len(field.kernels))


def errors_of(kernels, truth):
    """Return rms errors in units of the peak, and relative errors of the FWHM."""
    peak = truth.max(axis=(1, 2))
    rms = np.sqrt(np.mean((kernels - truth) ** 2, axis=(1, 2))) / peak
    widths = np.array([[psf_fwhm(kernel) for kernel in each] for each in (kernels, truth)])
    return rms, widths[0] / widths[1] - 1.0


def test_stars_are_told_from_galaxies(field):
    stack = field.stack(field.kernels)
    candidates = find_candidates(stack, stack.box)
    stars = agreeing_stars(candidates)
    found = sorted((round(star.y), round(star.x)) for star in stars)
    assert found == sorted((round(y), round(x)) for y, x in field.stars)
    assert len(candidates) > len(stars)


def test_bright_stars_are_found_whose_own_light_is_most_of_the_noise(field):
    stack = field.stack(field.kernels)
    noisier = type(stack).from_arrays(field.image, 1.0 + np.maximum(field.image, 0.0), field.kernels)
    assert noisier.variance.max() > 100.0
    stars = agreeing_stars(find_candidates(noisier, noisier.box))
    found = sorted((round(star.y), round(star.x)) for star in stars)
    assert found == sorted((round(y), round(x)) for y, x in field.stars)


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_psfs_are_estimated_from_widths_that_are_wrong(field, factor):
    psfs = estimate_psfs(field.stack(gaussians(field, factor)), PsfsConfig(), "estimate", LOG)
    kernels = psfs.psf.kernels[:, 0, 0]
    rms, width = errors_of(kernels, field.kernels)
    assert rms.max() < 0.01
    assert np.abs(width).max() < 0.02
    assert 4 <= psfs.n_stars <= 5
    assert (kernels >= 0).all()
    np.testing.assert_allclose(kernels.sum(axis=(1, 2)), 1.0, rtol=1e-5)
    pull = (kernels - field.kernels) / psfs.errors
    assert 0.2 < np.sqrt(np.mean(pull**2)) < 1.5


def test_the_mean_of_all_centroids_is_kept(field):
    psfs = estimate_psfs(field.stack(gaussians(field, 1.0)), PsfsConfig(rounds=1), "estimate", LOG)
    places = np.array([centroid(kernel, 3.5) for kernel in psfs.psf.kernels[:, 0, 0]])
    assert np.abs(places.mean(axis=0)).max() < 2e-3


def test_wrong_psfs_are_refined(field):
    wrong = [
        kernel_of(
            SIZE,
            1.05**2 * variance,
            shape + [0.06 * (-1) ** number, 0.0],
            wings=0.0 if number % 3 == 0 else 0.2,
            shift=(0.3 * np.cos(number), 0.3 * np.sin(number)),
        )
        for number, (variance, shape) in enumerate(draw_psfs(len(field.kernels)))
    ]
    psfs = estimate_psfs(field.stack(wrong), PsfsConfig(), "refine", LOG)
    kernels = psfs.psf.kernels[:, 0, 0].astype(float)
    _, width = errors_of(kernels, field.kernels)
    assert np.sqrt(np.mean(width**2)) < 0.008
    places = np.array([centroid(kernel, 3.5) for kernel in kernels])
    # They are all moved by the mean of what they were wrong by.
    assert (places - places.mean(axis=0)).std() < 0.02
    assert (ellipticities(kernels) - ellipticities(field.kernels)).std() < 0.003
    radius = np.hypot(*np.mgrid[-12:13, -12:13])
    assert np.abs((kernels - field.kernels)[:, radius > 6].sum(axis=1)).max() < 0.015


def ellipticities(kernels):
    moments = np.array([kernel_moments(kernel) for kernel in kernels])
    return (moments[:, 0] - moments[:, 1]) / (moments[:, 0] + moments[:, 1])


def test_without_stars_there_are_no_psfs(caplog):
    field = make_star_field(n=3, stars=0, galaxies=7, seed=3)
    stack = field.stack(field.kernels)
    with pytest.raises(UnknownPsfError, match=r"y=0:104.*no 4 bright stars"):
        estimate_psfs(stack, PsfsConfig(), "estimate", LOG)
    assert estimate_psfs(stack, PsfsConfig(), "refine", LOG) is None
    assert not are_far_off(stack, PsfsConfig())
    with pytest.raises(UnknownPsfError):
        estimate_psfs(field.stack(gaussians(field, 2.0)), PsfsConfig(), "estimate", LOG)
    assert "The PSFs stay as they are" in caplog.text


def test_cells_of_psfs_are_changed_alike(field):
    stack = field.stack(field.kernels)
    cells = np.broadcast_to(field.kernels[:, None, None], (len(stack), 2, 2, SIZE, SIZE))
    varying = dataclasses.replace(stack, psf=PsfKernels(cells, stack.box, (52, 52)))
    psfs = estimate_psfs(varying, PsfsConfig(rounds=1), "refine", LOG)
    assert psfs.psf.cell_shape == (52, 52)
    np.testing.assert_allclose(psfs.psf.kernels[:, 0, 0], psfs.psf.kernels[:, 1, 1], atol=1e-7)


class Streamed(ChangedExposures):
    """Exposures that leave out of a part those that do not reach it."""

    def select(self, indices):
        return Streamed(self._exposures.select(indices))

    def changed(self, stack):
        return stack.select(np.flatnonzero(stack.valid.any(axis=(1, 2))))


def test_exposures_that_do_not_reach_a_tile_are_left_out_of_it(field):
    stack = field.stack(field.kernels)
    valid = np.array(stack.valid)
    valid[0, :, :70] = False
    part = type(stack).from_arrays(field.image, np.ones_like(field.image), field.kernels, valid=valid)
    options = PsfsConfig(rounds=1, tile_size=52)
    psfs = estimate_psfs(Streamed(part), options, "refine", LOG)
    assert psfs.visits == stack.visits
    rms, _ = errors_of(psfs.psf.kernels[:, 0, 0], field.kernels)
    assert rms.max() < 0.01
    assert part.box == Box.from_shape(stack.shape)
