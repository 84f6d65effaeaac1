"""Values of a report in words."""

from __future__ import annotations

import re

from medviewer.core.codes import Code
from medviewer.dicom.objects.content_values import Coordinates
from medviewer.dicom.objects.sr_content import ContentItem
from medviewer.gui.viewports.corner_text import dicom_date, dicom_time, person_name

MOST_POINTS = 6
"""Points of a shape that are written out."""


def readable_value(item: ContentItem) -> str:
    """Names, dates and times as people write them; anything else as it is."""
    match item.value_type:
        case "PNAME":
            return person_name(item.text)
        case "DATE":
            return dicom_date(item.text)
        case "TIME":
            return f"{item.text[:2]}:{item.text[2:4]}:{item.text[4:]}".rstrip(":") if item.text[:4].isdigit() else item.text
        case "DATETIME":
            return date_time(item.text)
    return item.text


def date_time(text: str) -> str:
    """``20010213184746.5+0100`` as ``2001-02-13 18:47``; anything else as it is."""
    return f"{dicom_date(text[:8])} {dicom_time(text[8:])}".rstrip() if len(text) >= 8 and text[:8].isdigit() else text


def unit_words(unit: Code | None) -> str:
    """A unit as it is written behind a number: ``mm²`` for UCUM's ``mm2``, nothing for its ``1``."""
    if unit is None:
        return ""
    if unit.scheme != "UCUM":
        return unit.value or unit.meaning
    if unit.value == "1":
        return ""
    bare = unit.value.strip("{}[]")
    if bare != unit.value and not bare.isalnum():
        return unit.meaning
    return re.sub(r"(?<=[A-Za-z])([23])\b", lambda m: "²³"[int(m[1]) - 2], bare)


def shape_words(shape: Coordinates) -> str:
    """``Circle: (58, 52) (60, 52) px``, the points of long ones counted."""
    unit = {"SCOORD": " px", "SCOORD3D": " mm"}.get(shape.kind, "")
    points = [f"({', '.join(_short(n) for n in point)})" if len(point) > 1 else _short(point[0]) for point in shape.points]
    shown = " ".join(points[:MOST_POINTS]) + (f" … {len(points)} points" if len(points) > MOST_POINTS else "")
    return f"{shape.graphic.capitalize() or 'Points'}: {shown or 'no points'}{unit if points else ''}"


def _short(number: float | str) -> str:
    return f"{number:g}" if isinstance(number, float) else number
