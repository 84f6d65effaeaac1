"""A file as a pydicom data set without its pixels, as far as it can be read."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import IO, Any, cast

from pydicom.datadict import dictionary_has_tag
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import data_element_generator, dcmread, read_dataset
from pydicom.tag import BaseTag

from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation
from medviewer.dicom.beginning import NotDicom, begin_of
from medviewer.dicom.elements import BadHeader, Encoding
from medviewer.dicom.fragments import BadFragments, find_fragments
from medviewer.dicom.header import DEFLATED, FIRST_READ, Header, PixelBytes, read_header
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, why_unreadable
from medviewer.dicom.tags import PIXEL_TAGS

log = logging.getLogger(__name__)
_META_BYTES = 4096
LARGEST_VALUE = 64 << 20
"""Bytes of a single value that are read; a larger one is left in the file and shown by its size."""


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """What a file says beside its pixels.

    ds : with file meta information; values larger than `LARGEST_VALUE` are not in memory.
    pixels : where pixel data lies, None without any.
    notes : sentences on what could not be read.
    """

    ds: Dataset
    pixels: PixelBytes | None
    notes: tuple[str, ...] = ()

    @property
    def is_little_endian(self) -> bool:
        """How binary values are written that pydicom leaves as bytes."""
        return self.ds.original_encoding[1] is not False


def read_data_set(location: FileLocation, largest_bytes: int | None = LARGEST_VALUE) -> DataSet:
    """Read everything before the pixel data; of a damaged file, what stands before the damage.

    largest_bytes : values that are larger aren't read; None reads all.
    Raises `CannotDecode` when nothing at all can be read, or the file isn't there.
    """
    with Archives() as archives:
        try:
            file, size = archives.open(location)
            with file:
                return _read(file, size, location, largest_bytes)
        except (OSError, KeyError, *ZIP_ERRORS) as error:
            raise CannotDecode(str(location), f"it can't be opened: {why_unreadable(error)}", "unreadable") from error


def _read(file: IO[bytes], size: int, location: FileLocation, largest_bytes: int | None) -> DataSet:
    header: Header | None = None
    try:
        header = read_header(file, size)
    except (BadHeader, NotDicom) as error:
        log.info("Reading a data set whose header is refused: %s", type(error).__name__)
    pixels = header.pixels if header is not None else None
    file = _seekable(file, location)
    file.seek(0)
    if header is None and _is_deflated(file):
        return _read_until_damage(file, header, pixels, location)  # pydicom would inflate it without measure
    for way in (_read_by_header, _read_by_pydicom):
        file.seek(0)
        try:
            ds = way(file, header, largest_bytes)
            if _is_known(ds):
                return DataSet(ds, pixels, _read_behind_pixels(header, ds, location))
        except Exception as error:  # pydicom raises whatever the damage provokes; the next way may get farther
            log.info("No whole data set: %s", type(error).__name__)
    return _read_until_damage(file, header, pixels, location)


def _read_by_header(file: IO[bytes], header: Header | None, largest_bytes: int | None) -> Dataset:
    """From where the scan found the data set, whatever stands in front of it; raises ``ValueError`` without such a place."""
    if header is None:
        raise ValueError
    meta = FileMetaDataset()
    begin, _ = begin_of(file.read(FIRST_READ))
    at, broken = _collect(file, begin, Encoding(), meta, lambda tag: tag >> 16 != 2) if _group(file, begin) == 2 else (begin, False)
    if broken:
        raise ValueError
    stream = header.stream if header.transfer_syntax == DEFLATED else file
    stream.seek(0 if header.transfer_syntax == DEFLATED else at)
    encoding = header.encoding
    ds = read_dataset(
        cast(Any, stream),
        not encoding.explicit,
        encoding.little,
        stop_when=lambda tag, _vr, _length: tag in PIXEL_TAGS,
        defer_size=largest_bytes,
    )
    cast(Any, ds).file_meta = meta
    return ds


def _read_by_pydicom(file: IO[bytes], header: Header | None, largest_bytes: int | None) -> Dataset:
    del header
    return cast(Dataset, dcmread(file, defer_size=largest_bytes, stop_before_pixels=True, force=True))


def _is_deflated(file: IO[bytes]) -> bool:
    """Whether the first bytes name the deflated syntax; the file is at its beginning afterwards."""
    found = DEFLATED.encode() in file.read(_META_BYTES)
    file.seek(0)
    return found


def _read_behind_pixels(header: Header | None, ds: Dataset, location: FileLocation) -> tuple[str, ...]:
    """Add the elements behind the pixel data (padding, signatures); of members of a ZIP they are left out, as all would be inflated."""
    if header is None or header.pixels is None or location.member is not None:
        return ()
    pixels = header.pixels
    if pixels.length is not None:
        end = pixels.offset + pixels.length
    else:
        try:
            found = find_fragments(header.stream, pixels.offset, header.size)
        except BadFragments as error:
            return (f"The pixel data is damaged: {error}.",)
        last = found.spans[-1] if found.spans else (found.first, 0)
        end = sum(last) + (8 if found.closed else 0)
    if end < header.size:
        _collect(header.stream, end, header.encoding, ds, lambda _: False)
    return ()


def _seekable(file: IO[bytes], location: FileLocation) -> IO[bytes]:
    """Members of a ZIP seek by inflating again from the start, so they are taken into memory; pydicom reads in small steps."""
    if location.member is None:
        return io.BufferedReader(cast(io.RawIOBase, file))
    file.seek(0)
    return io.BytesIO(file.read())


def _read_until_damage(file: IO[bytes], header: Header | None, pixels: PixelBytes | None, location: FileLocation) -> DataSet:
    """One element after the other until one can't be read."""
    file.seek(0)
    try:
        at, _ = begin_of(file.read(FIRST_READ))
    except NotDicom:
        at = 0
    ds, meta = Dataset(), FileMetaDataset()
    at, broken = _collect(file, at, Encoding(), meta, lambda tag: tag >> 16 != 2) if _group(file, at) == 2 else (at, False)
    if not broken:
        encoding = header.encoding if header is not None else _guess(file, at)
        _, broken = _collect(file, at, encoding, ds, lambda tag: tag >> 16 == 0x7FE0)
    cast(Any, ds).file_meta = meta
    if not _is_known(ds):
        raise CannotDecode(str(location), "nothing in it can be read as DICOM elements", "damaged")
    note = "The file is damaged; what follows the last element shown can't be read."
    return DataSet(ds, pixels, (note,) if broken else ())


