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

"""The simulated fields that what ships is trained on."""

from __future__ import annotations

__all__ = ("FIELD_SIZE", "corrected_stack", "draw_field", "is_ideal_field", "shared_truth")

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage

from lsst.acn import Box, ExposureStack, RestorationConfig
from lsst.acn.nuisances.fit import fit_corrections
from lsst.acn.simulation import ConditionsConfig, SceneConfig, SimulatedField, SimulationConfig, under_sky

from ..imperfect.rows import imperfect_field

PSF_SIZES = (31, 41, 61)
FIELD_SIZE = 160

SHARES = {
    "ordinary": 0.5,
    "late-types": 0.1,
    "edge-on": 0.07,
    "low-surface-brightness": 0.1,
    "nebula": 0.07,
    "intracluster-light": 0.06,
    "globular-cluster": 0.1,
}
"""Probability of each kind of sky."""

MOST_DRAWN = 2000.0
"""Sources times exposures of a field, at most."""

CLUSTER = 200.0, 2000.0
"""Least and greatest number of stars of a cluster."""


def corrected_stack(stack: ExposureStack) -> ExposureStack:
    """Return exposures as they are restored: without what is found to be wrong with them.

    Parameters
    ----------
    stack : `ExposureStack`
        As simulated.

    Returns
    -------
    corrected : `ExposureStack`
        The same.
    """
    return fit_corrections(stack, RestorationConfig().nuisances).applied(stack)


def shared_truth(field: SimulatedField, visits: Sequence[int], target_fwhm: float) -> np.ndarray:
    """Return the truth where exposures show it on average, and as bright.

    What all of them share nobody can know; it has a term of its own in the variance.

    Parameters
    ----------
    field : `~lsst.acn.simulation.SimulatedField`
        The field.
    visits : `~collections.abc.Sequence` [`int`]
        The exposures.
    target_fwhm : `float`
        FWHM of the PSF in pixels.

    Returns
    -------
    truth : `numpy.ndarray`
        In nJy, of the shape of the field.
    """
    errors = [each for each in field.nuisances if each.visit in set(visits)]
    shifts = [np.subtract(each.calibration.shift, each.psf.offset) for each in errors]
    scale = float(np.mean([each.calibration.scale for each in errors]))
    truth = field.truth_image(target_fwhm).astype(np.float64)
    return scale * scipy.ndimage.shift(truth, np.mean(shifts, axis=0), order=5, mode="nearest")


def draw_field(seed: int) -> SimulationConfig:
    """Return a random field, with which something is wrong.

    Parameters
    ----------
    seed : `int`
        Of the draw and of the field itself.

    Returns
    -------
    config : `SimulationConfig`
        A small field.
    """
    rng = np.random.default_rng([seed, 5])
    return imperfect_field(np.random.default_rng([seed, 4]), _under_some_sky(_draw_sky(seed), rng))


def is_ideal_field(seed: int) -> bool:
    """Tell whether nothing is wrong with a random field, other than that it may be warped.

    Parameters
    ----------
    seed : `int`
        As `draw_field` takes it.

    Returns
    -------
    is_ideal : `bool`
        Whatever its sky.
    """
    field = draw_field(seed)
    ideal = _under_some_sky(_draw_sky(seed), np.random.default_rng([seed, 5]))
    return dataclasses.replace(field, warping=ideal.warping) == ideal


def _under_some_sky(config: SimulationConfig, rng: np.random.Generator) -> SimulationConfig:
    """Return a field that may show what is not an ordinary sky, as bright as may be."""
    name = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    config = under_sky(config, name)
    brightness, stars = float(rng.uniform(24.0, 26.5)), round(float(np.exp(rng.uniform(*np.log(CLUSTER)))))
    dim, bright_limit = float(rng.uniform(25.0, 26.5)), float(rng.uniform(18.5, 22.0))
    changes: dict[str, dict[str, Any]] = {
        "nebula": {"diffuse_light": {"nebula_brightness": brightness}},
        "intracluster-light": {"diffuse_light": {"intracluster_brightness": brightness}},
        "low-surface-brightness": {"diffuse_light": {"disc_brightness": (dim, dim + 1.0)}},
        "globular-cluster": {"star_cluster": {"stars": stars, "bright_limit": bright_limit}},
    }
    parts = {
        part: dataclasses.replace(getattr(config.scene, part), **fields)
        for part, fields in changes.get(name, {}).items()
    }
    return dataclasses.replace(config, scene=dataclasses.replace(config.scene, **parts))


def _draw_sky(seed: int) -> SimulationConfig:
    rng = np.random.default_rng([seed, 1])
    pixel_scale = float(np.exp(rng.uniform(np.log(0.1), np.log(0.3))))
    best = float(np.exp(rng.uniform(np.log(0.4), np.log(1.0))))
    worst = min(best * float(rng.uniform(1.1, 1.7)), 1.3)
    # Undersampled and hopelessly oversampled fields are left out.
    worst = float(np.clip(worst, 2.2 * pixel_scale, 10.0 * pixel_scale))
    best = min(best, worst / 1.05)
    psf_size = next(size for size in PSF_SIZES if size >= 4 * worst / pixel_scale or size == PSF_SIZES[-1])
    arcmin2 = (FIELD_SIZE * pixel_scale / 60) ** 2
    visits = round(float(np.exp(rng.uniform(np.log(3), np.log(40)))))
    # From 8 sources on in the field, whatever its size in the sky; fewer of them in many exposures,
    # for drawing them takes most of the time.
    most = min(400.0, MOST_DRAWN / visits)
    crowding = float(np.exp(rng.uniform(np.log(8), np.log(most)))) / arcmin2
    depth = float(rng.uniform(24.3, 26.0))
    coadd_depth = depth + 1.25 * np.log10(visits)
    return SimulationConfig(
        seed=seed,
        box=Box.from_shape((FIELD_SIZE, FIELD_SIZE)),
        visits=visits,
        pixel_scale=pixel_scale,
        psf_size=psf_size,
        scene=SceneConfig(
            crowding=crowding,
            star_share=float(rng.uniform(0.05, 0.5)),
            faint_limit=float(coadd_depth + rng.uniform(0.3, 1.2)),
            star_bright_limit=float(rng.uniform(17.0, 20.0)),
            galaxy_bright_limit=float(rng.uniform(18.0, 20.0)),
            # Up to three times as large as galaxies are: light of low surface brightness.
            size_at_24=float(0.3 * np.exp(rng.uniform(0.0, np.log(4.0)))),
            size_scatter=float(rng.uniform(0.3, 0.8)),
        ),
        conditions=ConditionsConfig(seeing=(best, worst), depth=depth),
    )
