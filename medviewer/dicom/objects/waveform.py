"""Waveforms: ECG, pressures, respiration, EEG, sound (PS3.3 A.34 and C.10.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.codes import Code
from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.companding import expand_a_law, expand_mu_law
from medviewer.dicom.objects.content_values import code_in, number_list, text_of, texts_of
from medviewer.dicom.objects.data_set import DataSet, read_data_set
from medviewer.dicom.objects.datasets import BAD_VALUES, BadValue, damage_told, in_brackets


@dataclass(frozen=True, slots=True)
class Channel:
    """What one channel measured and how (PS3.3 C.10.9.1.4).

    sensitivity : units a step of the samples stands for, its correction factor included. baseline : units at sample value 0.
    skew_s : how much later its samples were taken than the group's clock says.
    filters : in words. unit : UCUM code as written, empty when the samples have no unit.
    """

    label: str
    source: Code | None
    unit: str
    sensitivity: float = 1.0
    baseline: float = 0.0
    skew_s: float = 0.0
    bits_stored: int | None = None
    filters: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MultiplexGroup:
    """Channels sampled together.

    samples : stored values ``[sample, channel]``, companded sound expanded to 16 bits.
    offset_s : when its first sample was taken after the object's first. padding : the stored value of samples that aren't there.
    """

    label: str
    originality: str
    frequency_hz: float
    channels: tuple[Channel, ...]
    samples: NDArray[np.generic]
    offset_s: float = 0.0
    padding: int | None = None
    interpretation: str = ""

    @property
    def duration_s(self) -> float:
        """From the first sample to after the last."""
        return len(self.samples) / self.frequency_hz

    def values(self, channel: int, start: int = 0, stop: int | None = None) -> NDArray[np.float64]:
        """Samples ``start .. stop`` of a channel in its unit, float64 ``[sample]``; NaN where there is padding."""
        stored = self.samples[start:stop, channel]
        about = self.channels[channel]
        values = stored.astype(np.float64) * about.sensitivity + about.baseline
        if self.padding is not None:
            values[stored == self.padding] = np.nan
        return values


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark or a measurement (PS3.3 C.10.10).

    channels : (group, channel) from 1; channel 0 means all. times_s : where it holds, empty for all of the waveform.
    range : POINT, MULTIPOINT, SEGMENT, ... or empty.
    """

    text: str
    name: str = ""
    value: str = ""
    unit: str = ""
    channels: tuple[tuple[int, int], ...] = ()
    range: str = ""
    times_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """A waveform object. notes : sentences on what is odd about it."""

    sop_class_uid: str
    groups: tuple[MultiplexGroup, ...]
    annotations: tuple[Annotation, ...] = ()
    acquired: str = ""
    notes: tuple[str, ...] = ()


_TYPES: dict[str, np.dtype[Any]] = {
    "SB": np.dtype("i1"),
    "UB": np.dtype("u1"),
    "MB": np.dtype("u1"),
    "AB": np.dtype("u1"),
    "SS": np.dtype("i2"),
    "US": np.dtype("u2"),
    "SL": np.dtype("i4"),
    "UL": np.dtype("u4"),
    "SV": np.dtype("i8"),
    "UV": np.dtype("u8"),
}
"""*WaveformSampleInterpretation* (PS3.3 C.10.9.1.5); MB and AB are 8 bits by µ-law and A-law of ITU-T G.711."""
_EXPAND = {"MB": expand_mu_law, "AB": expand_a_law}
_SAID = "The sound is companded by {}-law (8 bits) and was expanded."
MOST_CHANNELS = 4096


def read_waveform(location: FileLocation) -> Waveform:
    """The waveform in a file; raises `CannotDecode` when no group of it can be read."""
    read = read_data_set(location, largest_bytes=None)
    with damage_told(location, "its waveforms can't be read"):
        return _waveform(read, location)


def _waveform(read: DataSet, location: FileLocation) -> Waveform:
    ds, notes, groups = read.ds, list(read.notes), []
    for number, item in enumerate(ds.get("WaveformSequence") or (), start=1):
        try:
            groups.append(_group(item, notes, read.is_little_endian))
        except BAD_VALUES as error:
            notes.append(f"Group {number} can't be read{in_brackets(error)}.")
    if not groups:
        raise CannotDecode(str(location), "; ".join(note.rstrip(".") for note in notes) or "it holds no waveform", "no-content")
    annotations = tuple(_annotation(item, groups) for item in ds.get("WaveformAnnotationSequence") or ())
    return Waveform(text_of(ds, "SOPClassUID"), tuple(groups), annotations, text_of(ds, "AcquisitionDateTime"), tuple(dict.fromkeys(notes)))


