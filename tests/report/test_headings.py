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

"""What columns are called where people read them."""

from __future__ import annotations

from lsst.acn.measure.columns import IDENTITY_COLUMNS, METRICS_COLUMNS
from lsst.acn.report.headings import HEADINGS, heading_of


def test_every_column_of_the_metrics_has_a_heading_of_its_own() -> None:
    assert set(HEADINGS) == set(METRICS_COLUMNS) - set(IDENTITY_COLUMNS)
    assert len(set(HEADINGS.values())) == len(HEADINGS)
    assert not [heading for heading in HEADINGS.values() if "_" in heading]


def test_names_that_are_not_known_become_words() -> None:
    assert heading_of("bin_magnitude") == "Bin magnitude"
    assert heading_of("_") == "_"
