"""Waveforms: numbers against pydicom's own reader, companded sound against the standard library."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian
from pydicom.waveforms import multiplex_array
from support.objects import bare_object, coded, save_object

from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.companding import expand_a_law, expand_mu_law
from medviewer.dicom.objects.waveform import read_waveform

ECG = FileLocation(Path(get_testdata_file("waveform_ecg.dcm", download=False)))


def channel(label: str = "", **values: object) -> Dataset:
    ds = Dataset()
    if label:
        ds.ChannelLabel = label
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def group(samples: np.ndarray, kind: str, frequency: float = 250.0, **values: object) -> Dataset:
    ds = Dataset()
    ds.WaveformOriginality, ds.NumberOfWaveformSamples, ds.NumberOfWaveformChannels = "ORIGINAL", *samples.shape
    ds.SamplingFrequency = frequency
    ds.ChannelDefinitionSequence = [channel() for _ in range(samples.shape[1])]
    ds.WaveformBitsAllocated, ds.WaveformSampleInterpretation = 8 * samples.itemsize, kind
    ds.WaveformData = samples.tobytes() + b"\0" * (samples.nbytes % 2)
    ds["WaveformData"].VR = "OB" if samples.itemsize == 1 else "OW"
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def save(folder: Path, *groups: Dataset, annotations: tuple[Dataset, ...] = (), **options: object) -> FileLocation:
    ds = bare_object("9.1.2", "ECG")
    ds.WaveformSequence = list(groups)
    if annotations:
        ds.WaveformAnnotationSequence = list(annotations)
    return FileLocation(save_object(ds, folder / "w.dcm", **options))


def test_values_are_those_of_pydicom() -> None:
    found = read_waveform(ECG)
    ds = dcmread(ECG.path)
    assert len(found.groups) == 2
    for n, each in enumerate(found.groups):
        expected = multiplex_array(ds, n, as_raw=False)
        ours = np.stack([each.values(c) for c in range(len(each.channels))], axis=1)
        assert np.array_equal(ours, expected)
    assert found.groups[0].channels[0].unit == "uV"
    assert found.groups[0].duration_s == 10.0
    assert found.groups[0].channels[0].filters == "0.05-300 Hz"


@pytest.mark.parametrize(
    ("kind", "dtype"), [("SB", "i1"), ("UB", "u1"), ("SS", "i2"), ("US", "u2"), ("SL", "i4"), ("UL", "u4"), ("SV", "i8"), ("UV", "u8")]
)
def test_every_kind_of_sample_with_sensitivity_correction_and_baseline(tmp_path: Path, kind: str, dtype: str) -> None:
    limits = np.iinfo(dtype)
    samples = np.array([[limits.min, 1], [limits.max, 2], [3, 4]], f"<{dtype}")
    item = group(samples, kind)
    unit = [coded("mm[Hg]", "UCUM", "mmHg")]
    item.ChannelDefinitionSequence = [
        channel(
            "P1",
            ChannelSensitivity="0.5",
            ChannelSensitivityCorrectionFactor="1.25",
            ChannelBaseline="-3",
            ChannelSensitivityUnitsSequence=unit,
        ),
        channel("P2"),
    ]
    file = save(tmp_path, item)
    found = read_waveform(file).groups[0]
    assert [c.unit for c in found.channels] == ["mm[Hg]", ""]
    assert np.array_equal(found.values(0), samples[:, 0].astype(float) * 0.625 - 3)
    assert np.array_equal(found.values(1), [1, 2, 4])
    expected = multiplex_array(dcmread(file.path), 0, as_raw=False) if kind not in ("SV", "UV") else None
    if expected is not None:
        assert np.array_equal(found.values(0), expected[:, 0])


def test_big_endian_samples_are_read_right(tmp_path: Path) -> None:
    item = group(np.array([[1], [-2], [300]], ">i2"), "SS")
    assert list(read_waveform(save(tmp_path, item, syntax=ExplicitVRBigEndian)).groups[0].values(0)) == [1, -2, 300]


def test_padding_is_a_gap(tmp_path: Path) -> None:
    item = group(np.array([[5], [-32768], [7]], "<i2"), "SS", WaveformPaddingValue=-32768)
    item["WaveformPaddingValue"].VR = "SS"
    values = read_waveform(save(tmp_path, item)).groups[0].values(0)
    assert np.isnan(values[1])
    assert list(values[[0, 2]]) == [5, 7]


def test_skew_is_a_time(tmp_path: Path) -> None:
    item = group(np.zeros((4, 2), "<i2"), "SS")
    item.ChannelDefinitionSequence = [channel(ChannelTimeSkew="0.002"), channel(ChannelSampleSkew="0.5")]
    assert [c.skew_s for c in read_waveform(save(tmp_path, item)).groups[0].channels] == [0.002, 0.002]


@pytest.mark.parametrize(("law", "expand", "name"), [("ulaw2lin", expand_mu_law, "MB"), ("alaw2lin", expand_a_law, "AB")])
def test_companded_sound_is_expanded_as_the_standard_library_does(tmp_path: Path, law: str, expand, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        audioop = pytest.importorskip("audioop")
    codes = np.arange(256, dtype=np.uint8)
    expected = np.frombuffer(getattr(audioop, law)(codes.tobytes(), 2), "<i2")
    assert np.array_equal(expand(codes), expected)
    found = read_waveform(save(tmp_path, group(codes.reshape(-1, 1), name, 8000.0)))
    assert np.array_equal(found.groups[0].values(0), expected)
    assert "law" in found.notes[0]


def test_a_waveform_cut_short_says_so_and_shows_the_rest(tmp_path: Path) -> None:
    item = group(np.arange(20, dtype="<i2").reshape(10, 2), "SS", NumberOfWaveformSamples=50)
    found = read_waveform(save(tmp_path, item))
    assert len(found.groups[0].samples) == 10
    assert "10 of 50 samples" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SamplingFrequency": "0"}, "samples a second"),
        ({"NumberOfWaveformChannels": 0}, "0 channels"),
        ({"WaveformSampleInterpretation": "XX"}, "unknown kind"),
        ({"WaveformData": b""}, "no samples"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(tmp_path: Path, change: dict[str, object], words: str) -> None:
    file = save(tmp_path, group(np.zeros((4, 1), "<i2"), "SS", **change))
    with pytest.raises(CannotDecode, match=words):
        read_waveform(file)


def test_annotations_lie_where_their_samples_are() -> None:
    found = read_waveform(ECG)
    texts = [a.text for a in found.annotations if a.text]
    assert texts[:2] == ["RITMO SINUSALE", "ECG NORMALE"]
    qrs = next(a for a in found.annotations if a.name == "QRS Duration")
    assert (qrs.value, qrs.unit, qrs.times_s) == ("75", "ms", ())
    onset = next(a for a in found.annotations if a.name == "P Onset")
    assert onset.times_s == pytest.approx((0.298,))
    assert onset.channels == ((1, 0),)
