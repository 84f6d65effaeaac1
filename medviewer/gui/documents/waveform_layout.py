"""Where each channel of a waveform lies on the paper, in millimetres; plain functions, no Qt."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.objects.waveform import Channel, MultiplexGroup

MARGIN_MM, PULSE_MM = 6.0, 9.0
"""Around the sheet; at the left of each row, for the calibration pulse."""
ROW_MM, STRIP_MM = 26.0, 18.0
"""Distance of rows; height that a channel without a fixed gain fills."""
COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
TWELVE = tuple(lead for column in COLUMNS for lead in column)
RHYTHM = "II"
_MILLIVOLTS = {"V": 1000.0, "mV": 1.0, "uV": 0.001, "nV": 1e-6}


class Layout(StrEnum):
    """How channels are laid out."""

    STACKED = "Stacked"
    TWELVE_LEADS = "3 × 4"


@dataclass(frozen=True, slots=True)
class Strip:
    """A stretch of one channel. x_mm : where ``start_s`` lies. zero_mm : where ``zero`` lies. mm_per_unit : upwards.

    scale : words on the height of the strip, for channels without a common gain.
    """

    channel: int
    label: str
    start_s: float
    stop_s: float
    x_mm: float
    zero_mm: float
    mm_per_unit: float
    zero: float = 0.0
    scale: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All strips. pulses : heights (mm from the top) at which a calibration pulse of 1 mV is drawn, of ``pulse_mm``."""

    strips: tuple[Strip, ...]
    width_mm: float
    height_mm: float
    mm_per_s: float
    pulses: tuple[float, ...] = ()
    pulse_mm: float = 0.0


def lead_of(channel: Channel) -> str:
    """``V1``, ``aVR``, ``II`` ... for a lead of the twelve, by its code or name; empty for anything else."""
    names = [channel.source.meaning] if channel.source is not None else []
    for name in (*names, channel.label):
        found = re.search(r"(?:^|\blead\s+)(aVR|aVL|aVF|V[1-6]|III|II|I)\b(?!\s*-)", name.strip(), re.IGNORECASE)
        if found is not None:
            return next(lead for lead in TWELVE if lead.lower() == found[1].lower())
    return ""


def has_twelve_leads(group: MultiplexGroup) -> bool:
    """Whether each of the twelve is there, in volts."""
    leads = {lead_of(channel) for channel in group.channels if channel.unit in _MILLIVOLTS}
    return leads >= set(TWELVE)


def in_millivolts(group: MultiplexGroup) -> bool:
    """Whether all channels are in volts, so that one gain in mm/mV fits all."""
    return all(channel.unit in _MILLIVOLTS for channel in group.channels)


def lay_out(group: MultiplexGroup, layout: Layout, mm_per_s: float, mm_per_mv: float | None) -> Sheet:
    """The sheet. mm_per_mv : None gives each channel a gain of its own, by what it holds."""
    if layout is Layout.TWELVE_LEADS and has_twelve_leads(group):
        return _twelve_leads(group, mm_per_s, mm_per_mv or 10.0)
    return _stacked(group, mm_per_s, mm_per_mv)


def _stacked(group: MultiplexGroup, mm_per_s: float, mm_per_mv: float | None) -> Sheet:
    common = mm_per_mv is not None and in_millivolts(group)
    left = MARGIN_MM + (PULSE_MM if common else 0.0)
    strips = []
    for number, channel in enumerate(group.channels):
        middle = MARGIN_MM + (number + 0.5) * ROW_MM
        label = lead_of(channel) or channel.label
        if common and mm_per_mv is not None:
            gain, zero, scale = mm_per_mv * _MILLIVOLTS[channel.unit], 0.0, ""
        else:
            gain, zero, scale = _own_gain(group, number)
        strips.append(Strip(number, label, 0.0, group.duration_s, left, middle, gain, zero, scale))
    height = 2 * MARGIN_MM + len(strips) * ROW_MM
    pulses = tuple(strip.zero_mm for strip in strips) if common else ()
    return Sheet(tuple(strips), left + group.duration_s * mm_per_s + MARGIN_MM, height, mm_per_s, pulses, mm_per_mv or 0.0)


def _twelve_leads(group: MultiplexGroup, mm_per_s: float, mm_per_mv: float) -> Sheet:
    """Four columns of a quarter of (at most) ten seconds each, one following the other, over one lead for all of it."""
    numbers = {lead_of(channel): n for n, channel in reversed(list(enumerate(group.channels)))}
    whole = min(group.duration_s, 10.0)
    quarter = whole / 4
    left = MARGIN_MM + PULSE_MM
    strips = []
    for place, column in enumerate(COLUMNS):
        for row, lead in enumerate(column):
            channel = numbers[lead]
            gain = mm_per_mv * _MILLIVOLTS[group.channels[channel].unit]
            start = place * quarter
            strips.append(Strip(channel, lead, start, start + quarter, left + start * mm_per_s, MARGIN_MM + (row + 0.5) * ROW_MM, gain))
    channel = numbers[RHYTHM]
    gain = mm_per_mv * _MILLIVOLTS[group.channels[channel].unit]
    strips.append(Strip(channel, RHYTHM, 0.0, whole, left, MARGIN_MM + 3.5 * ROW_MM, gain))
    pulses = tuple(MARGIN_MM + (row + 0.5) * ROW_MM for row in range(4))
    return Sheet(tuple(strips), left + whole * mm_per_s + MARGIN_MM, 2 * MARGIN_MM + 4 * ROW_MM, mm_per_s, pulses, mm_per_mv)


def _own_gain(group: MultiplexGroup, channel: int) -> tuple[float, float, str]:
    """mm a unit, the value in the middle of the strip, and words on its ends."""
    about = group.channels[channel]
    stored = group.samples[:, channel]
    if group.padding is not None:
        stored = stored[stored != group.padding]
    if not stored.size:
        return 1.0, 0.0, "no samples"
    ends = sorted(float(end) * about.sensitivity + about.baseline for end in (stored.min(), stored.max()))
    low, high = ends if all(math.isfinite(end) for end in ends) else (0.0, 1.0)
    span = high - low or 1.0
    return STRIP_MM / span, (low + high) / 2, f"{low:.4g} to {high:.4g} {about.unit}".rstrip()


def samples_between(group: MultiplexGroup, strip: Strip, start_s: float, stop_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (s, of the group's clock, skew included) and values of a strip's samples in a stretch, one more at each end."""
    skew = group.channels[strip.channel].skew_s
    first = max(math.floor((max(start_s, strip.start_s) - skew) * group.frequency_hz), 0)
    last = min(math.ceil((min(stop_s, strip.stop_s) - skew) * group.frequency_hz) + 1, len(group.samples))
    if last <= first:
        return np.empty(0), np.empty(0)
    return np.arange(first, last) / group.frequency_hz + skew, group.values(strip.channel, first, last)


def thinned(times: NDArray[np.float64], values: NDArray[np.float64], columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most the lowest and highest value of each column of pixels: what many samples on few pixels look like."""
    each = len(times) // max(2 * columns, 1)
    if each < 2:
        return times, values
    whole = len(times) // (2 * each) * (2 * each)
    blocks = values[:whole].reshape(-1, 2 * each)
    low, high = np.fmin.reduce(blocks, axis=1), np.fmax.reduce(blocks, axis=1)
    starts = times[:whole].reshape(-1, 2 * each)[:, [0, each]]
    return np.concatenate((starts.ravel(), times[whole:])), np.concatenate((np.stack((low, high), axis=1).ravel(), values[whole:]))
