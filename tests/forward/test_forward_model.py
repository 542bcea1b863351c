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

import numpy as np
import pytest
from array_libraries import LIBRARIES
from scipy.signal import convolve2d

from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.forward.paired_forward_model import PairedForwardModel


def make_case(shape=(23, 30), size=7, n=3, batch=2):
    rng = np.random.default_rng(8)
    kernels = rng.random((n, size, size)).astype("f4")
    kernels /= kernels.sum(axis=(1, 2), keepdims=True)
    latent = rng.random((batch, shape[0] + size - 1, shape[1] + size - 1)).astype("f4")
    return kernels, latent, rng.random((batch, n, *shape)).astype("f4")


@pytest.fixture(params=LIBRARIES)
def xp(request):
    return request.param()


@pytest.mark.parametrize("n", [1, 4, 5])
def test_exposures_in_pairs_are_the_same_exposures(xp, n):
    kernels, latent, exposures = make_case(n=n)
    kernels = np.stack([kernels, kernels[::-1]])
    single = ForwardModel((23, 30), 7)
    paired = PairedForwardModel((23, 30), 7, n, xp)
    expected, result = (m.apply(latent, m.spectra(kernels)) for m in (single, paired))
    np.testing.assert_allclose(result, expected, atol=3e-6)
    expected, result = (m.adjoint(exposures, m.spectra(kernels)) for m in (single, paired))
    np.testing.assert_allclose(result, expected, atol=3e-6)


def test_forward_is_a_valid_convolution(xp):
    kernels, latent, _ = make_case()
    model = ForwardModel((23, 30), 7, xp)
    result = np.asarray(model.apply(latent, model.spectra(kernels)))
    expected = [[convolve2d(x, f, mode="valid") for f in kernels] for x in latent]
    np.testing.assert_allclose(result, expected, atol=3e-6)


def test_adjoint_passes_the_dot_product_test(xp):
    kernels, latent, exposures = make_case()
    model = ForwardModel((23, 30), 7, xp)
    spectra = model.spectra(kernels)
    image = np.asarray(model.apply(latent, spectra))
    forward = np.vdot(image, exposures)
    backward = np.vdot(latent, np.asarray(model.adjoint(exposures, spectra)))
    scale = float(np.linalg.norm(image) * np.linalg.norm(exposures))
    assert abs(forward) > 1e-5 * scale
    assert forward == pytest.approx(backward, abs=1e-6 * scale)


def test_a_star_becomes_the_psf_centred_on_it():
    kernels, _, _ = make_case(n=1)
    model = ForwardModel((23, 30), 7)
    latent = np.zeros((29, 36), "f4")
    latent[3 + 10, 3 + 15] = 2.0
    image = model.apply(latent, model.spectra(kernels))[0]
    np.testing.assert_allclose(image[7:14, 12:19], 2 * kernels[0], atol=1e-6)
    assert np.abs(image).sum() == pytest.approx(2.0, rel=1e-5)


def test_kernels_may_differ_between_tiles():
    kernels, latent, _ = make_case()
    model = ForwardModel((23, 30), 7)
    both = np.stack([kernels, kernels[::-1]])
    result = model.apply(latent, model.spectra(both))
    np.testing.assert_allclose(result[1], model.apply(latent[1], model.spectra(kernels[::-1])), atol=1e-6)
