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

"""Sources of simulations, and how they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table

from lsst.acn import Box
from lsst.acn.simulation import (
    ConditionsConfig,
    PsfModel,
    SceneConfig,
    SkyScene,
    draw_conditions,
    draw_noiseless,
    draw_scene,
    draw_truth,
    flux_of,
    magnitude_of,
)

PIXEL = 0.168
BOX = Box.from_shape((121, 131), (200, -30))


def make_scene(**columns: object) -> SkyScene:
    row = {
        "x": 35.0,
        "y": 260.0,
        "flux": 1e4,
        "is_star": True,
        "half_light_radius": 0.0,
        "sersic_index": 0.0,
        "g1": 0.0,
        "g2": 0.0,
    }
    return SkyScene(Table({name: [value] for name, value in (row | columns).items()}), PIXEL)


def make_psf(size: int = 31, **changes: object) -> PsfModel:
    return PsfModel(draw_conditions(ConditionsConfig(seeing=(0.6, 0.6), **changes), 3, 1), BOX, PIXEL, size)


def moments(image: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return centroid (y, x) in tract pixels, and second moments xx, yy, xy."""
    y, x = np.mgrid[BOX.y_start : BOX.y_stop, BOX.x_start : BOX.x_stop]
    weight = image / image.sum()
    y0, x0 = (weight * y).sum(), (weight * x).sum()
    second = [(weight * a).sum() for a in ((x - x0) ** 2, (y - y0) ** 2, (x - x0) * (y - y0))]
    return y0, x0, np.array(second)


GALAXY = {"is_star": False, "half_light_radius": 0.4, "sersic_index": 1.0, "g1": 0.3, "g2": 0.2}


@pytest.mark.parametrize(
    "source",
    [{}, {"x": 31.3, "y": 262.8}, GALAXY | {"x": 31.3, "y": 262.8}, GALAXY | {"sersic_index": 4.0}],
)
def test_source_has_its_flux_and_place_in_exposures_and_truth(source: dict) -> None:
    scene = make_scene(**source)
    for image in (draw_noiseless(scene, make_psf(), BOX), draw_truth(scene, 2.5, BOX)):
        assert image.sum() == pytest.approx(1e4, rel=2e-5)
        y, x, _ = moments(image)
        assert (y, x) == pytest.approx(scene.position(0), abs=2e-3)


def test_star_on_a_pixel_is_the_kernel_times_its_flux() -> None:
    psf = make_psf()
    image = draw_noiseless(make_scene(), psf, BOX)
    cut = Box(245, 276, 20, 51).slices_within(BOX)
    np.testing.assert_allclose(image[cut], 1e4 * psf.kernel_at(260, 35), atol=2e-3)
    image[cut] = 0
    assert np.abs(image).max() < 1e-3


def test_exposure_of_a_galaxy_is_the_kernel_convolved_with_its_truth() -> None:
    from scipy.signal import fftconvolve

    # Blurred by the same Gaussian, so that both are well sampled.
    scene, psf = make_scene(**GALAXY), make_psf()
    exposure, truth = draw_noiseless(scene, psf, BOX), draw_truth(scene, 4.0, BOX)
    gaussian = draw_truth(make_scene(), 4.0, BOX)[Box(245, 276, 20, 51).slices_within(BOX)] / 1e4
    expected = fftconvolve(truth, psf.kernel_at(260, 35), mode="same")
    np.testing.assert_allclose(
        fftconvolve(exposure, gaussian, mode="same"), expected, atol=2e-4 * expected.max()
    )


def test_shear_and_size_show_in_the_truth() -> None:
    fwhm = 2.0
    _, _, second = moments(draw_truth(make_scene(**GALAXY), fwhm, BOX))
    xx, yy, xy = second - np.array([1, 1, 0]) * (fwhm / 2.3548) ** 2
    distortion = np.array([xx - yy, 2 * xy]) / (xx + yy)
    shear = np.array([GALAXY["g1"], GALAXY["g2"]])
    np.testing.assert_allclose(distortion, 2 * shear / (1 + (shear**2).sum()), atol=2e-3)
    _, _, larger = moments(draw_truth(make_scene(**GALAXY | {"half_light_radius": 0.8}), fwhm, BOX))
    assert larger[0] - (fwhm / 2.3548) ** 2 == pytest.approx(4 * xx, rel=2e-3)


def test_truth_needs_a_resolution() -> None:
    with pytest.raises(ValueError, match="positive FWHM"):
        draw_truth(make_scene(), 0.0, BOX)


def test_light_from_beyond_the_edge_comes_in() -> None:
    outside = make_scene(x=BOX.x_start - 5.0)
    image = draw_noiseless(outside, make_psf(), BOX)
    assert 0 < image.sum() < 5e3
    assert image[:, 0].sum() > image[:, 8].sum() > 0
    assert draw_noiseless(make_scene(x=BOX.x_start - 60.0), make_psf(), BOX).sum() == 0


