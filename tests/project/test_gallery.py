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
"""The gallery: its pictures, and the script that makes them."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_fields import make_config, make_stack

from lsst.acn import RestorationResult, gaussian_kernel
from lsst.acn.coadd.coaddition import assemble_coadd
from lsst.acn.nuisances.corrections import ExposureCorrections

DOC = Path(__file__).parents[2] / "doc"
PAGE = (DOC / "lsst.acn" / "gallery.rst").read_text()
PICTURES = re.findall(r"^\.\. figure:: /(images/gallery/[\w-]+\.png)$", PAGE, re.MULTILINE)


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Let the modules of the folder ``doc`` be imported."""
    monkeypatch.syspath_prepend(str(DOC))
    return importlib.import_module


@pytest.mark.parametrize("picture", PICTURES)
def test_picture_is_there_and_small(picture: str) -> None:
    assert (DOC / picture).stat().st_size < 300_000
    with Image.open(DOC / picture) as image:
        assert min(image.size) > 400


def test_page_shows_what_the_script_makes(modules: Any) -> None:
    names = [*modules("gallery_fields").SIMULATED, "decam", "decam-plot"]
    assert [f"images/gallery/{name}.png" for name in names] == PICTURES


@pytest.mark.parametrize("has_truth", [True, False])
def test_field_is_drawn_with_one_stretch(
    has_truth: bool, modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields, gallery = modules("gallery_fields"), modules("gallery")
    stack, truth = make_stack(n=3, shape=(64, 72))
    image = truth[4:-4, 4:-4]
    result = RestorationResult(
        image=image,
        variance=np.ones_like(image),
        detection_variance=np.ones_like(image),
        latent=truth,
        latent_box=stack.box.grown_by(4),
        target_psf=gaussian_kernel(2.5),
        corrections=ExposureCorrections.nothing(stack.box, stack.visits),
        history={"epoch": np.zeros(0), "loss": np.zeros(0)},
        summary={},
    )
    truth_at = (lambda fwhm: image) if has_truth else None
    field = fields.GalleryField("small", "A small field", stack, 0.2, truth_at)
    images = gallery.compare(field, result, assemble_coadd(stack))
    assert [title.split(",")[0] for title in images.panels] == [
        *("One exposure", "Coadd of 3", "Restored"),
        *(["Truth"] if has_truth else []),
    ]
    figure = modules("gallery_figure").draw_field(images)
    norms = {axes.images[0].norm for axes in figure.axes if axes.images}
    assert len(norms) == 1
    monkeypatch.setattr(gallery, "DOC", tmp_path / "doc")
    gallery.save(figure, tmp_path / "small.png")
    assert (tmp_path / "small.png").read_bytes().startswith(b"\x89PNG")


def test_restoration_is_that_of_the_guide(modules: Any) -> None:
    config = modules("gallery").make_config(steps=7)
    assert config.method == "cross_exposure"
    assert (config.cross_exposure.network, config.cross_exposure.steps) in (("fresh", 7), ("shipped", 0))


def test_measurement_is_drawn_without_a_butler(modules: Any) -> None:
    stack, _ = make_stack(n=4, shape=(64, 72))
    config = make_config(method="image_mm", image_mm__iterations=3)
    result = modules("lsst.acn.restoration").restore(stack, config)
    figure = modules("gallery").draw_measurement(stack, result, assemble_coadd(stack), config)
    titles = {axes.get_title() for axes in figure.findobj(lambda each: hasattr(each, "get_title"))}
    assert "Reduced χ² of each exposure" in titles
    # Nothing is trained by this method: its place goes to the others.
    assert "Training" not in titles
