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

import numpy as np

from lsst.acn import Box, ExposureStack, PsfKernels, gaussian_kernel
from lsst.acn.exposures.rows import join_rows


def test_exposures_that_reach_a_part_are_where_they_are() -> None:
    """Of two exposures, the second is on the upper half alone, the third nowhere below."""
    kernels = np.stack([gaussian_kernel(2.0 + n, 9) for n in range(3)])
    rng = np.random.default_rng(0)

    def part(box: Box, visits: list[int]) -> ExposureStack:
        image = rng.normal(size=(len(visits), *box.shape))
        psf = PsfKernels.constant(kernels[: len(visits)], box)
        return ExposureStack.from_arrays(image, np.ones_like(image), psf, box=box, visits=visits)

    low, high = part(Box(0, 6, 0, 8), [1]), part(Box(6, 12, 0, 8), [1, 2])
    joined = join_rows([low, high], [1, 2, 3], Box(2, 11, 0, 8), no_data=4)
    assert joined.visits == (1, 2)
    np.testing.assert_array_equal(joined.image[0], np.concatenate([low.image[0, 2:], high.image[0, :5]]))
    assert not joined.valid[1, :4].any()
    assert (joined.mask[1, :4] == 4).all()
    assert (joined.mask[0] == 0).all()
    np.testing.assert_array_equal(joined.psf.at(0, 0)[1], kernels[1])


def test_planes_that_only_some_pieces_have_are_kept() -> None:
    def part(y: int, planes: dict[str, int]) -> ExposureStack:
        box = Box(y, y + 4, 0, 6)
        image, mask = np.ones((1, *box.shape)), np.full((1, *box.shape), 1 << max(planes.values()))
        return ExposureStack.from_arrays(
            image, image, gaussian_kernel(2.0, 5)[None], box=box, mask=mask, mask_planes=planes
        )

    parts = [part(0, {"NO_DATA": 0, "BAD": 1}), part(4, {"NO_DATA": 0, "BAD": 1, "STREAK": 2})]
    joined = join_rows(parts, [0], Box(0, 8, 0, 6), no_data=1)
    assert joined.mask_planes == {"NO_DATA": 0, "BAD": 1, "STREAK": 2}
    assert (joined.mask[0, :, 0] == [2] * 4 + [4] * 4).all()