def test_kernel_has_the_seeing_shape_and_unit_sum() -> None:
    kernel = make_psf(41, ellipticity_scatter=0.1).kernel_at(0, 0)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert kernel.min() >= 0
    assert np.unravel_index(kernel.argmax(), kernel.shape) == (20, 20)
    fine = make_psf(41).profile_at(0, 0).drawImage(nx=401, ny=401, scale=0.01, method="no_pixel").array
    fwhm = 0.01 * np.sqrt(np.count_nonzero(fine > 0.5 * fine.max()) * 4 / np.pi)
    # The pixel broadens the profile a little.
    assert 0.6 < fwhm < 0.64


def test_psf_varies_smoothly_as_asked() -> None:
    psf = make_psf(fwhm_gradient=0.1, shear_gradient=0.05)
    middle, corner = psf.shape_at(*BOX.center), psf.shape_at(BOX.y_start, BOX.x_stop)
    assert middle == pytest.approx((0.6, psf.conditions.g1, psf.conditions.g2))
    slope = psf.conditions.fwhm_gradient
    assert corner[0] == pytest.approx(0.6 * (1 - 0.5 * slope[0] + 0.5 * slope[1]), rel=0.01)
    kernels = psf.kernels(BOX, (40, 40))
    assert kernels.shape == (4, 4, 31, 31)
    np.testing.assert_array_equal(kernels[1, 2], psf.kernel_at(200 + 59.5, -30 + 99.5))
    assert np.abs(kernels[0, 0] - kernels[3, 3]).max() > 1e-3
    # Each source is drawn through the PSF of its own place.
    scene = make_scene(x=80.0, y=300.0)
    image = draw_noiseless(scene, psf, BOX)
    cut = Box(285, 316, 65, 96).slices_within(BOX)
    np.testing.assert_allclose(image[cut], 1e4 * psf.kernel_at(300, 80), atol=2e-3)


def test_scene_follows_its_distributions() -> None:
    box = Box(0, 2000, 0, 1800)
    config = SceneConfig(crowding=150.0, star_share=0.2, edge_margin=10)
    catalog = draw_scene(config, 5, box, PIXEL).catalog
    square_arcmin = 2020 * 1820 * (PIXEL / 60) ** 2
    assert len(catalog) == pytest.approx(150 * square_arcmin, abs=4 * np.sqrt(150 * square_arcmin))
    assert catalog["is_star"].mean() == pytest.approx(0.2, abs=0.02)
    galaxies, stars = catalog[~catalog["is_star"]], catalog[catalog["is_star"]]
    for sources, bright, slope in ((galaxies, 18.5, 0.3), (stars, 16.5, 0.12)):
        assert bright <= sources["mag"].min() < bright + 4
        assert 26.3 < sources["mag"].max() <= 26.5
        counts = [np.count_nonzero(abs(sources["mag"] - mag) < 1) for mag in (23.0, 25.0)]
        assert np.log10(counts[1] / counts[0]) / 2 == pytest.approx(slope, abs=0.04)
    sizes = [np.median(galaxies["half_light_radius"][abs(galaxies["mag"] - m) < 0.5]) for m in (23, 26)]
    assert np.log10(sizes[0] / sizes[1]) == pytest.approx(0.3, abs=0.04)
    assert 1.0 <= galaxies["sersic_index"].min() < galaxies["sersic_index"].max() <= 4.0
    assert np.hypot(galaxies["g1"], galaxies["g2"]).max() < 0.7
    assert np.std(galaxies["g1"]) == pytest.approx(0.22, abs=0.02)
    np.testing.assert_allclose(magnitude_of(catalog["flux"].data), catalog["mag"].data)
    for name, low, high in (("x", -10.5, 1809.5), ("y", -10.5, 2009.5)):
        assert catalog[name].min() == pytest.approx(low, abs=5)
        assert catalog[name].max() == pytest.approx(high, abs=5)


def test_default_density_is_that_of_a_deep_field() -> None:
    inside = [
        (np.clip(catalog["x"], 0, 255) == catalog["x"]) & (np.clip(catalog["y"], 0, 255) == catalog["y"])
        for catalog in (
            draw_scene(SceneConfig(), seed, Box(0, 256, 0, 256), PIXEL).catalog for seed in range(9)
        )
    ]
    assert np.mean([where.sum() for where in inside]) == pytest.approx(94, abs=10)


def test_magnitudes_are_ab_of_nanojansky() -> None:
    assert flux_of(31.4) == pytest.approx(1.0)
    assert magnitude_of(3631e9) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crowding": -1}, "crowding"),
        ({"star_share": 1.5}, "star_share"),
        ({"faint_limit": 18.0}, "faint_limit"),
        ({"galaxy_slope": 0.0}, "Slopes"),
    ],
)
def test_scene_config_refuses_nonsense(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SceneConfig(**changes)
