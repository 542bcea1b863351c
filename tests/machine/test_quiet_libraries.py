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


"""What libraries say that nobody can act on is not passed on."""

from __future__ import annotations

import logging

import pytest

from lsst.acn.machine.quiet_libraries import quiet_libraries


def test_missing_pandas_is_no_news_and_all_else_is(caplog: pytest.LogCaptureFixture) -> None:
    quiet_libraries()
    quiet_libraries()
    logger = logging.getLogger("lsst.daf.butler._storage_class")
    logger.warning("Unable to import type %s", "pandas.core.frame.DataFrame")
    logger.warning("Unable to import type %s", "some.Other")
    logging.getLogger("lsst.utils.packages").warning("Unable to import eups, so there")
    assert [record.getMessage() for record in caplog.records] == ["Unable to import type some.Other"]
