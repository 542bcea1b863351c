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

"""Whole simulated fields."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lsst.acn import Box
from lsst.acn.simulation import (
    MASK_PLANES,
    ConditionsConfig,
    DefectsConfig,
    SceneConfig,
    SimulatedField,
    SimulationConfig,
    draw_noiseless,
    simulate_field,
)

CONFIG = SimulationConfig(
    seed=3,
    box=Box.from_shape((72, 80), (1000, 400)),
    visits=4,
    psf_size=21,
    conditions=ConditionsConfig(seeing=(0.5, 0.6)),
    defects=DefectsConfig(gap_probability=1.0),
)
PERFECT = dataclasses.replace(CONFIG, defects=DefectsConfig.none())


@pytest.fixture(scope="module")
def field() -> SimulatedField:
    return simulate_field(CONFIG)


def noiseless(field: SimulatedField) -> np.ndarray:
    models = [field.psf_model(index) for index in range(len(field.conditions))]
    return np.stack([draw_noiseless(field.scene, model, field.box) for model in models])


def test_stack_has_the_exposures_without_their_defects(field: SimulatedField) -> None:
    stack = field.stack
    assert stack.image.shape == (4, 72, 80)
    assert stack.visits == (1, 2, 3, 4)
    assert (stack.box, stack.unit, stack.band) == (CONFIG.box, "nJy", "i")
    assert stack.psf.is_constant
    assert stack.psf.size == 21
    assert stack.mask_planes == MASK_PLANES
    np.testing.assert_array_equal(stack.valid, field.mask == 0)
    assert np.isnan(field.image).any()
    assert np.isfinite(stack.image).all()
    np.testing.assert_array_equal(stack.image[stack.valid], field.image[stack.valid])


def test_same_seed_gives_the_same_bytes_and_another_does_not(field: SimulatedField) -> None:
    again = simulate_field(CONFIG)
    for name in ("image", "variance", "mask"):
        assert getattr(again, name).tobytes() == getattr(field, name).tobytes()
    assert again.psf.kernels.tobytes() == field.psf.kernels.tobytes()
    assert again.truth_image(2.5).tobytes() == field.truth_image(2.5).tobytes()
    other = simulate_field(dataclasses.replace(CONFIG, seed=4))
    assert other.truth_image(2.5).tobytes() != field.truth_image(2.5).tobytes()


def test_more_exposures_change_nothing_but_their_number(field: SimulatedField) -> None:
    more = simulate_field(dataclasses.replace(CONFIG, visits=2, first_visit=3))
    assert more.stack.visits == (3, 4)
    np.testing.assert_array_equal(more.image, field.image[2:])
    np.testing.assert_array_equal(more.catalog["x"], field.catalog["x"])


def test_noise_has_the_variance_of_its_plane() -> None:
    field = simulate_field(PERFECT)
    assert field.stack.valid.all()
    chi2 = (field.image - noiseless(field)) ** 2 / field.variance
    assert chi2.mean() == pytest.approx(1.0, abs=0.04)


def test_defects_stand_out_and_are_masked(field: SimulatedField) -> None:
    residual = np.abs(field.stack.image - noiseless(field)) / np.sqrt(field.stack.variance)
    # Nothing masked is left; a few pixels of the rays that escaped may be.
    assert (residual > 6).mean() < 0.005
    assert (field.mask >> MASK_PLANES["NO_DATA"] & 1).any(axis=(1, 2)).all()
    assert (field.mask >> MASK_PLANES["COSMIC_RAY"] & 1).any(axis=(1, 2)).sum() == 2


def test_sharp_exposures_saturate_more() -> None:
    config = dataclasses.replace(
        CONFIG,
        visits=5,
        psf_size=25,
        scene=SceneConfig(crowding=100.0, star_share=1.0, star_bright_limit=16.0, faint_limit=19.0),
        conditions=ConditionsConfig(seeing=(0.45, 0.85), ellipticity_scatter=0.0),
        defects=DefectsConfig(cosmic_rays=0.0, gap_probability=0.0),
    )
    field = simulate_field(config)
    order = np.argsort([each.fwhm for each in field.conditions])
    saturated = (field.mask[order] >> MASK_PLANES["SATURATED"] & 1).astype(bool)
    assert saturated.mean(axis=(1, 2))[0] > saturated.mean(axis=(1, 2))[-1] > 0
    # All exposures have the same full well.
    np.testing.assert_allclose(field.image.max(axis=(1, 2)), field.image.max(), rtol=1e-6)
    assert field.image[order][~saturated].max() < field.image.max()


def test_sky_offsets_shift_the_whole_exposure() -> None:
    conditions = dataclasses.replace(CONFIG.conditions, sky_offset=2.0)
    plain = simulate_field(PERFECT)
    shifted = simulate_field(dataclasses.replace(PERFECT, conditions=conditions))
    sky = np.sqrt(np.median(plain.variance, axis=(1, 2)))
    expected = sky * [each.sky_offset for each in shifted.conditions]
    assert np.abs(expected).max() > sky.min()
    difference = shifted.image - plain.image
    np.testing.assert_allclose(difference.mean(axis=(1, 2)), expected, rtol=0.05)
    assert difference.std(axis=(1, 2)).max() < 1e-2


def test_varying_psf_is_on_a_grid_of_cells() -> None:
    conditions = ConditionsConfig(seeing=(0.5, 0.6), fwhm_gradient=0.05, shear_gradient=0.02)
    field = simulate_field(dataclasses.replace(PERFECT, visits=2, conditions=conditions, cell_size=40))
    psf = field.stack.psf
    assert psf.kernels.shape == (2, 2, 2, 21, 21)
    assert psf.cell_shape == (40, 40)
    for index in range(2):
        expected = field.psf_model(index).kernel_at(1000 + 19.5, 400 + 59.5)
        np.testing.assert_allclose(psf.at(1010, 470)[index], expected, atol=1e-7)
    chi2 = (field.image - noiseless(field)) ** 2 / field.variance
    assert chi2.mean() == pytest.approx(1.0, abs=0.05)


def test_catalog_tells_where_sources_are(field: SimulatedField) -> None:
    catalog = field.catalog
    np.testing.assert_allclose(catalog["ra"][0], field.wcs.pixel_to_world(*catalog["x", "y"][0]).ra.deg)
    assert (catalog["ra"].unit, catalog["flux"].unit, catalog["x"].unit) == ("deg", "nJy", "pix")
    y, x = CONFIG.box.center
    assert field.wcs.pixel_to_world_values(x, y) == pytest.approx(CONFIG.center)
    # East is to the left, and the scale is right.
    _, dec = field.wcs.pixel_to_world_values(x, y + 10)
    ra, _ = field.wcs.pixel_to_world_values(x - 10, y)
    assert 3600 * (dec - CONFIG.center[1]) == pytest.approx(1.68, rel=1e-4)
    assert ra > CONFIG.center[0]
    inside = catalog[catalog["in_field"]]
    assert 0 < len(inside) < len(catalog)
    assert inside["x"].min() >= 399.5
    assert inside["y"].max() < 1071.5


def test_cutout_is_the_same_field_in_part(field: SimulatedField) -> None:
    box = Box(1010, 1050, 420, 480)
    part = field.cutout(box)
    np.testing.assert_array_equal(part.stack.image, field.stack.image[:, 10:50, 20:80])
    np.testing.assert_allclose(part.truth_image(2.5), field.truth_image(2.5)[10:50, 20:80], atol=0.05)
    assert part.catalog["in_field"].sum() < field.catalog["in_field"].sum()
    np.testing.assert_array_equal(part.catalog["ra"], field.catalog["ra"])
    with pytest.raises(ValueError, match="not inside"):
        part.cutout(CONFIG.box)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"psf_size": 40}, "must be odd"),
        ({"psf_size": 81}, "smaller than psf_size=81"),
        ({"psf_size": 9}, "cannot hold a PSF"),
        ({"visits": 0}, "visits"),
        ({"seed": -1}, "seed"),
        ({"pixel_scale": 0.0}, "pixel_scale"),
    ],
)
def test_config_refuses_nonsense(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(CONFIG, **changes)
