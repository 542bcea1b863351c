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

"""The imperfect fields: one row for each fault or sky, and random ones to train on."""

from __future__ import annotations

__all__ = ("ROWS", "SKY_ROWS", "Row", "any_sky", "base_config", "imperfect_field")

import dataclasses

import numpy as np

from lsst.acn import Box
from lsst.acn.simulation import (
    IMPERFECTIONS,
    SKIES,
    ConditionsConfig,
    SceneConfig,
    SimulationConfig,
    imperfect,
    mixture,
    under_sky,
)

SIZE, VISITS = 256, 12
QUICK_SIZE, QUICK_VISITS = 96, 8

PIXEL_SCALE = 0.168
SEEING_PIXELS = (3.0, 5.0)
DEPTH = 25.3

CROWDING = 380.0
"""Sources for each square arcminute down to the faint limit, as in the
scoreboard's typical field."""

BEYOND_COADD_DEPTH = 0.7
"""Magnitudes by which the faintest source is fainter than a point source at
5 sigma in the coadd of `VISITS` exposures."""

BRIGHTEST_STAR, BRIGHTEST_GALAXY = 18.5, 19.0
"""AB magnitudes."""

ROW_NAMES = (
    "nothing",
    "warped",
    "psf-narrow-3",
    "psf-narrow-5",
    "psf-wide-5",
    "psf-elliptical",
    "registration",
    "sky-low-slightly",
    "sky-low",
    "sky-low-in-half",
    "sky-high",
    "noisy-variance",
    "aureole",
    "donuts",
    "undersampled",
    "trails",
    "masked-cores",
    "mild",
    "harsh",
    "low-surface-brightness",
    "globular-cluster",
    "empty",
)

SKY_NAMES = ("late-types", "edge-on", "nebula", "intracluster-light")
"""Further skies, which have no row in the first table."""

TRAINING_SKIES = (*SKY_NAMES, "low-surface-brightness", "globular-cluster")

TRAINING_FAULTS = (
    ("psf-narrow-5", "psf-wide-5"),
    ("psf-width-scatter",),
    ("psf-elliptical",),
    ("psf-shape-scatter",),
    ("psf-off-centre",),
    ("registration",),
    ("flux-scale",),
    ("sky-low", "sky-high"),
    ("sky-low-in-half",),
    ("sky-scatter",),
    ("sky-gradient",),
    ("sky-moats",),
    ("noisy-variance",),
    ("variance-high", "variance-low"),
    ("aureole",),
    ("donuts", "undersampled"),
    ("trails",),
    ("masked-cores",),
)
"""Faults that may come together; of each group, at most one does."""

STRENGTHS = (0.2, 1.5)
"""Least and largest strength of a fault that comes alone or with another."""

MIXED_STRENGTHS = (0.1, 1.0)
"""The same in mixtures."""

LEAST_IN_MIXTURE, MOST_IN_MIXTURE = 3, 8


@dataclasses.dataclass(frozen=True)
class Row:
    """A kind of fields that has a row in the tables.

    Parameters
    ----------
    name : `str`
        One of `lsst.acn.simulation.IMPERFECTIONS` or `lsst.acn.simulation.SKIES`.
    label : `str`
        What is wrong with the exposures, or what the sky shows.
    """

    name: str
    label: str

    def config(
        self, seed: int, *, size: int = SIZE, visits: int = VISITS, strength: float = 1.0
    ) -> SimulationConfig:
        """Return how to simulate a field.

        Parameters
        ----------
        seed : `int`
            Seed of every draw; rows of one seed have one sky.
        size : `int`, optional
            Side of the field in pixels.
        visits : `int`, optional
            Number of exposures.
        strength : `float`, optional
            Strength of the fault in units of what ``label`` says; of no effect
            on skies.

        Returns
        -------
        config : `~lsst.acn.simulation.SimulationConfig`
            The field with the fault.
        """
        base = base_config(seed, size=size, visits=visits)
        return under_sky(base, self.name) if self.name in SKIES else imperfect(base, self.name, strength)


def base_config(seed: int, *, size: int = SIZE, visits: int = VISITS) -> SimulationConfig:
    """Return how to simulate a field with which nothing is wrong.

    Parameters
    ----------
    seed : `int`
        Seed of every draw.
    size : `int`, optional
        Side of the field in pixels.
    visits : `int`, optional
        Number of exposures.

    Returns
    -------
    config : `~lsst.acn.simulation.SimulationConfig`
        The field.
    """
    best, worst = (pixels * PIXEL_SCALE for pixels in SEEING_PIXELS)
    return SimulationConfig(
        seed=seed,
        box=Box.from_shape((size, size)),
        visits=visits,
        pixel_scale=PIXEL_SCALE,
        scene=SceneConfig(
            crowding=CROWDING,
            faint_limit=DEPTH + 1.25 * float(np.log10(VISITS)) + BEYOND_COADD_DEPTH,
            star_bright_limit=BRIGHTEST_STAR,
            galaxy_bright_limit=BRIGHTEST_GALAXY,
        ),
        conditions=ConditionsConfig(seeing=(best, worst), depth=DEPTH),
    )


ROWS = {name: Row(name, ({**SKIES, **IMPERFECTIONS})[name].label) for name in ROW_NAMES}
"""The rows by name, in the order of the tables (`dict` [`str`, `Row`])."""

SKY_ROWS = {name: Row(name, SKIES[name].label) for name in SKY_NAMES}
"""Rows of further skies by name (`dict` [`str`, `Row`])."""


def imperfect_field(rng: np.random.Generator, base: SimulationConfig) -> SimulationConfig:
    """Draw what is wrong with a field that a network is trained on.

    A third of the fields are nearly ideal, a third have one fault or two, and
    a third have many.  A third of each are warped.

    Parameters
    ----------
    rng : `numpy.random.Generator`
        Source of the draws.
    base : `~lsst.acn.simulation.SimulationConfig`
        The field without faults; its seed is kept.

    Returns
    -------
    config : `~lsst.acn.simulation.SimulationConfig`
        The field with the faults.
    """
    kind = int(rng.integers(3))
    count = (0, int(rng.integers(1, 3)), int(rng.integers(LEAST_IN_MIXTURE, MOST_IN_MIXTURE + 1)))[kind]
    low, high = np.log(STRENGTHS if kind == 1 else MIXED_STRENGTHS)
    strengths = {"warped": 1.0} if rng.random() < 1 / 3 else {}
    for group in rng.permutation(len(TRAINING_FAULTS))[:count]:
        names = TRAINING_FAULTS[group]
        strengths[names[int(rng.integers(len(names)))]] = float(np.exp(rng.uniform(low, high)))
    return mixture(base, strengths)


def any_sky(rng: np.random.Generator, base: SimulationConfig, *, share: float = 0.4) -> SimulationConfig:
    """Draw what sky a field has that a network is trained on.

    Parameters
    ----------
    rng : `numpy.random.Generator`
        Source of the draws.
    base : `~lsst.acn.simulation.SimulationConfig`
        The field under an ordinary sky.
    share : `float`, optional
        Share of the fields that have another.

    Returns
    -------
    config : `~lsst.acn.simulation.SimulationConfig`
        The field under its sky.
    """
    name = TRAINING_SKIES[int(rng.integers(len(TRAINING_SKIES)))]
    return under_sky(base, name) if rng.random() < share else base
