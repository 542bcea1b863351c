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

"""Real galaxies, from a tiny catalogue made here."""

from __future__ import annotations

from pathlib import Path

import galsim
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from lsst.acn import Box
from lsst.acn.simulation import (
    DefectsConfig,
    RealGalaxiesConfig,
    SceneConfig,
    SimulationConfig,
    SkyScene,
    become_real,
    draw_truth,
    make_sources,
    simulate_field,
    under_sky,
)

PIXEL, HST_PIXEL = 0.168, 0.03
MAGNITUDES = (20.0, 22.0, 24.0)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write discs of different sizes as a telescope in space would see them."""
    folder = tmp_path_factory.mktemp("real")
    psf = galsim.Gaussian(fwhm=0.1)
    images, psfs = [fits.PrimaryHDU()], [fits.PrimaryHDU()]
    for index, magnitude in enumerate(MAGNITUDES):
        disc = galsim.Exponential(half_light_radius=0.6 - 0.1 * index, flux=10 ** (-0.4 * (magnitude - 25)))
        drawn = galsim.Convolve(disc.shear(g1=0.2, g2=0.0), psf).drawImage(nx=200, ny=200, scale=HST_PIXEL)
        images.append(fits.ImageHDU(drawn.array))
        psfs.append(fits.ImageHDU(psf.drawImage(nx=41, ny=41, scale=HST_PIXEL).array))
    fits.HDUList(images).writeto(folder / "images.fits")
    fits.HDUList(psfs).writeto(folder / "psfs.fits")
    count = len(MAGNITUDES)
    table = Table(
        {
            "IDENT": np.arange(count), "RA": np.zeros(count), "DEC": np.zeros(count), "MAG": MAGNITUDES,
            "BAND": ["F814W"] * count, "WEIGHT": np.ones(count), "GAL_FILENAME": ["images.fits"] * count,
            "PSF_FILENAME": ["psfs.fits"] * count, "NOISE_FILE_NAME": [""] * count,
            "GAL_HDU": np.arange(1, count + 1), "PSF_HDU": np.arange(1, count + 1),
            "PIXEL_SCALE": np.full(count, HST_PIXEL), "NOISE_MEAN": np.zeros(count),
            "NOISE_VARIANCE": np.full(count, 1e-12),
        }
    )  # fmt: skip
    table.write(folder / "catalog.fits")
    return str(folder / "catalog.fits")


def test_real_galaxy_is_seen_without_the_psf_of_its_telescope(catalog: str) -> None:
    row = make_sources(np.array([0.0]), np.array([0.0]), np.array([1e4]), g1=0.1, kind="real", real_index=1)
    box = Box.from_shape((61, 61), (-30, -30))
    truth = draw_truth(SkyScene(row, PIXEL, catalog), 2.5, box)
    disc = galsim.Exponential(half_light_radius=0.5, flux=1e4).shear(g1=0.2, g2=0.0)
    blurred = galsim.Convolve(disc, galsim.Gaussian(fwhm=2.5 * PIXEL))
    expected = blurred.drawImage(nx=61, ny=61, scale=PIXEL, method="no_pixel").array
    np.testing.assert_allclose(truth, expected, atol=0.01 * expected.max())
    assert truth.sum() == pytest.approx(1e4, rel=0.01)


def test_galaxies_become_real_ones_of_much_their_magnitude(
    catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lsst.acn.simulation.sky import real_galaxies

    monkeypatch.setattr(real_galaxies, "CANDIDATES", 1)
    mag = np.array([19.8, 21.9, 24.3, 25.6])
    sources = make_sources(np.zeros(4), np.zeros(4), np.ones(4), mag=mag, half_light_radius=0.4)
    real = become_real(sources, RealGalaxiesConfig(catalog), 1)
    assert list(real["real_index"]) == [0, 1, 2, -1]
    assert list(real["kind"]) == ["real"] * 3 + ["sersic"]
    assert list(real["half_light_radius"]) == [0, 0, 0, 0.4]
    np.testing.assert_allclose(np.hypot(real["g1"], real["g2"])[:3], 0.1)


def test_field_of_real_galaxies_agrees_with_its_truth(catalog: str) -> None:
    config = SimulationConfig(
        seed=2, box=Box.from_shape((64, 64)), visits=1, defects=DefectsConfig.none(),
        scene=SceneConfig(star_share=0.0, galaxy_bright_limit=20.0),
    )  # fmt: skip
    field = simulate_field(under_sky(config, "real-galaxies", real_galaxies=catalog))
    assert "real" in set(field.catalog["kind"])
    noise = np.sqrt(field.variance.sum(dtype=float))
    assert field.image.sum(dtype=float) == pytest.approx(
        field.truth_image(2.5).sum(), rel=0.03, abs=4 * noise
    )


def test_missing_and_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no catalogue of real galaxies at .*none\.fits"):
        RealGalaxiesConfig(str(tmp_path / "none.fits"))
    wrong = tmp_path / "wrong.fits"
    wrong.write_text("This is no FITS file.")
    sources = make_sources(np.zeros(1), np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match=r"wrong\.fits is no catalogue"):
        become_real(sources, RealGalaxiesConfig(str(wrong)), 1)
    with pytest.raises(ValueError, match="share"):
        RealGalaxiesConfig(share=2.0)
    with pytest.raises(ValueError, match="needs the file"):
        SkyScene(make_sources(np.zeros(1), np.zeros(1), np.ones(1), kind="real"), PIXEL).profile(0)
