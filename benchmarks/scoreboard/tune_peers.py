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

"""Choose the free parameters of the peers, with a look at the truth.

``python -m benchmarks.scoreboard.tune_peers`` restores the tuning field, which is not
part of the scoreboard, with Richardson-Lucy, STARRED and the linear coadd under
several numbers of iterations, strengths and regularisations, and prints their
errors.  The best ones are constants of `peers.classic`, `peers.starred` and
`peers.linear_coadds`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lsst.acn import ExposureStack
from lsst.acn.simulation import simulate_field

from ..peers import classic as classic_peers
from ..peers import linear_coadds
from ..peers import starred as starred_peer
from ..peers.restored import Restored
from ..peers.runners import TARGET_FWHM
from .field_truth import read_truth
from .fields import TUNING_FIELD
from .score import score

NUMBERS = ("sky", "faint", "middle", "bright", "false", "depth", "seconds")


def main() -> None:
    """Print a row for each choice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, nargs="*", default=[5, 10, 15, 20, 30], metavar="N")
    parser.add_argument("--strengths", type=float, nargs="*", default=[1.0, 2.0, 3.0, 4.0, 6.0], metavar="S")
    parser.add_argument("--regularizations", type=float, nargs="*", default=[1e-3, 1e-2, 3e-2], metavar="K")
    parser.add_argument("--starred-iterations", type=int, default=starred_peer.ITERATIONS, metavar="N")
    arguments = parser.parse_args()
    field = simulate_field(TUNING_FIELD.config)
    truth = read_truth(field, TARGET_FWHM)
    print(f"{'':28s}" + "".join(f"{name:>9s}" for name in NUMBERS))
    for label, restored in _choices(field.stack, arguments):
        numbers = score(restored, truth).numbers
        print(f"{label:28s}" + "".join(f"{numbers[name]:9.3f}" for name in NUMBERS), flush=True)


def _choices(stack: ExposureStack, arguments: argparse.Namespace) -> Iterator[tuple[str, Restored]]:
    for number in arguments.iterations:
        for restored in classic_peers.richardson_lucy(stack, TARGET_FWHM, number):
            yield f"{restored.method}, {number}", restored
    for restored in classic_peers.image_mm_updates(stack, TARGET_FWHM, (150,)):
        yield restored.method, restored
    for regularization in arguments.regularizations:
        *_, restored = linear_coadds.linear_coadds(stack, TARGET_FWHM, regularization)
        yield f"{restored.method}, {regularization:g}", restored
    for strength in arguments.strengths:
        number = arguments.starred_iterations
        for restored in starred_peer.starred(stack, TARGET_FWHM, strength=strength, iterations=number):
            yield f"{restored.method}, {strength:g} ({number})", restored


if __name__ == "__main__":
    main()
