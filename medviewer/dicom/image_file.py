"""A file opened for its pixels: any frame of it as stored values."""

from __future__ import annotations

from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation, Tile
from medviewer.dicom import tags
from medviewer.dicom.codecs.colour import ybr_to_rgb
from medviewer.dicom.codecs.form import BadPixels, PixelForm, pixel_form
from medviewer.dicom.codecs.native import correct_bits, unpack
from medviewer.dicom.codecs.pool import decoders
from medviewer.dicom.codecs.table import CannotDecompress
from medviewer.dicom.elements import BadHeader
from medviewer.dicom.files import ZIP_ERRORS, Archives
from medviewer.dicom.fragments import BadFragments, find_fragments, frame_spans
from medviewer.dicom.header import Header, NotDicom, PixelBytes, read_header
from medviewer.dicom.kinds import is_video

Array = NDArray[np.generic]


class ImageFile:
    """One DICOM file with pixel data. Raises `CannotDecode` for all that is wrong with it; not for several threads.

    form : what a frame looks like. count : frames the header claims.
    """

    def __init__(self, location: FileLocation, archives: Archives) -> None:
        self.location = location
        try:
            self._file, size = archives.open(location)
        except (OSError, KeyError, *ZIP_ERRORS) as error:
            raise self._cannot(f"it can't be opened: {error}", "unreadable") from error
        try:
            self.header: Header = read_header(self._file, size)
            if self.header.pixels is None:
                raise self._cannot("it has no pixel data", "no-pixels")
            self._pixels: PixelBytes = self.header.pixels
            self.form: PixelForm = pixel_form(self.header.elements, self._pixels.tag)
        except BaseException as error:
            self._file.close()
            if isinstance(error, NotDicom):
                raise self._cannot("it is not a DICOM file", "not-dicom") from error
            if isinstance(error, (BadHeader, BadPixels, OSError, *ZIP_ERRORS)):
                raise self._cannot(str(error), "damaged") from error
            raise
        self._spans: list[list[tuple[int, int]]] | None = None
        self._last: tuple[int, Array] | None = None
        self._elements = self.header.elements

    def __enter__(self) -> ImageFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def count(self) -> int:
        """Frames the header claims, at least 1."""
        return max(self._elements.integer(tags.NUMBER_OF_FRAMES) or 1, 1)

    def stored(self, frame: int) -> Array:
        """Stored values of a frame (from 1), ``[j, i]`` or ``[j, i, 3]``, YBR as RGB, palettes as indices."""
        return self._stored(frame, None)

    def _stored(self, frame: int, out: Array | None) -> Array:
        """As `stored`; a decoder writes into ``out`` where that has the right shape and type."""
        try:
            return self._native(frame) if self._pixels.length is not None else self._compressed(frame, out)
        except (BadFragments, CannotDecompress) as error:
            raise self._cannot(str(error)) from error
        except (OSError, ValueError, *ZIP_ERRORS) as error:
            raise self._cannot(f"frame {frame} can't be read: {error}") from error

    def stored_tile(self, frame: int, tile: Tile) -> Array:
        """A part of a frame; the frame is decoded once for all its parts that are asked for one after another."""
        if self._last is None or self._last[0] != frame:
            self._last = frame, self.stored(frame)
        return self._last[1][tile.row : tile.row + tile.rows, tile.column : tile.column + tile.columns]

    def stored_into(self, frame: int, out: Array, tile: Tile | None = None) -> None:
        """Put a frame, or a part of it, into ``out`` ``[j, i]``, contiguous: straight from the file where nothing needs decoding."""
        if tile is not None:
            out[...] = self.stored_tile(frame, tile)
            return
        plain = self._pixels.length is not None and self.header.encoding.little and not self.form.is_colour
        if not plain or self.form.allocated not in (8, 16, 32, 64) or out.dtype != self.form.dtype or out.shape != self.form.shape:
            values = self._stored(frame, out)
            if values is out:
                return
            if values.shape != out.shape:
                raise self._cannot(f"its image is {values.shape} where the series has {out.shape}", "mixed-size")
            out[...] = values
            return
        try:
            self.header.stream.seek(self._pixels.offset + (frame - 1) * self.form.native_bytes(1))
            self._read_into(memoryview(out).cast("B"))  # type: ignore[arg-type]
        except (OSError, *ZIP_ERRORS) as error:
            raise self._cannot(f"frame {frame} can't be read: {error}") from error
        correct_bits(out, self.form)

    def _read_into(self, view: memoryview) -> None:
        stream = self.header.stream
        while view:
            got = stream.readinto(view)  # type: ignore[attr-defined]
            if not got:
                raise self._cannot(f"its pixel data ends {len(view)} bytes too early", "truncated")
            view = view[got:]

    def _read(self, offset: int, length: int) -> bytes:
        stream = self.header.stream
        stream.seek(offset)
        parts: list[bytes] = []
        while length > 0 and (part := stream.read(length)):
            parts.append(part)
            length -= len(part)
        if length > 0:
            raise self._cannot(f"its pixel data ends {length} bytes too early", "truncated")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _unpacked(self, frame: int) -> Array:
        form, pixels = self.form, self._pixels
        begin = form.native_bits * (frame - 1)
        little = self.header.encoding.little
        words = pixels.vr == b"OW"
        length = form.native_bytes(1) if begin % 8 == 0 else (begin + form.native_bits + 7) // 8 - begin // 8
        if words and not little:
            length += length % 2
        data = self._read(pixels.offset + begin // 8, length)
        return unpack(data, form, first_bit=begin % 8, little=little, words=words)

    def _native(self, frame: int) -> Array:
        form, values = self.form, self._unpacked(frame)
        if form.stored < form.allocated:
            values = values.copy()
            correct_bits(values, form)
        return ybr_to_rgb(values, form.photometric) if form.samples == 3 else values

    def unmasked(self, frame: int) -> Array:
        """Values of a frame (from 1) with all allocated bits, those of old-style overlays included. Raises `CannotDecode`."""
        if self._pixels.length is None:
            return self.stored(frame)
        try:
            return self._unpacked(frame)
        except (OSError, ValueError, *ZIP_ERRORS) as error:
            raise self._cannot(f"frame {frame} can't be read: {error}") from error

    def _compressed(self, frame: int, out: Array | None) -> Array:
        if is_video(self.header.transfer_syntax):
            raise CannotDecompress(f"it is a video ({self.header.transfer_syntax}), which is played, not decoded frame by frame")
        if self._spans is None:
            found = find_fragments(self.header.stream, self._pixels.offset, self.header.size)
            self._spans = frame_spans(self.header, found, self.count)
        if frame > len(self._spans):
            raise BadFragments(f"it has {len(self._spans)} compressed images and frame {frame} was asked for")
        parts = [self._read(offset, length) for offset, length in self._spans[frame - 1]]
        return decoders().decode(parts, self.form, self.header.transfer_syntax, out)

    def _cannot(self, why: str, code: str = "cannot-decode") -> CannotDecode:
        return CannotDecode(str(self.location), why, code)
