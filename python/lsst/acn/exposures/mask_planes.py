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

"""One meaning for mask plane names, whichever package wrote them."""

from __future__ import annotations

__all__ = (
    "DEFAULT_BAD_MASK_PLANES",
    "INEXACT_PSF",
    "NO_DATA",
    "OUTPUT_PLANES",
    "REJECTED",
    "canonical_plane_name",
    "describe_plane",
    "plane_bitmask",
)

from collections.abc import Iterable, Mapping

NO_DATA = "NO_DATA"
REJECTED = "REJECTED"
INEXACT_PSF = "INEXACT_PSF"
OUTPUT_PLANES = (NO_DATA, REJECTED, INEXACT_PSF)
"""Planes that are set in an image that is made from many exposures."""

DEFAULT_BAD_MASK_PLANES = (
    NO_DATA,
    "BAD",
    "SAT",
    "CR",
    "EDGE",
    "SENSOR_EDGE",
    "SUSPECT",
    "UNMASKEDNAN",
    "CLIPPED",
)
"""Planes whose pixels carry no information about the sky."""

_NEW_NAMES = {
    "CR": "COSMIC_RAY",
    "EDGE": "DETECTION_EDGE",
    "INTRP": "INTERPOLATED",
    "SAT": "SATURATED",
    "UNMASKEDNAN": "UNMASKED_NAN",
}

_DESCRIPTIONS = {
    "BAD": "Pixel is defective on the detector.",
    "CLIPPED": "Pixel belongs to an artifact found by comparing exposures.",
    "COSMIC_RAY": "Pixel was hit by a cosmic ray.",
    "CROSSTALK": "Pixel was corrected for crosstalk.",
    "DETECTED": "Pixel is part of a detected source.",
    "DETECTED_NEGATIVE": "Pixel is part of a detected source of negative flux.",
    "DETECTION_EDGE": "Pixel is too close to the edge for the detection kernel.",
    INEXACT_PSF: "Pixel has lost exposures that the PSF of its cell counts in.",
    "INTERPOLATED": "Pixel value was interpolated from its neighbours.",
    NO_DATA: "No exposure has data for this pixel.",
    REJECTED: "At least one exposure is left out of this pixel because it is masked there.",
    "SATURATED": "Pixel is saturated or has taken charge from one that is.",
    "SENSOR_EDGE": "Pixel is near the edge of a sensor.",
    "STREAK": "Pixel is crossed by the streak of a satellite or an aircraft.",
    "SUSPECT": "Pixel is close to saturation.",
    "UNMASKED_NAN": "Pixel is not finite although no other plane says so.",
    "VIGNETTED": "Pixel is vignetted by the optics.",
}


def canonical_plane_name(name: str) -> str:
    """Return the name under which a plane goes in this package.

    Parameters
    ----------
    name : `str`
        Name of a mask plane, either as ``lsst.afw`` has it (``CR``) or as
        ``lsst.images`` has it (``COSMIC_RAY``).

    Returns
    -------
    name : `str`
        The name that ``lsst.images`` has for it.
    """
    return _NEW_NAMES.get(name, name)


def describe_plane(name: str) -> str:
    """Return one sentence on what a set bit of a plane means.

    Parameters
    ----------
    name : `str`
        Name of a mask plane, in either form.

    Returns
    -------
    description : `str`
        What the plane marks; for a plane that is not known here, only that
        it comes from the exposures.
    """
    name = canonical_plane_name(name)
    return _DESCRIPTIONS.get(name, f"Plane {name} of the exposures.")


def plane_bitmask(names: Iterable[str], planes: Mapping[str, int]) -> int:
    """Return the bits of some planes, or-ed together.

    Parameters
    ----------
    names : `~collections.abc.Iterable` [`str`]
        Names of the planes wanted, in either form.  Those that ``planes``
        lacks mark nothing.
    planes : `~collections.abc.Mapping` [`str`, `int`]
        Bit number of each plane there is, by name in either form.

    Returns
    -------
    bitmask : `int`
        Value to compare mask pixels with.
    """
    bits = {canonical_plane_name(name): bit for name, bit in planes.items()}
    wanted = {canonical_plane_name(name) for name in names}
    return sum(1 << bit for bit in {bits[name] for name in wanted & bits.keys()})
