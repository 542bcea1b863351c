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

"""Faults of real exposures by name, alone and in mixtures."""

from __future__ import annotations

__all__ = ("IMPERFECTIONS", "Imperfection", "imperfect", "mixture")

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from .simulation_config import SMALLEST_STAMP, SimulationConfig

DARK_SKY = 0.75
"""Electrons for each nJy that leave some forty of the sky in a pixel."""

AUREOLE_STAMP = 51
"""Side in pixels of the PSF models that cut off an aureole."""

DONUT_DIAMETER = 2.5
"""Of the defocused pupil in arcsec (`float`)."""

WELL_SAMPLED = 0.4
"""Least strength of undersampling: there an FWHM has three pixels (`float`)."""

STRONGEST = 100.0
"""Strength that no imperfection has more of (`float`)."""

Change = Callable[[SimulationConfig, float], SimulationConfig]


@dataclasses.dataclass(frozen=True)
class Imperfection:
    """Something that may be wrong with exposures.

    Parameters
    ----------
    label : `str`
        What it is, in words.
    change : `~collections.abc.Callable`
        Takes a `SimulationConfig` and a strength, and returns the changed
        configuration.  A strength of 1 is what ``label`` says.
    """

    label: str
    change: Change


def imperfect(config: SimulationConfig, name: str, strength: float = 1.0) -> SimulationConfig:
    """Return a configuration with one of the faults.

    Parameters
    ----------
    config : `SimulationConfig`
        What to simulate without it.
    name : `str`
        One of `IMPERFECTIONS`.
    strength : `float`, optional
        How strong it is, in units of the strength that it has by default.

    Returns
    -------
    config : `SimulationConfig`
        With the fault.

    Raises
    ------
    ValueError
        Raised if there is no such fault, or ``strength`` is not positive.
    """
    if name not in IMPERFECTIONS:
        raise ValueError(f"Imperfections are {', '.join(IMPERFECTIONS)}; got {name!r}.")
    if not 0 < strength <= STRONGEST:
        raise ValueError(
            f"The strength of an imperfection must be positive, and at most {STRONGEST:g}; got {strength}."
        )
    return IMPERFECTIONS[name].change(config, strength)


def mixture(config: SimulationConfig, strengths: Mapping[str, float]) -> SimulationConfig:
    """Return a configuration with several faults.

    Parameters
    ----------
    config : `SimulationConfig`
        What to simulate without them.
    strengths : `~collections.abc.Mapping` [`str`, `float`]
        Strength of each fault, by its name; of two that change the same
        thing, the last one counts.

    Returns
    -------
    config : `SimulationConfig`
        With all of them.
    """
    for name, strength in strengths.items():
        config = imperfect(config, name, strength)
    return config


def _changed(config: SimulationConfig, part: str, **changes: Any) -> SimulationConfig:
    """Return a configuration with some fields of a part changed."""
    return dataclasses.replace(config, **{part: dataclasses.replace(getattr(config, part), **changes)})


def _scaled(part: str, **values: float) -> Change:
    """Return the change that sets fields of a part to values times the strength."""

    def change(config: SimulationConfig, strength: float) -> SimulationConfig:
        return _changed(config, part, **{name: strength * value for name, value in values.items()})

    return change


def _warped(config: SimulationConfig, strength: float) -> SimulationConfig:
    return _changed(config, "warping", is_on=True)


def _elliptical(config: SimulationConfig, strength: float) -> SimulationConfig:
    angle, shear = math.pi / 6, 0.03 * strength
    return _changed(config, "psf_errors", ellipticity=(shear * math.cos(angle), shear * math.sin(angle)))


def _low_in_half(config: SimulationConfig, strength: float) -> SimulationConfig:
    return _changed(config, "sky", some_level=-1.0 * strength, some_share=0.5)


def _moats(config: SimulationConfig, strength: float) -> SimulationConfig:
    return _changed(config, "sky", mesh_size=max(round(32 / strength), 8))


def _noisy_variance(config: SimulationConfig, strength: float) -> SimulationConfig:
    # Weights that follow the noise take one electron from each pixel: so many
    # sigma of the sky as the strength says.
    electrons = DARK_SKY / strength**2
    return _changed(config, "noise", variance_from_data=True, electrons_per_njy=electrons)


def _variance_times(factor: float) -> Change:
    return lambda config, strength: _changed(config, "noise", variance_factor=factor**strength)


def _aureole(config: SimulationConfig, strength: float) -> SimulationConfig:
    config = _changed(config, "optics", aureole_share=min(0.06 * strength, 1.0))
    return dataclasses.replace(config, psf_size=max(config.psf_size, AUREOLE_STAMP))


def _donuts(config: SimulationConfig, strength: float) -> SimulationConfig:
    diameter = DONUT_DIAMETER * strength
    least = (diameter + SMALLEST_STAMP * config.conditions.seeing[1]) / config.pixel_scale
    config = dataclasses.replace(config, psf_size=max(config.psf_size, 2 * math.ceil(0.5 * least) + 1))
    return _changed(config, "optics", donut_diameter=diameter)


