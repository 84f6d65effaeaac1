"""What a structured report says, one measurement group at a time."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.core.codes import Code
from medviewer.core.finding import Measurement


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """One measurement group of a report, ours or another program's.

    id : its tracking identifier. text : its first comment, comments : the others.
    sites : (structure, side) pairs. seg_uid, segment_numbers : the evidence, empty without one.
    certainty_percent : 0-100 as the device gave it, or None.
    verified : whether a person verified the whole report.
    present : whether what the code names is said to be there, None where nothing is said.
    region_px : the box round its region on an image (left, top, right, bottom), 0 is the edge of the first pixel; image_uid :
        the image that region is on, empty without one.
    """

    id: str
    code: Code | None
    text: str
    measurements: tuple[Measurement, ...] = ()
    sites: tuple[tuple[Code, str | None], ...] = ()
    seg_uid: str = ""
    segment_numbers: tuple[int, ...] = ()
    certainty_percent: float | None = None
    algorithm: tuple[str, str] | None = None
    comments: tuple[str, ...] = ()
    verified: bool = False
    present: bool | None = None
    region_px: tuple[float, float, float, float] | None = None
    image_uid: str = ""
