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

from pathlib import Path
from types import SimpleNamespace

import pytest
from array_libraries import needs_keras
from small_fields import make_stack

from lsst.acn.methods.cross_exposure.network.weights import unpack_network
from lsst.acn.restoration import restore
from lsst.acn.train_restoration import TrainRestorationTask
from lsst.pipe.base import NoWorkFound, Pipeline

pytestmark = needs_keras

PIPELINES = Path(__file__).parents[2] / "pipelines"


def make_task(**changes):
    config = TrainRestorationTask.ConfigClass()
    options = config.restoration.cross_exposure
    options.steps, options.samples, options.tile_size = 6, 3, 24
    options.channels, options.dilations = 8, [1]
    config.restoration.tiles.restoring_size = 48
    config.restoration.tiles.overlap = 8
    config.update(**changes)
    return TrainRestorationTask(config=config)


def test_a_network_trained_on_some_patches_restores_another():
    task = make_task()
    stacks = [make_stack(n=4, seed=1)[0], make_stack(n=6, seed=2, kernel_size=11)[0]]
    packed = task.run(stacks=iter(stacks)).restoration_network
    assert task.metadata["n_patches"] == 2
    assert task.metadata["n_samples"] == 6
    assert packed["provenance"]["seed"] == task.config.restoration.seed
    assert unpack_network(packed, task.config.restoration).channels == 8
    other, truth = make_stack(n=5, seed=3)
    config = task.config.restoration
    config.cross_exposure.steps = 0
    result = restore(other, config, network=packed)
    assert len(result.history["epoch"]) == 0
    assert result.latent.sum() == pytest.approx(truth.sum(), rel=0.15)
    again = restore(other, config, network=packed)
    assert again.latent.tobytes() == result.latent.tobytes()


def test_the_same_seed_gives_the_same_network():
    packed = [make_task().run(stacks=iter([make_stack()[0]])).restoration_network for _ in range(2)]
    assert packed[0]["checksum"] == packed[1]["checksum"]


def test_patches_are_drawn_by_seed_and_kept_whole():
    handles = [
        SimpleNamespace(dataId={"tract": 0, "patch": patch, "visit": visit})
        for patch in range(9)
        for visit in range(4)
    ]
    chosen = make_task(max_patches=3).choose_patches(handles)
    assert len(chosen) == 3
    assert all(len(patch) == 4 for patch in chosen.values())
    assert list(chosen) == sorted(chosen)
    assert chosen.keys() == make_task(max_patches=3).choose_patches(handles).keys()
    assert len(make_task(max_patches=99).choose_patches(handles)) == 9


def test_nothing_to_train_on_is_no_work():
    with pytest.raises(NoWorkFound, match="No patch has enough"):
        make_task().run(stacks=iter([]))


def test_a_network_is_not_taken_by_a_method_that_has_none():
    config = make_task().config.restoration
    config.method = "paper"
    with pytest.raises(ValueError, match="cannot begin with a trained network"):
        restore(make_stack()[0], config, network={})


@pytest.mark.parametrize(
    ("name", "labels"),
    [("train", {"trainRestoration"}), ("apply", {"assembleReferenceCoadd", "restoreCoadd"})],
)
def test_pipelines_expand(name, labels):
    graph = Pipeline.fromFile(str(PIPELINES / f"{name}.yaml")).to_graph()
    assert set(graph.tasks) >= labels
    assert "restoration_network" in graph.dataset_types
