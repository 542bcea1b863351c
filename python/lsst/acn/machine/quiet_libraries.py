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

STORAGE_CLASSES = "lsst.daf.butler._storage_class"


def _is_news(record: logging.LogRecord) -> bool:
    """Drop the complaint that tables could not be handed out as those of pandas."""
    return "pandas.core.frame.DataFrame" not in record.getMessage()


def quiet_libraries() -> None:
    """Let the Butler say nothing of pandas, which tables of astropy do without.

    Whoever asks for a table of pandas where there is none still gets an
    error.
    """
    logger = logging.getLogger(STORAGE_CLASSES)
    if _is_news not in logger.filters:
        logger.addFilter(_is_news)
