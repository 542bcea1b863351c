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

"""Donuts and aureoles, against GalSim and against closed forms."""

from __future__ import annotations

import dataclasses

import galsim
import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.simulation import (
    ConditionsConfig,
    ExposureConditions,
    Optics,
    OpticsConfig,
    PsfModel,
    SimulationConfig,
    draw_optics,
    scatter_light,
    simulate_field,
)

PIXEL = 0.168
BOX = Box.from_shape((64, 64))


def test_donut_is_the_pupil_through_the_atmosphere() -> None:
    optics = Optics(donut_diameter=1.6, obscuration=0.6)
    kernel = PsfModel(ExposureConditions(1, 0.6), BOX, PIXEL, 51, optics).kernel_at(32, 32)
    # Drawn by GalSim from the start, by photons' own geometry: an aperture of unit area less its hole.
    ring = galsim.TopHat(0.8, flux=0.64 + 0.36 + 0.5625) - galsim.TopHat(0.48, flux=0.5625)
    expected = galsim.Convolve(galsim.Kolmogorov(fwhm=0.6), ring).drawImage(nx=51, ny=51, scale=PIXEL).array
    expected = expected / expected.sum()
    np.testing.assert_allclose(kernel, expected, atol=0.02 * expected.max())
    # The ring is brighter than its hole.
    assert kernel[25, 25] < 0.8 * kernel.max()
    assert abs(np.hypot(*(np.array(np.unravel_index(kernel.argmax(), kernel.shape)) - 25)) - 3.8) < 1.5


def test_donuts_come_in_their_share() -> None:
    config = OpticsConfig(donut_diameter=1.2, donut_share=0.25)
    diameters = [draw_optics(config, 3, visit).donut_diameter for visit in range(1, 13)]
    assert sorted(diameters) == [0.0] * 9 + [1.2] * 3
    assert draw_optics(OpticsConfig(), 3, 1) == Optics()


def test_scattered_light_is_a_moffat_profile_of_its_share() -> None:
    star = np.zeros((201, 201))
    star[100, 100] = 1.0
    optics = Optics(aureole_share=0.06, aureole_radius=1.5)
    image = scatter_light(star, optics, PIXEL)
    assert image.sum() == pytest.approx(1.0, abs=1e-9)
    offset = np.arange(201) - 100
    radius = np.hypot(offset[:, None], offset) * PIXEL / 1.5
    # Light of (1 + r^2)^-1.5 within r is 1 - (1 + r^2)^-0.5, up to the end at 6 radii.
    for reach in (1.0, 2.0, 4.0):
        share = (1 - (1 + reach**2) ** -0.5) / (1 - 37**-0.5)
        assert image[radius <= reach].sum() == pytest.approx(0.94 + 0.06 * share, abs=5e-4)
    assert image[radius > 6.2].max() < 1e-12
    assert scatter_light(star, Optics(), PIXEL) is star


def test_models_cut_off_the_aureole_of_what_is_drawn() -> None:
    config = SimulationConfig(
        seed=2, box=Box.from_shape((64, 64)), visits=1, psf_size=31,
        conditions=ConditionsConfig(seeing=(0.5, 0.6)), optics=OpticsConfig(aureole_share=0.1),
    )  # fmt: skip
    field, plain = simulate_field(config), simulate_field(dataclasses.replace(config, optics=OpticsConfig()))
    kernel, core = field.psf.kernels[0, 0, 0].astype(float), plain.psf.kernels[0, 0, 0].astype(float)
    padded = np.pad(core, 100)
    whole = scatter_light(padded, Optics(aureole_share=0.1), PIXEL)[100:-100, 100:-100]
    assert 0.9 < whole.sum() < 0.97
    np.testing.assert_allclose(kernel, whole / whole.sum(), atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [{"donut_diameter": -1.0}, {"donut_share": 2.0}, {"obscuration": 1.0}, {"aureole_radius": 0.0}],
)
def test_optics_refuse_nonsense(changes: dict) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=name):
        OpticsConfig(**changes)


def test_stamp_must_hold_a_donut() -> None:
    with pytest.raises(ValueError, match=r"cannot hold .* 14\.9 more for the defocused pupil"):
        SimulationConfig(psf_size=31, optics=OpticsConfig(donut_diameter=2.5))
