"""A file of another kind inside a DICOM file: PDF, CDA, STL, OBJ, MTL (PS3.3 A.45, A.85, A.104 and C.24)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

from pydicom.dataset import Dataset

from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.content_values import code_in, text_of
from medviewer.dicom.objects.data_set import read_data_set
from medviewer.dicom.objects.datasets import damage_told


class EnclosedKind(StrEnum):
    """What an enclosed file is; the value is the ending it is saved with."""

    PDF = "pdf"
    CDA = "xml"
    STL = "stl"
    OBJ = "obj"
    MTL = "mtl"
    OTHER = "bin"


@dataclass(frozen=True, slots=True, eq=False)
class EnclosedFile:
    """The enclosed bytes, without padding, and what the DICOM file says of them.

    claimed : the MIME type in the DICOM file. kind : what the bytes are, by their content where that tells.
    triangles : of an STL model, None where unknown. unit : of a model's coordinates.
    """

    kind: EnclosedKind
    data: bytes
    title: str = ""
    claimed: str = ""
    concept: str = ""
    description: str = ""
    unit: str = ""
    triangles: int | None = None


_KINDS = {
    "application/pdf": EnclosedKind.PDF,
    "text/xml": EnclosedKind.CDA,
    "application/xml": EnclosedKind.CDA,
    "model/stl": EnclosedKind.STL,
    "application/sla": EnclosedKind.STL,
    "model/obj": EnclosedKind.OBJ,
    "model/mtl": EnclosedKind.MTL,
}
_CLASSES = {"1": EnclosedKind.PDF, "2": EnclosedKind.CDA, "3": EnclosedKind.STL, "4": EnclosedKind.OBJ, "5": EnclosedKind.MTL}
_STL_HEAD = 84


def read_enclosed(location: FileLocation) -> EnclosedFile:
    """The enclosed file; raises `CannotDecode` when there is none."""
    ds = read_data_set(location, largest_bytes=None).ds
    with damage_told(location, "what it says about its document can't be read"):
        return _enclosed(ds, location)


def _enclosed(ds: Dataset, location: FileLocation) -> EnclosedFile:
    data = _bytes(ds)
    if not data:
        raise CannotDecode(str(location), "it encloses no document", "no-content")
    kind = _kind(ds, data)
    concept, unit = code_in(ds, "ConceptNameCodeSequence"), code_in(ds, "MeasurementUnitsCodeSequence")
    return EnclosedFile(
        kind=kind,
        data=data,
        title=text_of(ds, "DocumentTitle"),
        claimed=text_of(ds, "MIMETypeOfEncapsulatedDocument"),
        concept=concept.meaning if concept is not None else "",
        description=text_of(ds, "ContentDescription"),
        unit=unit.value if unit is not None else "",
        triangles=_triangles(data) if kind is EnclosedKind.STL else None,
    )


def _bytes(ds: Dataset) -> bytes:
    """Without the byte that makes its length even: by *EncapsulatedDocumentLength*, or by what a PDF or text can't end with."""
    data = ds.get("EncapsulatedDocument")
    if not isinstance(data, bytes):
        return b""
    length = ds.get("EncapsulatedDocumentLength")
    if isinstance(length, int) and len(data) - 1 <= length <= len(data):
        return data[:length]
    return data[:-1] if data.endswith(b"\0") and not _is_binary_stl(data) else data


def _kind(ds: Dataset, data: bytes) -> EnclosedKind:
    if b"%PDF-" in data[:1024]:
        return EnclosedKind.PDF
    claimed = _KINDS.get(text_of(ds, "MIMETypeOfEncapsulatedDocument").lower().split(";")[0].strip())
    by_class = _CLASSES.get(text_of(ds, "SOPClassUID").removeprefix("1.2.840.10008.5.1.4.1.1.104."))
    kind = claimed or by_class
    if kind is EnclosedKind.PDF:  # it says PDF and isn't one
        return EnclosedKind.OTHER
    if kind is None and data.lstrip(b"\xef\xbb\xbf \r\n\t")[:5] == b"<?xml":
        return EnclosedKind.CDA
    return kind or EnclosedKind.OTHER


def _is_binary_stl(data: bytes) -> bool:
    """Its length follows from the count of triangles at byte 80."""
    if len(data) < _STL_HEAD:
        return False
    count = struct.unpack_from("<I", data, 80)[0]
    return len(data) - (_STL_HEAD + 50 * count) in (0, 1)


def _triangles(data: bytes) -> int | None:
    if _is_binary_stl(data):
        return int(struct.unpack_from("<I", data, 80)[0])
    return data.count(b"facet normal") if data[:512].lstrip().startswith(b"solid") else None
