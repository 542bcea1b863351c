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

"""What both scoreboards say of their columns and of the peers."""

from __future__ import annotations

__all__ = ("DEPTH", "PEERS")

DEPTH = """\
What counts for the depth: a detection and a source match if they are within half the FWHM of the target
PSF.  Of the share *m* of detections that match a source (purity), and of the sources that match a detection,
the brightest first and each detection once (completeness), the share *c* that matches by chance is taken
away: the same is counted with the catalogue mirrored along both axes, and what counts is (m − c) / (1 − c).
"""

PEERS = """\
What is compared: the restorations at the target PSF.  The coadd as it is, so that its blur counts as an
error; its fluxes and second moments are corrected for its PSF.  The matched filter is that coadd convolved
with its PSF, for detection alone; its noise is the robust width of the sky.  Pixels that fewer than half of
the exposures show, and 8 pixels along the edges, are left out.  The likelihood coadd (for detection, too) and
the proper coadd are those of Zackay & Ofek (2017); the linear coadd at the target PSF is the likelihood coadd
times G (1 + κ) / (P + κ), G and P being the transforms of the target and of that coadd's PSF, and κ
{regularization:g}.  Rubin's deconvolution is that of `lsst.meas.extensions.scarlet`, with its defaults, of
the coadd.  ImageMM is the plain method with Huber weights (δ = 2), but for the row that says that it is
accelerated: that is the package's own, with a variance plane and the narrower kernel.  STARRED has no mask:
outliers are clipped beforehand and get no weight; its λ is {strength:g} / n for n exposures.
"""
