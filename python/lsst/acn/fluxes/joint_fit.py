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

"""Fluxes of point sources whose images overlap."""

from __future__ import annotations

__all__ = ("MAX_GROUP", "JointFluxes", "fit_jointly")

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

MAX_GROUP = 48
"""Sources that are fitted at once, at most."""

LINK = 0.02
"""Light of one source in the flux of another, in standard deviations, above
which the two belong together."""

PASSES = 4
"""Times that the light of sources outside a group is taken off."""

SAME_PLACE = 0.05
"""Pixels below which two positions are the same."""

Overlap = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes positions, shape ``(m, 2)``, and those of as many others; returns what
part of the flux of the one is in the flux of the other as if that were alone."""


@dataclasses.dataclass(frozen=True, eq=False)
class JointFluxes:
    """The fluxes of a joint fit.

    Parameters
    ----------
    flux, error : `numpy.ndarray`
        Shape ``(n,)``.
    members : `numpy.ndarray`
        Sources that were fitted along with each, itself the first, shape
        ``(n, m)``; -1 where there are fewer.
    covariance : `numpy.ndarray`
        Covariance of its flux with theirs, same shape, 0 where there is none.
    """

    flux: np.ndarray
    error: np.ndarray
    members: np.ndarray
    covariance: np.ndarray


def fit_jointly(
    positions: np.ndarray, alone: np.ndarray, sigma: np.ndarray, overlap: Overlap, reach: float
) -> JointFluxes:
    r"""Return the fluxes of all sources of a group at once.

    The fluxes that sources would have alone, :math:`a`, hold the light of
    their neighbours: :math:`a = M F` with :math:`M_{ij} = P(p_i - p_j) /
    P(0)`.  The least squares fit to the exposures is :math:`F = M^{-1} a`, and
    its covariance :math:`M^{-1} V M^{-1}` with :math:`V_{ij} = \sigma_i
    \sigma_j M_{ij}`.

    Parameters
    ----------
    positions : `numpy.ndarray`
        Rows and columns, shape ``(n, 2)``.
    alone, sigma : `numpy.ndarray`
        Flux of each as if it were alone, and its standard deviation, shape
        ``(n,)``; finite.
    overlap : `~collections.abc.Callable`
        Returns :math:`M`.
    reach : `float`
        Distance in pixels beyond which there is no overlap.

    Returns
    -------
    fluxes : `JointFluxes`
        In groups of all sources that are linked by their light.  Where more
        than `MAX_GROUP` are, each is fitted with those nearest to it, and the
        light of those further away is taken off with the fluxes that these
        have had in the pass before.

    Raises
    ------
    ValueError
        Raised if two positions are the same.
    """
    matrix = _matrix(positions, overlap, reach)
    groups = list(_groups(positions, alone, sigma, matrix))
    width = max((len(fitted) for _, fitted in groups), default=1)
    flux, error = np.zeros(len(alone)), np.full(len(alone), np.inf)
    members = np.full((len(alone), width), -1)
    covariance = np.zeros((len(alone), width))
    rows = []
    for wanted, fitted in groups:
        shared = matrix[fitted][:, fitted].toarray()
        inverse = np.linalg.inv(shared)
        covariances = inverse @ (sigma[fitted, None] * shared * sigma[fitted]) @ inverse
        for source in wanted:
            place = int(np.flatnonzero(fitted == source)[0])
            order = np.roll(np.arange(len(fitted)), -place)
            error[source] = np.sqrt(covariances[place, place])
            members[source, : len(fitted)] = fitted[order]
            covariance[source, : len(fitted)] = covariances[place, order]
            rows.append((source, fitted, inverse[place]))
    for _ in range(PASSES if rows else 0):
        left = alone - matrix @ flux
        for source, fitted, row in rows:
            flux[source] += row @ left[fitted]
    return JointFluxes(flux, error, members, covariance)


def _matrix(positions: np.ndarray, overlap: Overlap, reach: float) -> csr_array:
    """Return what part of the flux of each source is in that of each other."""
    count = len(positions)
    pairs = np.zeros((0, 2), int)
    if count:
        pairs = cKDTree(positions).query_pairs(reach, output_type="ndarray")
    one, two = pairs[:, 0], pairs[:, 1]
    same = np.flatnonzero(np.hypot(*(positions[one] - positions[two]).T) < SAME_PLACE)
    if len(same):
        first, second = pairs[same[0]]
        raise ValueError(f"The positions {first} and {second}, {positions[first]}, are the same.")
    shared = overlap(positions[one], positions[two])
    each = np.arange(count)
    values = np.concatenate([shared, shared, np.ones(count)])
    places = np.concatenate([one, two, each]), np.concatenate([two, one, each])
    return coo_array((values, places), shape=(count, count)).tocsr()


def _groups(
    positions: np.ndarray, alone: np.ndarray, sigma: np.ndarray, matrix: csr_array
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield sources and, for each such group, those that they are fitted with."""
    if not len(positions):
        return
    pairs = matrix.tocoo()
    one, two = pairs.coords
    height = np.maximum(np.abs(alone), sigma)
    light = np.abs(pairs.data) * np.maximum(height[one], height[two])
    linked = light > LINK * np.minimum(sigma[one], sigma[two])
    graph = coo_array((light[linked], (one[linked], two[linked])), shape=pairs.shape)
    count, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    for group in np.split(order, np.cumsum(np.bincount(labels, minlength=count))[:-1]):
        if len(group) <= MAX_GROUP:
            yield group, group
            continue
        nearest = cKDTree(positions[group]).query(positions[group], MAX_GROUP)[1]
        for source, near in zip(group, nearest, strict=True):
            yield np.array([source]), group[near]