def _is_known(ds: Dataset) -> bool:
    """Whether any element is one of the standard's: whatever bytes a file holds, some "element" can be read from them."""
    return any(dictionary_has_tag(tag) for tag in (*ds.keys(), *getattr(ds, "file_meta", {}).keys()))


def _collect(file: IO[bytes], at: int, encoding: Encoding, into: Dataset, stop: Any) -> tuple[int, bool]:
    """Elements from ``at`` on into a data set; where they end, and whether that was because of damage."""
    file.seek(at)
    elements = data_element_generator(
        cast(Any, file), not encoding.explicit, encoding.little, lambda tag, _vr, _length: stop(tag), LARGEST_VALUE
    )
    try:
        for element in elements:
            into[BaseTag(element.tag)] = element
            at = file.tell()
    except Exception as error:  # whatever the damage provokes ends the reading, and the caller says so
        log.info("Elements end early: %s", type(error).__name__)
        return at, True
    return at, False


def _group(file: IO[bytes], at: int) -> int:
    file.seek(at)
    return int.from_bytes(file.read(2), "little")


def _guess(file: IO[bytes], at: int) -> Encoding:
    file.seek(at)
    head = file.read(6)
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return Encoding(explicit=explicit, little=not (explicit and head[:1] == b"\0" and head[1:2] != b"\0"))
