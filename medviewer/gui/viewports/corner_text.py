"""What stands in the corners of a pane: plain values in, plain words out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medviewer.core.study import Patient, Stack, Study
from medviewer.core.voi import LookUpTable, Voi, VoiFunction
from medviewer.dicom.description import ImageAttributes
from medviewer.imaging.reslice import PlaneFrame

_AXIS_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


@dataclass(frozen=True, slots=True)
class CornerFacts:
    """What the corner text speaks of."""

    patient: Patient
    study: Study
    stack: Stack
    attributes: ImageAttributes | None
    index: int
    count: int
    derived: str | None
    gap_mm: float | None
    frame: PlaneFrame | None
    voi: Voi | None
    unit: str
    inverted: bool
    zoom_percent: float
    value: float | tuple[int, ...] | None
    region: str = ""
    time: str = ""
    drawn: tuple[str, ...] = ()
    view: str = ""


@dataclass(frozen=True, slots=True)
class Corners:
    """Lines for the four corners; the first line of the upper ones is set in bold."""

    top_left: list[str] = field(default_factory=list)
    top_right: list[str] = field(default_factory=list)
    bottom_left: list[str] = field(default_factory=list)
    bottom_right: list[str] = field(default_factory=list)


def corner_text(facts: CornerFacts, *, everything: bool) -> Corners:
    """The lines of each corner. Without ``everything`` only what must always be seen stays."""
    is_tile = any(notice.code == "tiles" for notice in facts.stack.warnings)
    image = [*_present(facts.time), f"{'Plane' if facts.derived else 'Tile' if is_tile else 'Image'} {facts.index + 1} of {facts.count}"]
    identity = [person_name(facts.patient.name) or "No name", *_present(facts.patient.id and f"ID {facts.patient.id}")]
    date = _present(dicom_date(facts.study.date))
    if not everything:
        return Corners([*identity, *date], [], [], image)
    born = " ".join(_present(_sex(facts.patient.sex), facts.patient.birth_date and f"born {dicom_date(facts.patient.birth_date)}"))
    return Corners(
        [*identity, *_present(born), *_present(" ".join([*date, dicom_time(facts.study.time)]).strip())],
        [*_series(facts.stack), *_present(facts.view), *_technique(facts)],
        [*facts.drawn, *_present(facts.region), *_value(facts), *_window(facts), f"Zoom {facts.zoom_percent:.0f} %"],
        [*_place(facts), *image],
    )


def _series(stack: Stack) -> list[str]:
    number = f"Series {stack.series_number}" if stack.series_number is not None else ""
    return _present(stack.description or stack.modality, " · ".join(_present(stack.modality, number)))


def _technique(facts: CornerFacts) -> list[str]:
    attributes = facts.attributes
    if attributes is None:
        return []
    numbers = (("TR", attributes.repetition_time, "ms"), ("TE", attributes.echo_time, "ms"), ("", attributes.kvp, "kV"))
    parts = [f"{name} {_short(value)} {unit}".strip() for name, value, unit in numbers if value]
    return _present(" · ".join(parts))


def _window(facts: CornerFacts) -> list[str]:
    if facts.voi is None:
        return []
    return [f"{voi_words(facts.voi)}{'  inverted' if facts.inverted else ''}"]


def voi_words(voi: Voi) -> str:
    """``W 400  L 40``, or that a table of the file makes the greys."""
    if isinstance(voi, LookUpTable):
        return f"Table {voi.name}".strip()
    return f"W {_number(voi.width)}  L {_number(voi.centre)}{'  sigmoid' if voi.function is VoiFunction.SIGMOID else ''}"


def choice_words(voi: Voi) -> str:
    """What the file calls a window or table, and the window's numbers."""
    if isinstance(voi, LookUpTable):
        return f"{voi.name or 'Unnamed'} (table)"
    return f"{voi.name} ({voi_words(voi)})" if voi.name else voi_words(voi)


def _value(facts: CornerFacts) -> list[str]:
    if facts.value is None:
        return []
    if isinstance(facts.value, tuple):
        return ["RGB " + " ".join(str(c) for c in facts.value)]
    return [f"Value {_number(facts.value)} {facts.unit}".rstrip()]


def _place(facts: CornerFacts) -> list[str]:
    lines = []
    if facts.frame is not None:
        lines.append(position_text(facts.frame))
    thickness = facts.attributes.slice_thickness if facts.attributes is not None and not facts.derived else ""
    if thickness:
        lines.append(f"Thickness {_short(thickness)} mm")
    elif facts.gap_mm is not None and facts.count > 1:
        lines.append(f"Step {facts.gap_mm:.2f} mm")
    return lines


def position_text(frame: PlaneFrame) -> str:
    """How far the plane lies from the origin along the patient's axis it cuts most squarely, as ``S 12.5 mm``."""
    axis = int(np.abs(frame.normal).argmax())
    if abs(frame.normal[axis]) > 0.999:
        place = float(frame.origin_lps[axis])
    else:  # the plane's distance from the origin, counted along its normal, with the sign of that axis
        place = float(frame.origin_lps @ frame.normal) * float(np.sign(frame.normal[axis]))
    return f"{_AXIS_LETTERS[axis][0 if place >= 0 else 1]} {abs(place):.1f} mm"


def scale_bar_mm(pixels_per_mm: float, longest_px: float) -> float:
    """The longest of 1, 2, 5 x 10^n mm that fits."""
    longest = longest_px / pixels_per_mm
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(m * power for m in (1, 2, 5) if m * power <= longest))


def person_name(name: str) -> str:
    """``Family^Given^Middle`` as ``Family, Given Middle`` (PS3.5 6.2.1.1); the first component group."""
    family, *given = name.split("=")[0].split("^")
    return ", ".join(_present(family.strip(), " ".join(_present(*(g.strip() for g in given[:2])))))


def dicom_date(date: str) -> str:
    """``19940904`` as ``1994-09-04``; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 and date.isdigit() else date


def dicom_time(time: str) -> str:
    """``120759.5`` as ``12:07``; anything else as nothing."""
    return f"{time[:2]}:{time[2:4]}" if len(time) >= 4 and time[:4].isdigit() else ""


def missing_runs(loaded: NDArray[np.bool_]) -> Sequence[tuple[int, int]]:
    """Runs of what isn't loaded as (first, after the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (~loaded).astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _sex(sex: str) -> str:
    return {"M": "male", "F": "female", "O": "other"}.get(sex, "")


def _number(value: float) -> str:
    """As many digits as one can read: none behind the point from 100 on, three that count below 0.1."""
    if not math.isfinite(value):
        return {math.inf: "+∞", -math.inf: "-∞"}.get(value, "not a number")
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}" if abs(value) < 1e9 else f"{value:.6g}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3g}"


def _short(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _present(*texts: str) -> list[str]:
    return [text for text in texts if text]