def _undersampled(config: SimulationConfig, strength: float) -> SimulationConfig:
    fwhm = 1.2 * config.pixel_scale / max(strength, WELL_SAMPLED)
    return _changed(config, "conditions", seeing=(fwhm, fwhm))


def _empty(config: SimulationConfig, strength: float) -> SimulationConfig:
    return _changed(config, "scene", crowding=0.0)


def _mixed(strengths: Mapping[str, float]) -> Change:
    return lambda config, strength: mixture(
        config, {name: strength * value for name, value in strengths.items()}
    )


MILD = {
    "warped": 1.0,
    "psf-width-scatter": 0.5,
    "psf-shape-scatter": 0.3,
    "registration": 0.3,
    "sky-low": 0.3,
    "sky-scatter": 0.3,
    "sky-gradient": 0.3,
    "flux-scale": 0.5,
    "noisy-variance": 0.5,
    "aureole": 0.5,
    "trails": 0.4,
    "masked-cores": 0.4,
}
"""Strengths of the faults of the mild mixture (`dict` [`str`, `float`]); warping grows the masks."""

HARSH = {
    "warped": 1.0,
    "psf-narrow-3": 1.0,
    "psf-width-scatter": 1.0,
    "psf-shape-scatter": 0.7,
    "registration": 0.7,
    "sky-low": 0.7,
    "sky-scatter": 1.0,
    "sky-gradient": 1.0,
    "flux-scale": 1.5,
    "noisy-variance": 1.0,
    "aureole": 1.0,
    "trails": 1.0,
    "masked-cores": 0.55,
}
"""Strengths of the faults of the harsh mixture (`dict` [`str`, `float`])."""

IMPERFECTIONS = {
    "nothing": Imperfection("nothing", lambda config, strength: config),
    "warped": Imperfection("warped from dithered, rotated grids (Lanczos-3)", _warped),
    "psf-narrow-3": Imperfection("all PSF models 3 % too narrow", _scaled("psf_errors", width=-0.03)),
    "psf-narrow-5": Imperfection("all 5 % too narrow", _scaled("psf_errors", width=-0.05)),
    "psf-wide-5": Imperfection("all 5 % too wide", _scaled("psf_errors", width=0.05)),
    "psf-width-scatter": Imperfection("PSF widths off by 3 % rms", _scaled("psf_errors", width_scatter=0.03)),
    "psf-elliptical": Imperfection("ellipticity of all PSFs off by 0.03", _elliptical),
    "psf-shape-scatter": Imperfection(
        "ellipticity of PSFs off by 0.03 rms", _scaled("psf_errors", ellipticity_scatter=0.03)
    ),
    "psf-off-centre": Imperfection(
        "PSF models 0.2 px rms off their middle", _scaled("psf_errors", offset_scatter=0.2)
    ),
    "registration": Imperfection("registration 0.3 px rms", _scaled("calibration", shift_scatter=0.3)),
    "flux-scale": Imperfection("flux scales off by 2 % rms", _scaled("calibration", scale_scatter=0.02)),
    "sky-low-slightly": Imperfection("sky 0.05 σ too low in all", _scaled("sky", level=-0.05)),
    "sky-low": Imperfection("sky 0.3 σ too low in all", _scaled("sky", level=-0.3)),
    "sky-low-in-half": Imperfection("sky 1 σ too low in half of them", _low_in_half),
    "sky-high": Imperfection("sky 0.3 σ too high in all", _scaled("sky", level=0.3)),
    "sky-scatter": Imperfection("sky off by 0.2 σ rms", _scaled("conditions", sky_offset=0.2)),
    "sky-gradient": Imperfection("sky gradients of 0.3 σ rms", _scaled("sky", gradient=0.3)),
    "sky-moats": Imperfection("sky subtracted on a mesh of 32 px", _moats),
    "noisy-variance": Imperfection("variance from the noisy pixels, dark sky", _noisy_variance),
    "variance-high": Imperfection("variance 1.3 times too large", _variance_times(1.3)),
    "variance-low": Imperfection("variance 1.3 times too small", _variance_times(1 / 1.3)),
    "aureole": Imperfection("PSF with an aureole, model cut at 25 px", _aureole),
    "donuts": Imperfection("donut (defocused) PSFs", _donuts),
    "undersampled": Imperfection("PSF FWHM 1.2 px (undersampled)", _undersampled),
    "trails": Imperfection("three unmasked satellite trails", _scaled("trails", per_exposure=0.25)),
    "masked-cores": Imperfection(
        "bright stars masked in the core in all exposures", _scaled("defects", core_mask_radius=4.5)
    ),
    "mild": Imperfection("a mild mixture of all", _mixed(MILD)),
    "harsh": Imperfection("a harsh one", _mixed(HARSH)),
    "empty": Imperfection("nothing but noise", _empty),
}
"""The faults by name (`dict` [`str`, `Imperfection`])."""
