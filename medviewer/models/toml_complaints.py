"""What pydantic refused of a TOML file, in a sentence that names fields and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from medviewer.models.toml_lines import Place, lines_of

MOST = 5
"""So many complaints are put into words; of the rest their number is said."""


def complaint(error: ValidationError, text: str, path: Path | str) -> str:
    """The field and the line of everything that is wrong with the TOML ``text`` in ``path``, the first few of it in words."""
    lines = lines_of(text)
    found = _causes(error.errors(include_url=False, include_input=False))
    complaints = [_one_complaint(item, lines) for item in found[:MOST]]
    more = f" ({len(found) - MOST} more)" if len(found) > MOST else ""
    return f"{path}: {'; '.join(complaints)}{more}."


def _causes(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without the complaints that a list is too short because its elements were refused."""
    places = [tuple(item["loc"]) for item in items]
    return [
        item
        for item, place in zip(items, places, strict=True)
        if item["type"] != "too_short" or not any(other[: len(place)] == place and other != place for other in places)
    ]


def _one_complaint(item: Mapping[str, Any], lines: Mapping[Place, int]) -> str:
    place, line = _place(tuple(item["loc"]), lines)
    where = f"line {line}: " if line else ""
    name = ".".join(str(part) for part in place)
    match item["type"]:
        case "extra_forbidden":
            return f"{where}unknown field {name}"
        case "missing":
            return f"{where}field {name} is missing"
    words = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}{name}: {words}" if name else f"{where}{words}"


def _place(location: Place, lines: Mapping[Place, int]) -> tuple[Place, int | None]:
    """The location as the file has it (pydantic adds the names of a union's members), and its line or its parent's."""
    place: Place = ()
    line = None
    for number, part in enumerate(location):
        if (*place, part) in lines:
            place = (*place, part)
            line = lines[place]
        elif number == len(location) - 1:
            place = (*place, part)
    return place, line
