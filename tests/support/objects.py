"""DICOM objects that are no images, built with pydicom alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

CLASSES = {"pdf": "104.1", "cda": "104.2", "stl": "104.3", "obj": "104.4", "mtl": "104.5"}
MIMES = {"pdf": "application/pdf", "cda": "text/XML", "stl": "model/stl", "obj": "model/obj", "mtl": "model/mtl"}


def bare_object(sop_class: str, modality: str) -> Dataset:
    """Patient, study and series of an object of that class (its UID, or what follows the storage classes' root)."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class if sop_class.startswith("1.2.840.") else f"1.2.840.10008.5.1.4.1.1.{sop_class}"
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid(), generate_uid()
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Phantom^Lopsided", "PHANTOM", "19700101", "O"
    ds.StudyDate, ds.StudyTime, ds.StudyDescription, ds.AccessionNumber = "20260102", "030405", "phantom study", "A1"
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = modality, 7, 1
    return ds


def save_object(ds: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write it with meta information; returns the path."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    path.parent.mkdir(parents=True, exist_ok=True)
    how = {"is_implicit_VR": UID(syntax).is_implicit_VR, "is_little_endian": UID(syntax).is_little_endian}
    FileDataset(str(path), ds, file_meta=meta, preamble=b"\0" * 128, **how).save_as(path, enforce_file_format=True)
    return path


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a code sequence."""
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, scheme, meaning
    return ds


def enclosed_object(kind: str, data: bytes, title: str = "A title", *, length: bool = True) -> Dataset:
    """An encapsulated document; ``length`` False leaves out *EncapsulatedDocumentLength*, as older writers do."""
    ds = bare_object(CLASSES[kind], "DOC" if kind in ("pdf", "cda") else "M3D")
    ds.DocumentTitle, ds.MIMETypeOfEncapsulatedDocument = title, MIMES[kind]
    ds.EncapsulatedDocument = data + b"\0" * (len(data) % 2)
    if length:
        ds.EncapsulatedDocumentLength = len(data)
    return ds


def waveform_group(
    stored: np.ndarray, kind: str, labels: Sequence[str], unit: str, sensitivity: str, frequency: float = 250.0, padding: int | None = None
) -> Dataset:
    """A multiplex group of stored values ``[sample, channel]``; all channels have the same unit and sensitivity."""
    ds = Dataset()
    ds.WaveformOriginality, ds.NumberOfWaveformSamples, ds.NumberOfWaveformChannels = "ORIGINAL", *stored.shape
    ds.SamplingFrequency = frequency
    ds.ChannelDefinitionSequence = []
    for label in labels:
        channel = Dataset()
        channel.ChannelLabel, channel.ChannelSensitivity, channel.ChannelBaseline = label, sensitivity, "0"
        channel.ChannelSensitivityUnitsSequence = [coded(unit, "UCUM", unit)]
        ds.ChannelDefinitionSequence.append(channel)
    ds.WaveformBitsAllocated, ds.WaveformSampleInterpretation = 8 * stored.itemsize, kind
    if padding is not None:
        ds.add_new("WaveformPaddingValue", "OW", np.array(padding, stored.dtype).tobytes())
    ds.add_new("WaveformData", "OW", stored.tobytes())
    return ds


def binary_stl(triangles: int) -> bytes:
    """A fan of triangles."""
    facets = b"".join(struct.pack("<12fH", 0, 0, 1, 0, 0, 0, 1, n, 0, 1, n + 1, 0, 0) for n in range(triangles))
    return b"a phantom".ljust(80) + struct.pack("<I", triangles) + facets


CDA = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ClinicalDocument [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY file SYSTEM "file:///etc/hostname">]>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <title>Discharge letter</title>
  <recordTarget><patientRole><id extension="12345"/></patientRole></recordTarget>
  <component><structuredBody><component><section>
    <title>Findings</title>
    <text><paragraph>Größe <content styleCode="Bold">unchanged</content> &lt;b&gt;not bold&lt;/b&gt; &b; &file;</paragraph>
      <table><tr><th>Test</th><th>Value</th></tr><tr><td>Hb</td><td>13.2 g/dl</td></tr></table>
      <list><item>first</item><item>second</item></list><script>alert(1)</script></text>
  </section></component></structuredBody></component>
</ClinicalDocument>
"""
