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

"""Draw the picture of the page "Architecture" from the imports of the package.

``python doc/architecture.py`` writes ``doc/images/architecture.svg`` anew.
Every room stands on its floor, and an arrow leads to each room that it
imports, but for those that it reaches by other arrows anyway, and for the
lowest floor, which all may import.
"""

from __future__ import annotations

__all__ = ("PICTURE", "draw")

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from floor_plan import Box, place, routes, row_height, shortest_arrows
from floors import FLOORS, TASKS, modules, room_imports, room_of, stack_imports

PICTURE = Path(__file__).parent / "images" / "architecture.svg"

SAYS = {
    "lsst.acn": "what users import",
    "tasks": "the five PipelineTasks",
    "demo": "make demo",
    "cli": "butler subcommands",
    "bps_sites": "a site for BPS",
    "measure": "one restored patch, measured",
    "measure/plots": "and drawn",
    "restoration": "restore(): choose a method, fit, restore",
    "flux_measurement": "measure_fluxes()",
    "fluxes": "of picture and residual",
    "residual": "what is left over",
    "nuisances": "what exposures get wrong",
    "psfs": "what stars say of them",
    "methods": "from exposures to a latent image",
    "methods/paper": "AstroClearNet",
    "methods/image_mm": "ImageMM",
    "methods/cross_exposure": "the default: one tile",
    "methods/cross_exposure/network": "mixes the family, by pixel",
    "methods/cross_exposure/family": "sums, restorations, holes",
    "metrics": "need no truth",
    "warps": "which warps, how read",
    "repository": "fill a Butler",
    "report": "the HTML page",
    "forward": "latent image to exposures",
    "records": "what outputs say of themselves",
    "psf_quality": "poor PSFs",
    "exposure_quality": "what is wrong",
    "simulation": "skies, exposures, truth",
    "coadd": "means of exposures",
    "tiles": "cut, restore, blend",
    "image_io": "Butler datasets to arrays",
    "arrays": "functions by NumPy, by Keras",
    "machine": "cores, devices, memory",
    "restoration_result": "what comes out",
    "restored_files": "restored images as FITS",
    "residual_image": "what is left over, as arrays",
    "exposures": "Box, PsfKernels, ExposureStack, ExposureSource",
    "errors": "what can go wrong",
    "restoration_config": "what can be set",
    "field_limits": "of numbers of configs",
    "fits_config": "of fits to exposures",
}
"""What each room is for, in a few words."""

OWN = {
    "methods": ("method", "what a method offers, shared steps"),
    "measure": ("tables", "fits, held-out test"),
}
"""Of rooms with rooms inside: what their own modules are called there, and are for."""

PAINTS = {
    "arrays": ("#e4edf7", "arrays alone"),
    "butler": ("#e3f1e2", "knows the Butler or tasks"),
    "images": ("#fbe6c8", "alone knows lsst.images and lsst.afw"),
}
ARROW, INK, FAINT, EDGE = "#55719a", "#1c2733", "#55616f", "#8ea3bf"
WIDTH, MARGIN = 1260, 24
"""Of the picture, and around it, in pixels."""


def house_of(room: str) -> str:
    """Return what a room is drawn as, or inside of."""
    name = room.split("/")[0]
    return {"__init__": "lsst.acn"}.get(name, "tasks" if name in TASKS else name)


def kind_of(house: str) -> str:
    """Return what a room is painted as, by what it imports of the stack."""
    inside = [module for module in modules() if house_of(room_of(module)) == house]
    stack = set().union(*map(stack_imports, inside))
    if stack & {"images", "afw"}:
        return "images"
    return "butler" if stack & {"daf", "pipe", "ctrl"} else "arrays"


