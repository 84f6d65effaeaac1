"""Bare video streams parted into pictures and wrapped, without a copy of the file."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from support.objects import save_object
from support.videos import PICTURES, SYNTAXES, bare_stream, program_stream, transport_stream, video_object

from medviewer.app.documents import ending_of, save_enclosed
from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Stack, StackKind
from medviewer.dicom.objects import elementary_stream
from medviewer.dicom.objects.byte_pieces import FileBytes, Piece, Pieces, Stretches
from medviewer.dicom.objects.elementary_stream import coded_pictures
from medviewer.dicom.objects.video import codec_of, container_of, rate_of, read_video

CODECS = list(SYNTAXES)


def stream_of(folder: Path, data: bytes, lead: bytes = b"") -> Pieces:
    path = folder / "stream"
    path.write_bytes(lead + data)
    return Pieces(FileBytes(FileLocation(path)), [Piece(len(data), len(lead))])


@pytest.mark.parametrize("codec", CODECS)
def test_every_picture_is_found_once_with_its_place(tmp_path: Path, codec: str) -> None:
    stream = stream_of(tmp_path, bare_stream(codec), lead=b"in front")
    found = coded_pictures(stream, codec, Progress())
    assert sorted(picture.shown for picture in found) == list(range(PICTURES))
    assert [picture.shown for picture in found] != list(range(PICTURES)), "the test's streams are coded out of order"
    assert found[0].key
    assert found[0].begin == 0
    assert all(a.begin + a.length == b.begin for a, b in itertools.pairwise(found))
    assert found[-1].begin + found[-1].length == stream.size


def test_a_zero_at_the_end_of_an_mpeg_2_picture_stays_its_own(tmp_path: Path) -> None:
    """The bits of a slice may end in a byte of zeros; given to the next picture, FFmpeg reports an end mismatch."""
    pictures = [mpeg_2_picture(n) for n in range(2)]
    found = coded_pictures(stream_of(tmp_path, b"".join(pictures)), "mpeg2", Progress())
    assert [(each.begin, each.length) for each in found] == [(0, len(pictures[0])), (len(pictures[0]), len(pictures[1]))]


def mpeg_2_picture(number: int, structure: int = 3) -> bytes:
    """Heads of an intra picture (or field) and one slice whose last byte is 0."""
    head = b"\0\0\1\0" + bytes([number >> 2, (number & 3) << 6 | 8, 0, 0]) + b"\0\0\1\xb5" + bytes([0x8F, 0xFF, 0xF0 | structure, 0x80])
    return head + b"\0\0\1\1" + b"\x55\0"


def test_two_fields_are_one_picture_and_two_frames_with_one_number_are_not(tmp_path: Path) -> None:
    fields = [mpeg_2_picture(n, structure) for n in range(3) for structure in (1, 2)]
    found = coded_pictures(stream_of(tmp_path, b"".join(fields)), "mpeg2", Progress())
    assert [each.length for each in found] == [2 * len(fields[0])] * 3
    frames = coded_pictures(stream_of(tmp_path, mpeg_2_picture(0) * 4), "mpeg2", Progress())
    assert [each.shown for each in frames] == [0, 1, 2, 3]


@pytest.mark.parametrize("codec", CODECS)
def test_where_the_stream_is_cut_for_reading_changes_nothing(tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of(tmp_path, bare_stream(codec))
    whole = coded_pictures(stream, codec, Progress())
    for chunk in (64, 101, 997):
        monkeypatch.setattr(elementary_stream, "CHUNK", chunk)
        assert coded_pictures(stream, codec, Progress()) == whole


@pytest.mark.parametrize("codec", CODECS)
def test_damaged_streams_neither_hang_nor_raise(tmp_path: Path, codec: str) -> None:
    data, chance = bytearray(bare_stream(codec)), random.Random(5)
    for number in range(150):
        bad = bytearray(data)
        for _ in range(chance.randrange(1, 20)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        cut = bytes(bad[: chance.randrange(1, len(bad))])
        stream = stream_of(tmp_path, cut)
        found = coded_pictures(stream, codec, Progress())
        assert sorted(picture.shown for picture in found) == list(range(len(found))), number
        stream.close()


@pytest.mark.parametrize("codec", CODECS)
def test_a_wrapped_stream_holds_every_byte_of_it_in_order(tmp_path: Path, codec: str) -> None:
    file = FileLocation(save_object(video_object(codec), tmp_path / "v.dcm", SYNTAXES[codec]))
    video = read_video(file, Progress())
    assert (video.container, video.codec, video.frames, video.rate_hz, video.notes) == ("bare", codec, PICTURES, 25.0, ())
    own = [piece for piece in video.stream.pieces if piece.data is None]
    inside = b"".join(video.stream.source.read(p.offset, p.length) for p in own)
    assert inside.rstrip(b"\0") == bare_stream(codec).rstrip(b"\0")
    assert video.stream.read(0, 4) == b"\x1aE\xdf\xa3"
    video.stream.close()


def test_a_wrong_number_of_frames_is_said(tmp_path: Path) -> None:
    file = FileLocation(save_object(video_object("h264", frames=40), tmp_path / "v.dcm", SYNTAXES["h264"]))
    video = read_video(file, Progress())
    assert video.notes == ("The file says it has 40 frames; 12 are there.",)
    video.stream.close()


def test_a_stream_without_pictures_is_a_sentence(tmp_path: Path) -> None:
    file = FileLocation(save_object(video_object("h264", b"no video at all " * 20), tmp_path / "v.dcm", SYNTAXES["h264"]))
    with pytest.raises(CannotDecode, match="no picture that can be found"):
        read_video(file, Progress())


def test_pieces_read_like_the_bytes_they_stand_for(tmp_path: Path) -> None:
    path, chance = tmp_path / "file", random.Random(3)
    raw = bytes(chance.randrange(256) for _ in range(500))
    path.write_bytes(raw)
    parts = [Piece.of(b"head"), Piece(100, 50), Piece.of(b""), Piece(7, 400), Piece.of(b"tail")]
    expected = b"head" + raw[50:150] + raw[400:407] + b"tail"
    pieces = Pieces(FileBytes(FileLocation(path)), parts)
    assert pieces.size == len(expected)
    for _ in range(300):
        begin, length = chance.randrange(len(expected) + 5), chance.randrange(len(expected) + 5)
        assert pieces.read(begin, length) == expected[begin : begin + length]
    pieces.close()


@pytest.mark.parametrize(("number", "codec"), [(100, "mpeg2"), (101, "mpeg2"), (102, "h264"), (106, "h264"), (107, "h265"), (108, "h265")])
def test_the_codec_follows_from_the_transfer_syntax(number: int, codec: str) -> None:
    assert codec_of(f"1.2.840.10008.1.2.4.{number}") == codec
    assert codec_of(f"1.2.840.10008.1.2.4.{number}.1") == codec


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\0\0\0 ftypisom", "mp4"),
        ((b"G" + bytes(187)) * 4, "ts"),
        (b"\0\0\1\xba", "ps"),
        (b"\0\0\1\xb3", "bare"),
        (b"\0\0\0\1\x67", "bare"),
        (b"G not a transport stream" * 40, "bare"),
    ],
)
def test_the_container_is_known_by_its_first_bytes(tmp_path: Path, head: bytes, container: str) -> None:
    assert container_of(stream_of(tmp_path, head)) == container


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        ({"CineRate": "30"}, 30.0),
        ({"RecommendedDisplayFrameRate": "15", "FrameTime": "40"}, 15.0),
        ({"FrameTime": "33.33"}, 1000 / 33.33),
        ({}, 25.0),
        ({"FrameTime": "0"}, 25.0),
    ],
)
def test_the_rate_comes_from_the_cine_module(values: dict[str, str], rate: float) -> None:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    assert rate_of(ds) == pytest.approx(rate)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("pack", [transport_stream, program_stream])
def test_the_video_in_a_container_is_found_byte_for_byte_with_its_rate(tmp_path: Path, codec: str, pack) -> None:
    data = bare_stream(codec)
    pictures = coded_pictures(stream_of(tmp_path, data), codec, Progress())
    packed = pack(data, [90_000 + 3000 * picture.shown for picture in pictures], [picture.begin for picture in pictures])
    assert container_of(stream_of(tmp_path, packed)) == ("ts" if pack is transport_stream else "ps")
    file = FileLocation(save_object(video_object(codec, packed), tmp_path / "v.dcm", SYNTAXES[codec]))
    video = read_video(file, Progress())
    assert (video.is_parted, video.frames, video.rate_hz) == (True, PICTURES, 30.0)
    inner = video.stream.source
    assert inner.read(0, inner.size) == data
    video.stream.close()


def test_stretches_read_like_the_bytes_they_stand_for(tmp_path: Path) -> None:
    raw, chance = bytes(n % 251 for n in range(5000)), random.Random(9)
    offsets = np.arange(7, 4800, 90)
    lengths = np.array([chance.randrange(1, 80) for _ in offsets])
    expected = b"".join(raw[o : o + n] for o, n in zip(offsets.tolist(), lengths.tolist(), strict=True))
    stretches = Stretches(stream_of(tmp_path, raw), offsets, lengths)
    assert stretches.size == len(expected)
    for _ in range(500):
        begin, length = chance.randrange(len(expected) + 9), chance.randrange(len(expected) + 9)
        assert stretches.read(begin, length) == expected[begin : begin + length]


def test_a_saved_video_is_the_stream_as_it_came(tmp_path: Path) -> None:
    file = FileLocation(save_object(video_object("mpeg2"), tmp_path / "v.dcm", SYNTAXES["mpeg2"]))
    image = ImageRef(file, "1.2.3.4")
    stack = Stack("1.2", "1.2.3", 1, StackKind.VIDEO, "ES", "", (image,), transfer_syntaxes=(SYNTAXES["mpeg2"],))
    assert ending_of(stack) == "mpg"
    saved = save_enclosed(stack, tmp_path / "v.mpg", Progress()).read_bytes()
    assert saved.rstrip(b"\0") == bare_stream("mpeg2").rstrip(b"\0")
