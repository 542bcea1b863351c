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


"""Light of sources beyond the edges of the exposures."""

from __future__ import annotations

import numpy as np

from lsst.acn import Box, ExposureStack, restore
from lsst.acn.exposures.mirrored_cutout import mirrored_cutout
from lsst.acn.forward.forward_model import ForwardModel
from lsst.acn.methods.cross_exposure.family.edge_light import without_mirrored_light

RING, SIZE = 6.0, 25


def ring_kernel(radius: float) -> np.ndarray:
    """Return the PSF of a defocused telescope."""
    distance = np.hypot(*np.indices((SIZE, SIZE)) - SIZE // 2)
    kernel = np.exp(-0.5 * ((distance - radius) / 1.2) ** 2)
    return (kernel / kernel.sum()).astype(np.float32)


def make_exposures(flux: float) -> ExposureStack:
    """Return exposures with a star that stands three pixels left of them."""
    kernels = np.stack([ring_kernel(RING + 0.2 * t) for t in range(6)])
    latent = np.zeros((64 + SIZE - 1, 64 + SIZE - 1), np.float32)
    latent[44, SIZE // 2 - 3] = flux
    model = ForwardModel((64, 64), SIZE)
    noise = np.random.default_rng(3).normal(size=(6, 64, 64))
    return ExposureStack.from_arrays(
        model.apply(latent, model.spectra(kernels)) + noise, np.ones((6, 64, 64)), kernels
    )


def test_star_outside_leaves_no_arc_inside() -> None:
    # Its ring has 80 standard deviations in each pixel; mirrored, it became an arc of 470 at the edge.
    assert np.abs(restore(make_exposures(1e4)).image).max() < 100.0


def test_faint_light_is_mirrored() -> None:
    exposures = make_exposures(300.0)
    around = mirrored_cutout(exposures, Box(-20, 84, -20, 84))
    assert without_mirrored_light(around, exposures.box) is around


def test_unknown_pixels_are_those_beyond_the_bright_edge() -> None:
    exposures = make_exposures(3e5)
    around = mirrored_cutout(exposures, Box(-20, 84, -20, 84))
    known = without_mirrored_light(around, exposures.box).valid.all(axis=0)
    assert known[20:84, 20:84].all()
    assert not known[52, :20].any()
    assert known[:, 84:].all()
