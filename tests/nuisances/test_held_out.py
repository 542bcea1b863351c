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


"""What is wrong with exposures that a latent image has not seen."""

from __future__ import annotations

import numpy as np
from small_fields import make_stack

from lsst.acn import ExposureStack, RestorationConfig
from lsst.acn.nuisances.corrections import PARAMETERS
from lsst.acn.nuisances.held_out import fit_to_latent
from lsst.acn.nuisances.smooth_sky import SmoothSky


def test_sky_scale_and_shift_are_found_against_the_true_latent_image():
    stack, latent = make_stack(kernel_size=15)
    moved = np.roll(stack.psf.kernels, 1, axis=-1)
    # Half a pixel to the right, for the mean of a kernel and one a pixel to the right is there.
    model = ExposureStack.from_arrays(
        1.04 * stack.image + 2.5,
        stack.variance,
        0.5 * (moved + stack.psf.kernels)[:, 0, 0],
        valid=stack.valid,
    )
    common = SmoothSky(stack.box, np.array([[1.0]]))
    box = stack.box.grown_by(stack.psf.radius)
    found = fit_to_latent(model, latent, box, common, RestorationConfig().nuisances)
    np.testing.assert_allclose(found.column("sky"), 1.5, atol=0.2)
    np.testing.assert_allclose(found.column("flux_scale"), 0.04, atol=0.03)
    np.testing.assert_allclose(found.column("shift_x"), -0.5, atol=0.1)
    assert np.abs(found.values[:, PARAMETERS.index("shift_y")]).max() < 0.1
