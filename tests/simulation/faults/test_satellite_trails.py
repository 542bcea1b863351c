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

"""Trails of satellites, against a line that GalSim draws."""

from __future__ import annotations

import galsim
import numpy as np
import pytest

from lsst.acn.simulation import TrailsConfig, add_trails, even_count

PIXEL = 0.168


def draw(psf: galsim.GSObject, seed: int = 1, **changes: object) -> np.ndarray:
    image = np.zeros((120, 110))
    config = TrailsConfig(per_exposure=1.0, **changes)
    add_trails(image, 10.0, psf, PIXEL, config, seed=seed, visit=4)
    return image


def angle_of(image: np.ndarray) -> tuple[float, float, float]:
    """Return a point on a trail and its angle, from moments of the light."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    y0, x0 = 60.0, 55.0
    # A circle around a point of the trail treats both sides of it alike.
    for _ in range(4):
        weight = image**2 * (np.hypot(y - y0, x - x0) < 40)
        y0, x0 = (weight * y).sum() / weight.sum(), (weight * x).sum() / weight.sum()
    yy, xx, xy = ((weight * a).sum() for a in ((y - y0) ** 2, (x - x0) ** 2, (y - y0) * (x - x0)))
    return y0, x0, 0.5 * np.arctan2(2 * xy, xx - yy)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_trail_is_a_thin_line_through_the_psf(seed: int) -> None:
    psf = galsim.Convolve(galsim.Kolmogorov(fwhm=0.7).shear(g1=0.2, g2=0.1), galsim.Pixel(PIXEL))
    image = draw(psf, seed, signal=(3.0, 3.0))
    assert image.max() == pytest.approx(30.0, rel=0.02)
    y, x, angle = angle_of(image)
    # GalSim draws a long, very thin box through the same PSF.
    line = galsim.Convolve(galsim.Box(300.0, 1e-3).rotate(angle * galsim.radians), psf)
    expected = galsim.ImageD(110, 120, xmin=0, ymin=0)
    line.drawImage(expected, scale=PIXEL, center=galsim.PositionD(x, y), method="no_pixel")
    expected = expected.array
    near = np.hypot(*(np.mgrid[:120, :110] - np.array([y, x])[:, None, None])) < 40
    scale = (image * expected)[near].sum() / (expected**2)[near].sum()
    np.testing.assert_allclose(image[near], scale * expected[near], atol=0.03 * image.max())


def test_trails_have_their_number_and_brightness() -> None:
    psf = galsim.Gaussian(fwhm=0.6)
    peaks = [draw(psf, seed, signal=(2.0, 5.0)).max() / 10 for seed in range(30)]
    assert 1.9 < min(peaks) < 2.6
    assert 4.4 < max(peaks) <= 5.0
    image = np.zeros((50, 50))
    config = TrailsConfig(per_exposure=0.25)
    has_one = []
    for visit in range(8):
        image[:] = 0
        add_trails(image, 1.0, psf, PIXEL, config, seed=3, visit=visit)
        has_one.append(bool(image.any()))
    assert has_one == [even_count(0.25, 3, "trails", visit) == 1 for visit in range(8)]
    assert sum(has_one) == 2


@pytest.mark.parametrize("changes", [{"per_exposure": -1.0}, {"signal": (3.0, 2.0)}])
def test_trails_refuse_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        TrailsConfig(**changes)
