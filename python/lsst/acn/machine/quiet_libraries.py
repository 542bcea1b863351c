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


"""Keep libraries from telling what nobody can act on."""

from __future__ import annotations

__all__ = ("quiet_libraries",)

import logging

NO_NEWS = {
    "lsst.daf.butler._storage_class": "pandas.core.frame.DataFrame",
    "lsst.utils.packages": "Unable to import eups",
}
"""What messages are about that are dropped, by the logger that has them."""


def _is_news(record: logging.LogRecord) -> bool:
    about = NO_NEWS.get(record.name)
    return about is None or about not in record.getMessage()


def quiet_libraries() -> None:
    """Let the stack say nothing of what it does without.

    There is no pandas, which tables of astropy do not need, and outside of
    the Rubin stack no EUPS.  Whoever asks for a table of pandas where there
    is none still gets an error.
    """
    for name in NO_NEWS:
        logger = logging.getLogger(name)
        if _is_news not in logger.filters:
            logger.addFilter(_is_news)
