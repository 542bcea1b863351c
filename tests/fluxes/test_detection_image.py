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

"""The image that is for detection."""

from __future__ import annotations

import numpy as np
import pytest
from leftovers import TARGET, exposures_of, images_of, restored_of

from lsst.acn.fluxes.detection_image import make_detection_image
from lsst.acn.forward.target_psf import convolve_separable

PLACE = np.array([[48.0, 47.0]])
HEIGHT = float((TARGET.astype(float) ** 2).sum())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_star_has_the_same_height_whether_the_picture_has_it_or_not(share: float) -> None:
    images = images_of(exposures_of(PLACE, 300.0), restored_of(PLACE, share * 300.0))
    smooth = convolve_separable(make_detection_image(images).image, TARGET)
    # What is half clear, is clear in the middle alone.
    assert smooth[48, 47] / HEIGHT == pytest.approx(300.0, rel=0.04 if share else 5e-3)


def test_clear_stars_stay_as_sharp_as_they_are() -> None:
    images = images_of(exposures_of(PLACE, 3000.0), restored_of(PLACE, 3000.0))
    made = make_detection_image(images)
    np.testing.assert_allclose(made.image, images.image, atol=0.02 * images.image.max())
    np.testing.assert_array_equal(made.psf.at(48, 47)[0], TARGET)


def test_noise_has_the_variance_that_is_said() -> None:
    scaled = []
    for seed in range(30):
        made = make_detection_image(images_of(exposures_of(seed=seed), restored_of()))
        smooth = convolve_separable(made.image, TARGET)
        scaled.append(smooth / np.sqrt(made.variance * HEIGHT))
    inside = np.array(scaled)[:, 20:-20, 20:-20]
    assert inside.std() == pytest.approx(1.0, abs=0.03)
    assert abs(((inside - inside.mean()) ** 3).mean()) < 0.1
