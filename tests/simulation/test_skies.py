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

"""Skies by name."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.signal import fftconvolve

from lsst.acn import Box, gaussian_kernel
from lsst.acn.simulation import (
    SKIES,
    DefectsConfig,
    SimulationConfig,
    draw_noiseless,
    simulate_field,
    under_sky,
)

BASE = SimulationConfig(seed=7, box=Box.from_shape((110, 110)), visits=1, defects=DefectsConfig.none())
MODELS = [name for name in SKIES if name != "real-galaxies"]


@pytest.mark.parametrize("name", MODELS)
def test_every_sky_can_be_drawn_and_agrees_with_its_truth(name: str) -> None:
    field, plain = simulate_field(under_sky(BASE, name)), simulate_field(BASE)
    truth = field.truth_image(4.0)
    assert (truth.tobytes() == plain.truth_image(4.0).tobytes()) == (name == "ordinary")
    assert truth.min() > -1e-4 * truth.max()
    # Blurred by the same Gaussian, an exposure is its kernel times the truth.
    clean = draw_noiseless(field.scene, field.psf_model(0), field.box)
    exposure = fftconvolve(clean, gaussian_kernel(4.0, 21), mode="same")
    expected = fftconvolve(truth, field.psf.kernels[0, 0, 0], mode="same")
    inner = np.s_[30:-30, 30:-30]
    np.testing.assert_allclose(exposure[inner], expected[inner], atol=2e-3 * expected[inner].max())
    assert set(field.catalog["kind"]) > {"star"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("late-types", "late_type"),
        ("edge-on", "edge_on"),
        ("low-surface-brightness", "low_surface_brightness"),
        ("nebula", "cloud"),
        ("intracluster-light", "intracluster_light"),
    ],
)
def test_catalog_says_what_the_sources_are(name: str, kind: str) -> None:
    catalog = simulate_field(under_sky(BASE, name)).catalog
    assert kind in set(catalog["kind"])
    assert kind not in set(simulate_field(BASE).catalog["kind"])
    assert not catalog["is_star"][catalog["kind"] == kind].any()
    assert list(catalog["id"]) == list(range(len(catalog)))


def test_skies_keep_what_they_do_not_speak_of() -> None:
    base = dataclasses.replace(BASE, scene=dataclasses.replace(BASE.scene, crowding=42.0))
    for name in MODELS:
        assert under_sky(base, name).scene.crowding == 42.0
    assert under_sky(base, "ordinary") == base


def test_skies_must_exist() -> None:
    with pytest.raises(ValueError, match=r"Skies are ordinary, .*got 'blue'"):
        under_sky(BASE, "blue")
    with pytest.raises(ValueError, match="needs the file"):
        under_sky(BASE, "real-galaxies")
