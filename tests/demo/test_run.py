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

"""The parts of the demonstration; `make demo` runs the whole of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lsst.acn import gaussian_kernel
from lsst.acn.demo.images import DemoImages
from lsst.acn.demo.picture import draw_comparison
from lsst.acn.demo.run import MARKER, DemoError, main, prepare_folder
from lsst.acn.demo.table import compare_images, format_table


@pytest.fixture
def images() -> DemoImages:
    rng = np.random.default_rng(4)
    truth = np.zeros((96, 96))
    truth[20:31, 40:51] = 1000 * gaussian_kernel(2.5, 11)
    blurred = np.zeros((96, 96))
    blurred[15:36, 35:56] = 1000 * gaussian_kernel(5.0, 21)
    return DemoImages(
        coadd=blurred + rng.normal(size=truth.shape),
        restored=truth + rng.normal(scale=0.1, size=truth.shape),
        latent=truth,
        truth=truth,
        coadd_fwhm=5.0,
        target_fwhm=2.5,
        coadd_noise=1.0,
        n_visits=12,
        pixel_scale=0.2,
        unit="nJy",
    )


def test_table_tells_the_better_image(images: DemoImages) -> None:
    rows = dict(compare_images(images))
    assert rows["PSF FWHM [arcsec]"] == pytest.approx([1.0, 0.5, None, 0.5])
    for name in ("rms error, sky [nJy]", "rms error, sources [nJy]"):
        coadd, restored, *others = rows[name]
        assert restored == pytest.approx(0.1, rel=0.3)
        assert coadd > 5 * restored
        assert others == [None, None]
    lines = format_table(list(rows.items())).splitlines()
    table = lines[: 1 + len(rows)]
    assert len({len(line) for line in table}) == 1
    assert [line.split("  ")[0] for line in table[1:]] == list(rows)


def test_picture_shows_one_stretch_and_a_centred_residual(images: DemoImages) -> None:
    figure = draw_comparison(images, "A title")
    norms = [axes.images[0].norm for axes in figure.axes[:8]]
    assert norms[0] is norms[1] is norms[2] is not norms[3]
    assert norms[3].vmin == -norms[3].vmax
    # The second row enlarges the place where the coadd is most blurred.
    x_start, x_stop, y_start, y_stop = figure.axes[4].images[0].get_extent()
    assert x_stop - x_start == y_stop - y_start == 24
    assert x_start < 45 < x_stop
    assert y_start < 25 < y_stop


def test_picture_can_be_saved_where_there_is_no_window(images: DemoImages, tmp_path: Path) -> None:
    flat = dataclasses.replace(images, truth=np.zeros((96, 96)), coadd=np.zeros((96, 96)))
    draw_comparison(flat, "Nothing").savefig(tmp_path / "demo.png")
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")


def test_folder_is_prepared_and_its_own_things_removed(tmp_path: Path) -> None:
    output = tmp_path / "a" / "b"
    prepare_folder(output)
    assert (output / MARKER).exists()
    (output / "repo").mkdir()
    (output / "repo" / "butler.yaml").touch()
    (output / "mine").touch()
    prepare_folder(output)
    assert sorted(path.name for path in output.iterdir()) == [MARKER, "mine"]


@pytest.mark.parametrize("name", ["repo", "demo.png"])
def test_things_of_others_are_left_alone(name: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(DemoError, match=f"{name} is there and was not made by the demo"):
        prepare_folder(tmp_path)
    assert main([str(tmp_path)]) == 1
    assert name in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_output_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match="is not a folder"):
        prepare_folder(tmp_path / "file")
