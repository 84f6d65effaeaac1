"""Dates and times of PET headers, and the time to which their activities are decay corrected."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

GE_CREATOR = "GEMS_PETD_01"
_DT = re.compile(r"^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})?(\d{2})?(\.\d{1,6})?([+-]\d{4})?$")
_TM = re.compile(r"^(\d{2}):?(\d{2})?:?(\d{2})?(\.\d{1,6})?$")


def moment(text: str) -> datetime | None:
    """A DT value (PS3.5 6.2) of at least an hour; an offset from UTC is kept."""
    match = _DT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micro = round(float(fraction or 0) * 1e6)
    zone = timezone(timedelta(hours=int(offset[:3]), minutes=int(offset[0] + offset[3:]))) if offset else None
    try:
        return datetime(int(year), int(month), int(day), int(hour), int(minute or 0), min(int(second or 0), 59), min(micro, 999999), zone)
    except ValueError:
        return None


def time_of(text: str) -> timedelta | None:
    """A TM value as the time since midnight."""
    match = _TM.match(text)
    if match is None:
        return None
    hour, minute, second, fraction = match.groups()
    return timedelta(hours=int(hour), minutes=int(minute or 0), seconds=int(second or 0) + float(fraction or 0))


def at(date: str, time: str) -> datetime | None:
    """A DA and a TM value together."""
    since, day = time_of(time), date.replace(".", "")
    if since is None or len(day) != 8 or not day.isdigit():
        return None
    try:
        return datetime.strptime(day, "%Y%m%d") + since
    except ValueError:
        return None


def scan_moment(elements: Elements, half_life_s: float, earliest_acquisition: datetime | None = None) -> datetime | None:
    """To when DecayCorrection START has corrected the activities, by QIBA's vendor-neutral pseudo-code; None when unknown.

    The series' time, unless that lies after the acquisition (a series made later). Then GE's own element, then the
    acquisition less what FrameReferenceTime says, then ``earliest_acquisition`` of all images of the series.
    """
    series = at(elements.text(tags.SERIES_DATE), elements.text(tags.SERIES_TIME))
    acquisition = at(elements.text(tags.ACQUISITION_DATE) or elements.text(tags.SERIES_DATE), elements.text(tags.ACQUISITION_TIME))
    if series is not None and (acquisition is None or series <= acquisition):
        return series
    if elements.text(tags.GE_CREATOR) == GE_CREATOR and (scan := moment(elements.text(tags.GE_SCAN_DATE_TIME))) is not None:
        return scan
    reference, duration = elements.number(tags.FRAME_REFERENCE_TIME), elements.number(tags.ACTUAL_FRAME_DURATION)
    if acquisition is not None and reference and duration and reference > 0 and duration > 0:
        decay = math.log(2) / half_life_s * duration / 1000
        average = half_life_s / math.log(2) * math.log(decay / (1 - math.exp(-decay)))
        return acquisition - timedelta(seconds=reference / 1000 - average)
    return earliest_acquisition or acquisition
