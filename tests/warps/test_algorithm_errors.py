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

from __future__ import annotations

import pytest

from lsst.acn import InvalidExposureError
from lsst.acn.warps.algorithm_errors import as_algorithm_errors
from lsst.pipe.base import AlgorithmError, NoWorkFound
from lsst.utils.introspection import get_full_type_name


def raise_invalid_exposure() -> None:
    raise InvalidExposureError("Visit 3 has no PSF.", visit=3) from KeyError("psf")


def test_error_is_of_its_own_class_and_an_algorithm_error() -> None:
    with (
        pytest.raises(InvalidExposureError, match="^Visit 3 has no PSF") as caught,
        as_algorithm_errors(),
    ):
        raise_invalid_exposure()
    error = caught.value
    assert isinstance(error, AlgorithmError)
    assert error.metadata == {"visit": 3}
    assert get_full_type_name(error) == "lsst.acn.errors.InvalidExposureError"


def test_origin_of_the_error_is_kept() -> None:
    with pytest.raises(InvalidExposureError) as caught, as_algorithm_errors():
        raise_invalid_exposure()
    assert caught.traceback[-1].name == "raise_invalid_exposure"
    assert isinstance(caught.value.__cause__, KeyError)


def test_error_that_is_one_already_stays_what_it_is() -> None:
    with pytest.raises(InvalidExposureError) as first, as_algorithm_errors():
        raise_invalid_exposure()
    with pytest.raises(InvalidExposureError) as second, as_algorithm_errors():
        raise first.value
    assert second.value is first.value


@pytest.mark.parametrize("other", [NoWorkFound, ValueError])
def test_other_errors_pass(other: type[BaseException]) -> None:
    with pytest.raises(other) as caught, as_algorithm_errors():
        raise other("Not ours.")
    assert not isinstance(caught.value, AlgorithmError)
