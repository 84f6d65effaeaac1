"""Video in a DICOM file: where its bytes are, what they are, and how fast they are meant to be shown (PS3.5 8.2.5 to 8.2.13)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset
from pydicom.uid import UID

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.elements import BadHeader
from medviewer.dicom.fragments import BadFragments, find_fragments
from medviewer.dicom.header import NotDicom, read_header
from medviewer.dicom.objects.byte_pieces import Bytes, FileBytes, Piece, Pieces
from medviewer.dicom.objects.content_values import text_of
from medviewer.dicom.objects.data_set import read_data_set
from medviewer.dicom.objects.elementary_stream import coded_pictures
from medviewer.dicom.objects.matroska import wrapped
from medviewer.dicom.objects.program_streams import in_program_stream, in_transport_stream, rate_by_times
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, why_unreadable

DEFAULT_RATE_HZ = 25.0
_TS_PACKET = 188


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """A video to play. stream : a whole file in some container, closed by whoever plays it.

    container : how it came, ``bare`` for a stream without one. codec : ``mpeg2``, ``h264``, ``h265``.
    is_parted : whether its pictures were found one by one and given a container in which each can be sought.
    rate_hz : pictures a second. frames : how many. Both are the DICOM file's word where it isn't parted, and the container knows better.
    notes : sentences on what is odd.
    """

    stream: Bytes
    codec: str
    container: str
    rate_hz: float
    frames: int
    columns: int
    rows: int
    notes: tuple[str, ...] = ()
    is_parted: bool = False


def read_video(location: FileLocation, progress: Progress) -> Video:
    """Find the video's bytes and, of a bare stream, its pictures. Raises `CannotDecode` or `Cancelled`."""
    stream, syntax = _open(location)
    ds = read_data_set(location).ds
    codec, container = codec_of(syntax), container_of(stream)
    size = _whole(ds, "Columns"), _whole(ds, "Rows")
    plain = Video(stream, codec, container, rate_of(ds), _whole(ds, "NumberOfFrames"), *size)
    if not codec or container not in ("bare", "ts", "ps"):
        return plain
    found = _parted(plain, progress)
    if found is None and container == "bare":
        stream.close()
        raise CannotDecode(str(location), "its video stream holds no picture that can be found", "damaged")
    return found or plain


def _parted(plain: Video, progress: Progress) -> Video | None:
    """The video parted into pictures and wrapped so that each can be sought; None when no pictures are found."""
    stream: Bytes = plain.stream
    inner = {"ts": in_transport_stream, "ps": in_program_stream}.get(plain.container, lambda *_: None)(stream, progress)
    if inner is not None:
        stream = inner.stream
    elif plain.container != "bare":
        return None
    pictures = coded_pictures(stream, plain.codec, progress)
    if not pictures:
        return None
    rate = (rate_by_times(inner.times, len(pictures)) if inner is not None else None) or plain.rate_hz
    wrong = plain.frames and plain.frames != len(pictures)
    notes = (f"The file says it has {plain.frames} frames; {len(pictures)} are there.",) if wrong else ()
    pieces = wrapped(pictures, plain.codec, rate, (plain.columns, plain.rows))
    return replace(plain, stream=Pieces(stream, pieces), rate_hz=rate, frames=len(pictures), notes=notes, is_parted=True)


def raw_video(location: FileLocation) -> Bytes:
    """The video's bytes as they are in the file; the caller closes them. Raises `CannotDecode`."""
    return _open(location)[0]


def _open(location: FileLocation) -> tuple[Bytes, str]:
    try:
        syntax, spans = _spans(location)
        return Pieces(FileBytes(location), [Piece(length, offset) for offset, length in spans]), syntax
    except (BadHeader, BadFragments, NotDicom, OSError, KeyError, *ZIP_ERRORS) as error:
        raise CannotDecode(str(location), why_unreadable(error), "unreadable") from error


def codec_of(transfer_syntax: str) -> str:
    """``mpeg2``, ``h264`` or ``h265`` by the transfer syntax; empty for others."""
    number = transfer_syntax.removeprefix("1.2.840.10008.1.2.4.").split(".")[0]
    if number in ("100", "101"):
        return "mpeg2"
    if number in ("102", "103", "104", "105", "106"):
        return "h264"
    return "h265" if number in ("107", "108") else ""


def container_of(stream: Bytes) -> str:
    """``mp4``, ``ts``, ``ps``, ``mkv``, ``avi`` or ``bare`` by the first bytes."""
    head = stream.read(0, 4 * _TS_PACKET)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"styp"):
        return "mp4"
    if head[:1] == b"G" and all(head[n : n + 1] in (b"G", b"") for n in range(0, len(head), _TS_PACKET)):
        return "ts"
    if head[:4] == b"\0\0\1\xba":
        return "ps"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "mkv"
    return "avi" if head[:4] == b"RIFF" else "bare"


def rate_of(ds: Dataset) -> float:
    """Pictures a second (PS3.3 C.7.6.5): *CineRate*, *RecommendedDisplayFrameRate*, or by *FrameTime* in ms; 25 where none is given."""
    for keyword in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = _number(ds, keyword)
        if rate:
            return rate
    time_ms = _number(ds, "FrameTime")
    return 1000 / time_ms if time_ms else DEFAULT_RATE_HZ


def syntax_words(transfer_syntax: str) -> str:
    """The transfer syntax's name."""
    return UID(transfer_syntax, validation_mode=0).name


def _spans(location: FileLocation) -> tuple[str, list[tuple[int, int]]]:
    with Archives() as archives:
        file, size = archives.open(location)
        with file:
            header = read_header(file, size)
            if header.pixels is None:
                raise BadFragments("it has no pixel data")
            if header.pixels.length is not None:
                return header.transfer_syntax, [(header.pixels.offset, header.pixels.length)]
            found = find_fragments(header.stream, header.pixels.offset, header.size)
            return header.transfer_syntax, list(found.spans)


def _number(ds: Dataset, keyword: str) -> float:
    try:
        value = float(text_of(ds, keyword) or 0)
    except ValueError:
        return 0.0
    return value if 0 < value < 100_000 else 0.0


def _whole(ds: Dataset, keyword: str) -> int:
    return int(_number(ds, keyword))