def draw(imported: Mapping[str, set[str]]) -> str:
    """Return the picture.

    Parameters
    ----------
    imported : `~collections.abc.Mapping` [`str`, `set` [`str`]]
        As `floors.room_imports` returns it.

    Returns
    -------
    svg : `str`
        The same for the same imports.
    """
    lower = {room: _lower(room, others) for room, others in imported.items()}
    rows, arrows = _rows(lower)
    place(rows, MARGIN, WIDTH - 2 * MARGIN, MARGIN)
    bottom = rows[-1][0].y + row_height(rows[-1])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 3 * MARGIN:.0f}" '
        'font-family="DejaVu Sans, Verdana, sans-serif">',
        "<title>The rooms of lsst.acn by floors; arrows lead to what a room imports.</title>",
        f'<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="90"><path d="M0 0L8 4L0 8z" fill="{ARROW}"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        *_draw_rows(rows, arrows),
        *_draw_legend(bottom + 1.5 * MARGIN),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _lower(room: str, others: set[str]) -> set[str]:
    """Return those of the rooms that are on lower floors, but for the lowest."""
    level = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    return {name for name in others if 0 < level.get(name, 0) < level.get(room, 0)}


def _rows(imported: Mapping[str, set[str]]) -> tuple[list[list[Box]], list[tuple[str, str]]]:
    """Return the boxes of each floor, the highest first, and the arrows between them."""
    outer: dict[str, set[str]] = {}
    for room, others in imported.items():
        outer.setdefault(house_of(room), set()).update(map(house_of, others))
    arrows = shortest_arrows({name: others - {name} for name, others in outer.items()})
    floors = [[room for room in floor if room in imported and "/" not in room] for floor in reversed(FLOORS)]
    houses = [dict.fromkeys(map(house_of, rooms)) for rooms in floors]
    return [[_box(name, imported) for name in row] for row in houses if row], arrows


def _box(name: str, imported: Mapping[str, set[str]]) -> Box:
    kind = kind_of(name)
    if name not in OWN:
        return Box(name, SAYS[name], kind)
    inside = {room: others for room, others in imported.items() if room.split("/")[0] == name}

    def inner(room: str) -> str:
        return OWN[name][0] if room == name else room.split("/")[-1]

    def text(room: str) -> str:
        return OWN[name][1] if room == name else SAYS[room]

    rows = [[Box(inner(room), text(room), "", []) for room in floor if room in inside] for floor in FLOORS]
    arrows = {
        inner(room): {inner(other) for other in others & set(inside)} for room, others in inside.items()
    }
    return Box(name, SAYS[name], kind, [row for row in reversed(rows) if row], shortest_arrows(arrows))


def _draw_rows(rows: Sequence[Sequence[Box]], arrows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for row in rows:
        for box in row:
            yield _rectangle(box.x, box.y, box.width, box.height, box.kind)
            yield _text(box.middle, box.y + 20, box.name, f'font-size="14" font-weight="bold" fill="{INK}"')
            yield _text(box.middle, box.y + 36, box.text, f'font-size="11" fill="{FAINT}"')
            yield from _draw_rows(box.rows, box.arrows)
    for points in routes(rows, arrows):
        yield _path(points)


def _rectangle(x: float, y: float, width: float, height: float, kind: str) -> str:
    color = PAINTS[kind][0] if kind else "#ffffff"
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} rx="6" fill="{color}" stroke="{EDGE}"/>'


def _text(x: float, y: float, text: str, style: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{text}</text>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return a line that leaves and reaches every point vertically."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        half = (to_y - y) / 2
        path += f"C{x:.1f} {y + half:.1f} {to_x:.1f} {to_y - half:.1f} {to_x:.1f} {to_y:.1f}"
    return f'<path d="{path}" fill="none" stroke="{ARROW}" stroke-width="1.3" marker-end="url(#head)"/>'


def _draw_legend(y: float) -> Iterator[str]:
    x = 4.0 * MARGIN
    for kind, (_, text) in PAINTS.items():
        yield _rectangle(x, y, 26, 16, kind)
        yield _text(x + 36, y + 13, text, f'font-size="12" fill="{INK}"', "start")
        x += 90 + 7 * len(text)
    yield _text(
        x, y + 13, "→ imports; the lowest floor, all may import", f'font-size="12" fill="{INK}"', "start"
    )


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw(room_imports()))


if __name__ == "__main__":
    main()
