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


"""The family of restorations of a part of a stack."""

from __future__ import annotations

__all__ = ("complete_family", "covering_stack", "restore_family", "restore_whole_family")

import dataclasses

import numpy as np

from ....arrays.namespace import Arrays
from ....arrays.numpy_arrays import numpy_arrays
from ....coadd.trails import without_trails
from ....exposures.boxes import Box
from ....exposures.mirrored_cutout import mirrored_cutout
from ....exposures.stack import ExposureStack
from .edge_light import without_mirrored_light
from .family import RestorationFamily, make_family
from .first_model import first_model
from .margins import family_margin
from .tile_exposures import TileExposures, tile_exposures


def complete_family(xp: Arrays, exposures: TileExposures) -> RestorationFamily:
    """Restore exposures many times over, with their holes filled.

    Parameters
    ----------
    xp : `Arrays`
        Array functions.
    exposures : `TileExposures`
        The exposures, arrays of ``xp``.

    Returns
    -------
    family : `RestorationFamily`
        On all their pixels.
    """
    sums, latent = first_model(xp, exposures)
    return xp.run(make_family, sums, latent)


def restore_family(stack: ExposureStack, latent_box: Box) -> RestorationFamily:
    """Return the family of restorations on a box.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent_box : `Box`
        Pixels of the members.

    Returns
    -------
    family : `RestorationFamily`
        On ``latent_box``.
    """
    margin = family_margin(stack.psf.radius, latent_box.shape)
    return restore_whole_family(stack, latent_box, margin).cropped(margin)


def restore_whole_family(stack: ExposureStack, latent_box: Box, margin: int) -> RestorationFamily:
    """Return the family of restorations on a box and the margin around it.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    latent_box : `Box`
        Pixels that are wanted.
    margin : `int`
        How many more on every side, as `family_margin` says.

    Returns
    -------
    family : `RestorationFamily`
        On ``latent_box`` grown by ``margin``.
    """
    covering = covering_stack(stack, latent_box.grown_by(margin))
    return complete_family(numpy_arrays(), tile_exposures(covering))


def covering_stack(stack: ExposureStack, box: Box, edges_matter: bool = True) -> ExposureStack:
    """Return the exposures that have valid pixels in a box, without trails.

    Parameters
    ----------
    stack : `ExposureStack`
        The exposures.
    box : `Box`
        Pixels, mirrored where there are no exposures.
    edges_matter : `bool`, optional
        Whether mirrored light of bright sources that an edge cuts is not
        valid.

    Returns
    -------
    covering : `ExposureStack`
        On the box.
    """
    around = mirrored_cutout(stack, box)
    if edges_matter and not stack.box.contains(box):
        around = without_mirrored_light(around, stack.box)
    covering = np.flatnonzero(around.valid.any(axis=(1, 2)))
    return _without_trails(around if len(covering) == len(around) else around.select(covering))


def _without_trails(stack: ExposureStack) -> ExposureStack:
    """Return exposures whose trails are not valid, also where pixels repeat each other."""
    if stack.sampling == 1:
        return without_trails(stack)
    # What is repeated is no more certain for it.
    factor = np.float32(stack.sampling**2)
    found = without_trails(dataclasses.replace(stack, variance=factor * stack.variance))
    return dataclasses.replace(found, variance=found.variance / factor)
