"""A file opened for its pixels: any frame of it as stored values."""

from __future__ import annotations

from dataclasses import replace
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
from medviewer.dicom.fragments import BadFragments, Spans, find_fragments, frame_spans
from medviewer.dicom.header import Header, NotDicom, PixelBytes, read_header
from medviewer.dicom.kinds import is_video
from medviewer.dicom.layouts import Layouts
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, why_unreadable

Array = NDArray[np.generic]


class ImageFile:
    """One DICOM file with pixel data. Raises `CannotDecode` for all that is wrong with it; not for several threads.

    form : what a frame looks like. count : frames the header claims.
    like : the same file opened before; its header isn't read again.
    layouts : remembers what files of one series share, for those who open many.
    """

    def __init__(self, location: FileLocation, archives: Archives, like: ImageFile | None = None, layouts: Layouts | None = None) -> None:
        self.location = location
        try:
            self._file, size = archives.open(location)
        except (OSError, KeyError, *ZIP_ERRORS) as error:
            raise self._cannot(f"it can't be opened: {why_unreadable(error)}", "unreadable") from error
        self._last: tuple[int, Array] | None = None
        if like is not None and like.header.stream is like._file:
            self.header: Header = replace(like.header, stream=self._file)
            self._pixels: PixelBytes = like._pixels
            self.form: PixelForm = like.form
            self._spans: list[Spans] | None = like._spans
            self._elements = self.header.elements
            return
        try:
            self.header = read_header(self._file, size, layouts)
            if self.header.pixels is None:
                raise self._cannot("it has no pixel data", "no-pixels")
            self._pixels = self.header.pixels
            self.form = pixel_form(self.header.elements, self._pixels.tag)
        except BaseException as error:
            self._file.close()
            if isinstance(error, NotDicom):
                raise self._cannot(why_unreadable(error), "not-dicom") from error
            if isinstance(error, (BadHeader, BadPixels, OSError, *ZIP_ERRORS)):
                raise self._cannot(why_unreadable(error), "damaged") from error
            raise
        self._spans = None
        self._elements = self.header.elements
        if self._pixels.length is not None:
            self.form = self.form.of_length(self._pixels.length, self.count)

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
        """Stored values of a whole frame (from 1), ``[j, i]`` or ``[j, i, 3]``, YBR as RGB, palettes as indices."""
        return self._stored(frame, None)[0]

    def shown(self, frame: int) -> tuple[Array, str | None]:
        """As `stored`; but a frame of which rows are missing is given as far as it goes, with words for what is missing.

        Only native pixel data has rows that can be told from missing ones; the rest of the frame gets its smallest value.
        """
        return self._stored(frame, None, partly=True)

    def stored_tile(self, frame: int, tile: Tile) -> Array:
        """A part of a frame; the frame is decoded once for all its parts that are asked for one after another."""
        if self._last is None or self._last[0] != frame:
            self._last = frame, self.stored(frame)
        return self._last[1][tile.row : tile.row + tile.rows, tile.column : tile.column + tile.columns]

    def stored_into(self, frame: int, out: Array, tile: Tile | None = None) -> str | None:
        """Put a frame, or a part of it, into ``out`` ``[j, i]``, contiguous: straight from the file where nothing needs decoding.

        Returns what is missing of it, as `shown` does.
        """
        if tile is not None:
            out[...] = self.stored_tile(frame, tile)
            return None
        plain = self._pixels.length is not None and self.header.has_little_pixels and not self.form.is_colour
        if plain and self.form.allocated in (8, 16, 32, 64) and out.dtype == self.form.dtype and out.shape == self.form.shape:
            size = self.form.native_bytes(1)
            if frame * size <= self._native_there:
                self._read_into((frame - 1) * size, out)
                return None
        values, missing = self._stored(frame, out, partly=True)
        if values is not out:
            if values.shape != out.shape:
                raise self._cannot(f"its image is {values.shape} where the series has {out.shape}", "mixed-size")
            out[...] = values
        return missing

    def find_frames(self) -> None:
        """Look where the frames of compressed pixel data lie, once; raises `CannotDecode`."""
        if self._pixels.length is None and self._spans is None and not is_video(self.header.transfer_syntax):
            try:
                found = find_fragments(self.header.stream, self._pixels.offset, self.header.size)
                self._spans = frame_spans(self.header, found, self.count)
            except BadFragments as error:
                raise self._cannot(str(error), "truncated" if "ends" in str(error).split() else "damaged") from error
            except (OSError, *ZIP_ERRORS) as error:
                raise self._cannot(f"its pixel data can't be read: {why_unreadable(error)}") from error

    def _stored(self, frame: int, out: Array | None, *, partly: bool = False) -> tuple[Array, str | None]:
        """A decoder writes into ``out`` where that has the right shape and type."""
        try:
            if self._pixels.length is not None:
                return self._native(frame, partly=partly)
            return self._compressed(frame, out), None
        except CannotDecompress as error:
            raise self._cannot(str(error)) from error
        except (OSError, ValueError, *ZIP_ERRORS) as error:
            raise self._cannot(f"frame {frame} can't be read: {why_unreadable(error)}") from error

    @property
    def _native_there(self) -> int:
        """Bytes of native pixel data that are in the file."""
        assert self._pixels.length is not None
        return max(min(self._pixels.length, self.header.size - self._pixels.offset), 0)

    def _read_into(self, begin: int, out: Array) -> None:
        stream, view = self.header.stream, memoryview(out).cast("B")  # type: ignore[arg-type]
        try:
            stream.seek(self._pixels.offset + begin)
            while view:
                got = stream.readinto(view)  # type: ignore[attr-defined]
                if not got:
                    raise self._cannot(f"its pixel data ends {len(view)} bytes too early", "truncated")
                view = view[got:]
        except (OSError, *ZIP_ERRORS) as error:
            raise self._cannot(f"its pixel data can't be read: {why_unreadable(error)}") from error
        correct_bits(out, self.form)

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

    def unmasked(self, frame: int) -> Array:
        """Values of a frame (from 1) with all allocated bits, those of old-style overlays included. Raises `CannotDecode`."""
        try:
            if self._pixels.length is None:
                whole = replace(self.form, stored=self.form.allocated, high_bit=self.form.allocated - 1)
                return self._compressed(frame, None, whole)
            return self._unpacked(frame, partly=False)[0]
        except (BadFragments, CannotDecompress) as error:
            raise self._cannot(str(error)) from error
        except (OSError, ValueError, *ZIP_ERRORS) as error:
            raise self._cannot(f"frame {frame} can't be read: {why_unreadable(error)}") from error

    def _native(self, frame: int, *, partly: bool) -> tuple[Array, str | None]:
        form = self.form
        values, rows = self._unpacked(frame, partly=partly)
        if form.stored < form.allocated or rows < form.rows:
            values = values.copy()
            correct_bits(values, form)
        values = ybr_to_rgb(values, form.photometric) if form.samples == 3 else values
        if rows == form.rows:
            return values, None
        values[rows:] = values[:rows].min()
        return values, f"only {rows} of its {form.rows} rows are in the file"

    def _unpacked(self, frame: int, *, partly: bool) -> tuple[Array, int]:
        """A frame as it is in the file, and how many rows of it are there."""
        form, pixels, there = self.form, self._pixels, self._native_there
        begin = form.native_bits * (frame - 1)
        end = begin + form.native_bits
        length = (end + 7) // 8 - begin // 8
        rows = max(min(8 * there - begin, form.native_bits), 0) * form.rows // form.native_bits
        if rows < form.rows and (not partly or rows == 0 or form.planar):
            raise self._cannot(f"its pixel data ends {(end + 7) // 8 - there} bytes too early", "truncated")
        little, words = self.header.has_little_pixels, pixels.vr == b"OW"
        wanted = length + (length % 2 if words and not little else 0)
        data = self._read(pixels.offset + begin // 8, min(wanted, there - begin // 8)).ljust(length, b"\0")
        return unpack(data, form, first_bit=begin % 8, little=little, words=words), rows

    def _compressed(self, frame: int, out: Array | None, form: PixelForm | None = None) -> Array:
        """A decoded frame; ``form`` is what to take its pixels for, where that isn't what the header says."""
        if is_video(self.header.transfer_syntax):
            raise CannotDecompress(f"it is a video ({self.header.transfer_syntax}), which is played, not decoded frame by frame")
        self.find_frames()
        spans = self._spans[frame - 1] if self._spans is not None and frame <= len(self._spans) else []
        if not spans:
            raise self._cannot(f"the file ends before image {frame}, or it isn't whole", "truncated")
        parts = [self._read(offset, length) for offset, length in spans]
        return decoders().decode(parts, form or self.form, self.header.transfer_syntax, out)

    def _cannot(self, why: str, code: str = "cannot-decode") -> CannotDecode:
        return CannotDecode(str(self.location), why, code)
