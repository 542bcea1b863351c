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

import logging

import numpy as np
import pytest
from small_fields import make_config, make_stack

from lsst.acn import ExposureStack, restore
from lsst.acn.coadd.robust_coadd import robust_coadd
from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.methods.image_mm.method import ImageMMMethod
from lsst.acn.methods.image_mm.updates import image_mm, image_mm_start


class Case:
    """A stack with what `image_mm` wants to know of it."""

    def __init__(self, stack):
        self.stack = stack
        self.model = ForwardModel(stack.shape, stack.psf.size)
        self.spectra = self.model.spectra(stack.psf.at(0, 0))
        self.root_weight = 1 / np.sqrt(stack.variance)
        coadd = robust_coadd(stack.image, stack.variance, stack.valid)
        self.start = image_mm_start(coadd, stack.psf.radius)

    def solve(self, iterations, **options):
        return image_mm(
            self.stack.image,
            self.root_weight,
            self.model,
            self.spectra,
            self.start,
            iterations=iterations,
            **options,
        )

    def solve_in_double(self, iterations):
        arrays = (each.astype(np.float64) for each in (self.stack.image, self.root_weight))
        return image_mm(*arrays, self.model, self.spectra, self.start, iterations=iterations)

    def chi2(self, latent):
        residual = (self.stack.image - self.model.apply(latent, self.spectra)) * self.root_weight
        return float((residual**2).sum())


def test_every_plain_update_lowers_chi2():
    case = Case(make_stack()[0])
    chi2 = [case.chi2(case.solve(n, delta=None, accelerate=False)) for n in range(8)]
    assert (np.diff(chi2) < 0).all()


def test_acceleration_gets_further_in_as_many_updates():
    case = Case(make_stack()[0])
    plain = case.chi2(case.solve(20, delta=None, accelerate=False))
    fast = case.chi2(case.solve(20, delta=None, accelerate=True))
    assert fast < case.chi2(case.solve(40, delta=None, accelerate=False)) < plain


@pytest.mark.parametrize("kernel_size", [9, 25])
def test_single_precision_is_enough_up_to_the_edges(kernel_size):
    # With the wide kernel there are pixels of which hardly any light is seen.
    case = Case(make_stack(shape=(36, 40), kernel_size=kernel_size)[0])
    single, double = case.solve(75), case.solve_in_double(75)
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    np.testing.assert_allclose(single, double, rtol=0, atol=5e-5 * double.max())


def test_stars_come_back_to_points_of_their_flux():
    stack, truth = make_stack(n=6, noise=0.1)
    case = Case(stack)
    latent = case.solve(200)
    assert latent.min() >= 0
    for y, x in np.argwhere(truth > 500):
        if 8 < y < 40 and 8 < x < 48:
            assert latent[y - 1 : y + 2, x - 1 : x + 2].sum() == pytest.approx(
                truth[y - 1 : y + 2, x - 1 : x + 2].sum(), rel=0.05
            )


def test_robust_weights_keep_a_cosmic_ray_out():
    stack, _ = make_stack(n=6)
    clean = Case(stack).solve(60)
    image = stack.image.copy()
    image[2, 20, 24] += 500.0
    hit = Case(ExposureStack.from_arrays(image, stack.variance, stack.psf, valid=stack.valid))
    cut = np.s_[20:28, 24:32]
    robust = np.abs(hit.solve(60)[cut] - clean[cut]).max()
    plain = np.abs(hit.solve(60, delta=None)[cut] - clean[cut]).max()
    assert robust < 0.1 * plain


def test_latent_pixels_that_nothing_constrains_keep_their_start():
    stack, _ = make_stack()
    valid = stack.valid.copy()
    valid[:, :, 30:] = False
    case = Case(ExposureStack.from_arrays(stack.image, stack.variance, stack.psf, valid=valid))
    latent = case.solve(50)
    np.testing.assert_array_equal(latent[:, -8:], case.start[:, -8:])
    assert np.isfinite(latent).all()


def test_tiled_and_untiled_agree_and_restore_takes_the_method():
    stack, _ = make_stack(shape=(90, 100))
    config = make_config(
        method="image_mm", image_mm__iterations=15, tiles__restoring_size=70, tiles__overlap=16
    )
    log = logging.getLogger(__name__)
    tiled = ImageMMMethod(stack, config).restore(None, log)[0]
    config.tiles.restoring_size = 1000
    result = restore(stack, config)
    assert result.summary["method"] == "image_mm"
    assert len(result.history["epoch"]) == 0
    assert (result.variance > 0).all()
    # Iterations stop before they have converged, and start from tiles of
    # different extent; fluxes agree all the same.
    np.testing.assert_allclose(tiled, result.latent, atol=0.05 * result.latent.max())
    assert tiled.sum() == pytest.approx(result.latent.sum(), rel=0.01)
