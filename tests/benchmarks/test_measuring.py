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

"""The benchmark of measuring: its detection, its stars and its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from lsst.acn import gaussian_kernel

PSF = gaussian_kernel(4.0, 25)
SIZE = 96


def white_noise(sigma: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return sigma * rng.normal(size=(SIZE, SIZE)), np.full((SIZE, SIZE), sigma**2)


def test_significance_of_white_noise_is_normal() -> None:
    from benchmarks.measuring.rubin_detection import smoothed_significance

    significance = smoothed_significance(*white_noise(3.0), PSF)
    assert significance.std() == pytest.approx(1.0, abs=0.06)
    assert significance.mean() == pytest.approx(0.0, abs=0.15)


def test_a_star_has_the_significance_of_the_matched_filter() -> None:
    from benchmarks.measuring.rubin_detection import find_peaks, smoothed_significance

    image, variance = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), 4.0)
    image[40 - 12 : 40 + 13, 50 - 12 : 50 + 13] = 200.0 * PSF
    variance[0, 0] = np.inf
    significance = smoothed_significance(image, variance, PSF)
    expected = 200.0 * np.sqrt((PSF.astype(float) ** 2).sum()) / 2.0
    assert significance[40, 50] == pytest.approx(expected, rel=5e-3)
    assert [each.tolist() for each in find_peaks(significance, 5.0)] == [[40], [50]]
    assert significance[0, 0] == 0.0
    assert not len(find_peaks(significance, 1.01 * expected)[0])


def test_noise_that_is_said_to_be_less_makes_false_peaks() -> None:
    from benchmarks.measuring.detection_fields import DetectionImage
    from benchmarks.measuring.detection_scores import score_detection

    image, variance = white_noise(1.0)
    image[40 - 12 : 40 + 13, 50 - 12 : 50 + 13] += 300.0 * PSF
    catalog = Table({"y": [40.0], "x": [50.0], "flux": [300.0], "mag": [25.0], "half_light_radius": [0.0]})
    honest = score_detection(DetectionImage("any", image, variance, PSF), catalog)
    bold = score_detection(DetectionImage("any", image, 0.1 * variance, PSF), catalog)
    assert (honest.true[5.0], honest.false[5.0]) == (1, 0)
    assert bold.false[5.0] > 5
    assert bold.scatter == pytest.approx(honest.scatter / np.sqrt(0.1))


def test_bounds_of_stars_are_those_of_their_photons() -> None:
    from benchmarks.measuring.star_grids import make_grid

    grid = make_grid(800_999, 10.0)
    assert len(grid.positions) == 36
    # The photons of the star itself add a little to the noise of the sky.
    assert grid.flux / 10.0 < grid.flux_bound < 1.15 * grid.flux / 10.0
    # For a Gaussian, that is .6 FWHM over the signal to noise.
    assert grid.position_bound == pytest.approx(0.6 * 4.2 / 10.0, rel=0.1)
    pairs = make_grid(800_999, 10.0, separation=4.0).positions.reshape(-1, 2, 2)
    np.testing.assert_allclose(np.hypot(*(pairs[:, 1] - pairs[:, 0]).T), 4.0)


def test_tables_have_a_row_for_each_signal_to_noise() -> None:
    from benchmarks.measuring.detection_scores import DetectionScore
    from benchmarks.measuring.star_measurements import StarErrors, pooled
    from benchmarks.measuring.tables import format_measuring

    rng = np.random.default_rng(0)
    names = ["psf", "aperture 3", "aperture 5", "position"]
    draws = {prefix + name: rng.normal(size=100) for name in names for prefix in ("", "picture ")}
    errors = pooled([StarErrors({k: 0.01 * v for k, v in draws.items()}, draws, draws)] * 2)
    assert len(errors.scaled["psf"]) == 200
    score = DetectionScore({3.0: 2, 5.0: 1, 10.0: 0}, {3.0: 7, 5.0: 0, 10.0: 0}, float("nan"), 1.0)
    text = format_measuring({3: errors, 5: errors}, {10: errors}, {"empty": {"coadd": [score]}}, 2)
    assert text.count("| picture + residual |") == 3
    assert "| coadd | 2.0 / 7.0 | 1.0 / 0.0 | 0.0 / 0.0 | – | 1.00 |" in text


def test_responses_are_a_table_and_a_plot(tmp_path: Path) -> None:
    from benchmarks.measuring.injections import Response
    from benchmarks.measuring.linearity import draw_linearity, write_linearity

    found = [
        Response(shape, "isolated", level, on, flux, 1.0, 0.01, 0.1)
        for shape in ("star", "disc")
        for level in (3.0, 100.0)
        for on in ("picture", "picture + residual")
        for flux in ("psf", "aperture")
    ]
    write_linearity(found, tmp_path)
    lines = (tmp_path / "linearity.csv").read_text().splitlines()
    assert len(lines) == 1 + len(found)
    assert lines[1] == "star,isolated,3,picture,psf,1.000 ± 0.010,0.100"
    assert (tmp_path / "linearity.png").stat().st_size > 0
    assert len(draw_linearity(found).axes) == 2


def test_circles_of_an_image_hold_its_light() -> None:
    from benchmarks.measuring.circles import in_circles

    image = np.zeros((SIZE, SIZE))
    image[40 - 12 : 40 + 13, 50 - 12 : 50 + 13] = 7.0 * gaussian_kernel(3.0, 25)
    sigma = 3.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))
    expected = 7.0 * (1.0 - np.exp(-0.5 * (2.5 / sigma) ** 2))
    assert in_circles(image, 2.5)[40, 50] == pytest.approx(expected, rel=1e-3)


def test_colours_have_a_row_for_each_kind_of_source() -> None:
    from benchmarks.measuring.colours import KINDS, ColourErrors
    from benchmarks.measuring.tables import format_colours

    kind = np.array(KINDS)[np.arange(36) % 3]
    values = {"g-r": np.full(36, 0.002), "r-i": np.full(36, -0.001)}
    text = format_colours({300.0: [ColourErrors(values, values, kind)] * 2}, 2)
    assert "| 300 | galaxy | g − r | +2.0 ± 0.0 | 0.0 | +2.0 ± 0.0 | 0.0 |" in text
    assert text.count("| r − i | −1.0") == 3
