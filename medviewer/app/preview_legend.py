"""The legend of a volume's preview: each structure with its colours and volumes, right and left in one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medviewer.app.preview_style import DIM, INK, font
from medviewer.core.segmentation import Segment

LEAST_STEP, STEP = 20, 26
_SIDES = ("right", "left")
"""As on the pictures: the patient's right stands on the viewer's left."""


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A structure: its name without a side, colours in the order of ``volume``'s words."""

    name: str
    colours: tuple[tuple[int, int, int], ...]
    volume: str


def legend_rows(segments: Mapping[int, Segment], volumes_ml: Mapping[int, float]) -> list[LegendRow]:
    """The structures that were found, in the model's order of first appearance."""
    found: dict[tuple[str, bool], list[Segment]] = {}
    for value, segment in segments.items():
        if volumes_ml.get(value, 0.0) > 0:
            bare = _bare_name(segment)
            found.setdefault((bare or segment.name, bare is not None), []).append(segment)
    rows = []
    for (name, has_sides), each in found.items():
        if not has_sides:
            rows += [LegendRow(name.capitalize(), (s.colour,), f"{_amount(volumes_ml[s.value])} mL") for s in each]
            continue
        ordered = sorted(each, key=lambda s: _SIDES.index(s.side or ""))
        amounts = "   ".join(f"{(s.side or '')[0].upper()} {_amount(volumes_ml[s.value])}" for s in ordered)
        rows.append(LegendRow(name.capitalize(), tuple(s.colour for s in ordered), f"{amounts} mL"))
    return rows


def legend_height(rows: Sequence[LegendRow]) -> int:
    """Pixels in which no row touches the next."""
    return LEAST_STEP * len(rows)


def draw_legend(draw: Any, rows: Sequence[LegendRow], place: tuple[int, int], size: tuple[int, int]) -> None:
    """Draw the rows; place : left, top. size : width, and the height they should keep to if they can."""
    (left, top), (width, height) = place, size
    step = max(LEAST_STEP, min(STEP, height // max(len(rows), 1)))
    indent = 18 * max((len(row.colours) for row in rows), default=1) + 6
    for number, row in enumerate(rows):
        y = top + number * step
        for n, colour in enumerate(row.colours):
            draw.rounded_rectangle((left + 18 * n, y + 4, left + 18 * n + 14, y + 18), 3, fill=colour)
        draw.text((left + width, y + 11), row.volume, fill=DIM, font=font(15), anchor="rm")
        room = width - indent - int(font(15).getlength(row.volume)) - 12
        draw.text((left + indent, y + 11), _fitted(row.name, room), fill=INK, font=font(15), anchor="lm")


def _bare_name(segment: Segment) -> str | None:
    """The name without its side; None where it doesn't begin with it."""
    if segment.side not in _SIDES or not segment.name.lower().startswith(f"{segment.side} "):
        return None
    return segment.name[len(segment.side) + 1 :]


def _amount(ml: float) -> str:
    return f"{ml:,.0f}" if ml >= 10 else f"{ml:.1f}"


def _fitted(text: str, room: int) -> str:
    letters = font(15)
    if letters.getlength(text) <= room:
        return text
    while text and letters.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"
