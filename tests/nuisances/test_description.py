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


"""Corrections in words and columns."""

from __future__ import annotations

import logging

import numpy as np

from lsst.acn import Box, gaussian_kernel
from lsst.acn.nuisances.corrections import PARAMETERS, ExposureCorrections
from lsst.acn.nuisances.description import correction_columns, log_corrections
from lsst.acn.nuisances.smooth_sky import SmoothSky

BOX = Box.from_shape((50, 50))


def corrections(**columns):
    values = np.zeros((3, len(PARAMETERS)))
    for name, column in columns.items():
        values[:, PARAMETERS.index(name)] = column
    sky = SmoothSky(BOX, np.array([[-1.25]]))
    return ExposureCorrections(BOX, (11, 12, 13), values, np.full(values.shape, 0.01), sky, 0.03)


def said(found, caplog):
    kernels = np.stack([gaussian_kernel(4.0, 21)] * 3)
    with caplog.at_level(logging.INFO):
        log_corrections(found, kernels, np.full(3, 10.0), "nJy", logging.getLogger("test"))
    return caplog.text


def test_what_was_found_is_said_with_its_size(caplog):
    text = said(corrections(sky=[3.0, 0.0, -3.0], shift_x=[0.1, 0.1, 0.0], shift_y=0.0), caplog)
    assert "residual sky of -1.25 +- 0.03 nJy" in text
    assert "Corrected 2 of 3 exposures: residual sky, rms 0.300 of the noise of a pixel." in text
    assert "Corrected 2 of 3 exposures: registration, rms 0.100 pixels." in text
    assert "WARNING" not in text


def test_what_is_large_is_a_warning_that_names_the_visit_and_the_number(caplog):
    width = (4.0 / 2.3548) ** 2 * (1.2**2 - 1)
    found = corrections(shift_y=[0.0, 0.8, 0.0], flux_scale=[0.0, 0.0, -0.15], psf_width=[width, 0.0, 0.0])
    text = said(found, caplog)
    assert "Visit 12 is registered 0.80 pixels from the others." in text
    assert "The flux scale of visit 13 is off by -15.0 per cent." in text
    assert "The PSF of visit 11 is 20.0 per cent wider than its model." in text
    assert text.count("WARNING") == 3


def test_columns_are_values_and_errors():
    columns = correction_columns(corrections(sky=[1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(columns["residual_sky"], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(columns["residual_sky_error"], 0.01)
    np.testing.assert_array_equal(columns["common_sky"], -1.25)
    assert len(columns) == 2 * len(PARAMETERS) + 2