def _group(item: Dataset, notes: list[str], little_endian: bool) -> MultiplexGroup:
    """Raises `BadValue` with what is wrong, without a full stop."""
    kind = text_of(item, "WaveformSampleInterpretation")
    if kind not in _TYPES:
        raise BadValue(f"its samples are of an unknown kind ({kind or 'none is given'})")
    dtype = _TYPES[kind].newbyteorder("<" if little_endian else ">")
    count, length = _whole(item, "NumberOfWaveformChannels"), _whole(item, "NumberOfWaveformSamples")
    frequency = _number(item, "SamplingFrequency", 0.0)
    if not 0 < count <= MOST_CHANNELS or length <= 0:
        raise BadValue(f"it says it has {count} channels of {length} samples")
    if not frequency > 0:
        raise BadValue("it doesn't say how many samples a second has")
    data = item.get("WaveformData")
    if not isinstance(data, bytes):
        raise BadValue("it has no samples")
    whole = min(len(data) // (dtype.itemsize * count), length)
    if whole < length:
        notes.append(f"The waveform is cut short: {whole} of {length} samples are there.")
    if not whole:
        raise BadValue("it has no samples")
    samples: NDArray[np.generic] = np.frombuffer(data, dtype, whole * count).reshape(whole, count)
    padding = _padding(item, dtype)
    if kind in _EXPAND:
        samples, padding = _EXPAND[kind](samples.astype(np.uint8)), None
        notes.append(_SAID.format("µ" if kind == "MB" else "A"))
    definitions = list(item.get("ChannelDefinitionSequence") or ())
    channels = tuple(_channel(definitions[n] if n < len(definitions) else Dataset(), n, frequency) for n in range(count))
    return MultiplexGroup(
        label=text_of(item, "MultiplexGroupLabel"),
        originality=text_of(item, "WaveformOriginality"),
        frequency_hz=frequency,
        channels=channels,
        samples=samples,
        offset_s=_number(item, "MultiplexGroupTimeOffset", 0.0) / 1000,
        padding=padding,
        interpretation=kind,
    )


def _channel(ds: Dataset, number: int, frequency_hz: float) -> Channel:
    source, unit = code_in(ds, "ChannelSourceSequence"), code_in(ds, "ChannelSensitivityUnitsSequence")
    has_unit = "ChannelSensitivity" in ds
    skew = _number(ds, "ChannelTimeSkew", 0.0) or _number(ds, "ChannelSampleSkew", 0.0) / frequency_hz
    return Channel(
        label=text_of(ds, "ChannelLabel") or (source.meaning if source is not None else "") or f"Channel {number + 1}",
        source=source,
        unit=unit.value if unit is not None and has_unit else "",
        sensitivity=_number(ds, "ChannelSensitivity", 1.0) * _number(ds, "ChannelSensitivityCorrectionFactor", 1.0),
        baseline=_number(ds, "ChannelBaseline", 0.0),
        skew_s=skew,
        bits_stored=_whole(ds, "WaveformBitsStored") or None,
        filters=_filters(ds),
    )


def _filters(ds: Dataset) -> str:
    low, high, notch = (_number(ds, f"{name}Frequency", 0.0) for name in ("FilterLow", "FilterHigh", "NotchFilter"))
    band = f"{low:g}-{high:g} Hz" if low and high else f"from {low:g} Hz" if low else f"up to {high:g} Hz" if high else ""
    return ", ".join(part for part in (band, f"notch {notch:g} Hz" if notch else "") if part)


def _padding(item: Dataset, dtype: np.dtype[np.generic]) -> int | None:
    value = item.get("WaveformPaddingValue")
    if isinstance(value, bytes):
        return int(np.frombuffer(value, dtype, 1)[0]) if len(value) >= dtype.itemsize else None
    return int(value) if isinstance(value, int) else None


def _annotation(item: Dataset, groups: list[MultiplexGroup]) -> Annotation:
    numbers = number_list(item, "ReferencedWaveformChannels")
    channels = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    name, unit, coded = (code_in(item, k) for k in ("ConceptNameCodeSequence", "MeasurementUnitsCodeSequence", "ConceptCodeSequence"))
    positions = number_list(item, "ReferencedSamplePositions")
    group = channels[0][0] if channels else 1
    times: tuple[float, ...] = ()
    if positions and 0 < group <= len(groups):  # positions count from 1
        times = tuple(groups[group - 1].offset_s + (n - 1) / groups[group - 1].frequency_hz for n in positions)
    elif offsets := texts_of(item, "ReferencedTimeOffsets"):
        times = tuple(float(offset) / 1000 for offset in offsets if _is_number(offset))
    return Annotation(
        text=text_of(item, "UnformattedTextValue") or (coded.meaning if coded is not None else ""),
        name=name.meaning if name is not None else "",
        value=text_of(item, "NumericValue"),
        unit=unit.value if unit is not None else "",
        channels=channels,
        range=text_of(item, "TemporalRangeType"),
        times_s=times,
    )


def _whole(ds: Dataset, keyword: str) -> int:
    numbers = number_list(ds, keyword)
    return numbers[0] if numbers else 0


def _number(ds: Dataset, keyword: str, default: float) -> float:
    text = text_of(ds, keyword)
    return float(text) if _is_number(text) else default


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
