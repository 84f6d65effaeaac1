"""A small image in each compressed form, made on the spot, so that an installed program can prove its decoders."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.form import PixelForm

Image = NDArray[np.uint16] | NDArray[np.uint8]
ROWS, COLUMNS = 48, 64


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An image and how to compress it. ``tolerance`` is 0 for the lossless forms."""

    name: str
    transfer_syntax: str
    form: PixelForm
    image: Image
    encode: Callable[[Image], bytes | bytearray]
    tolerance: int = 0


def samples() -> Iterator[Sample]:
    """One sample for each decoder of the table. Needs imagecodecs, whose encoders make them."""
    import imagecodecs as codecs

    row, column = np.mgrid[:ROWS, :COLUMNS]
    eight = (row * 2 + column).astype(np.uint8)
    twelve = ((row * 37 + column * 11) % 4096).astype(np.uint16)
    smooth = (row * 20 + column * 9).astype(np.uint16)
    byte = PixelForm(ROWS, COLUMNS, allocated=8, stored=8, high_bit=7)
    word = PixelForm(ROWS, COLUMNS, stored=12, high_bit=11)
    jpeg = "1.2.840.10008.1.2.4."
    yield Sample("JPEG baseline", f"{jpeg}50", byte, eight, lambda image: codecs.jpeg8_encode(image, level=98), 4)
    yield Sample(
        "JPEG extended, 12 bits", f"{jpeg}51", word, smooth, lambda image: codecs.jpeg8_encode(image, level=98, bitspersample=12), 16
    )
    yield Sample("JPEG lossless", f"{jpeg}70", word, twelve, lambda image: codecs.ljpeg_encode(image, bitspersample=12))
    yield Sample("JPEG-LS", f"{jpeg}80", word, twelve, lambda image: codecs.jpegls_encode(image))
    yield Sample(
        "JPEG 2000", f"{jpeg}90", word, twelve, lambda image: codecs.jpeg2k_encode(image, level=0, codecformat="j2k", reversible=True)
    )
    yield Sample("HTJ2K", f"{jpeg}201", word, twelve, lambda image: codecs.htj2k_encode(image, reversible=True))
    yield Sample("JPEG XL", f"{jpeg}110", word, twelve, lambda image: codecs.jpegxl_encode(image, lossless=True))
    yield Sample("RLE", "1.2.840.10008.1.2.5", word, twelve, _encode_rle)
    yield Sample("deflated frames", "1.2.840.10008.1.2.8.1", word, twelve, _deflate)


def _encode_rle(image: Image) -> bytes:
    """Literal runs only (PS3.5 annex G): no compression, but the right form. High byte plane first."""
    planes = [(image >> 8).astype(np.uint8).tobytes(), (image & 0xFF).astype(np.uint8).tobytes()]
    segments = [b"".join(bytes([len(part) - 1]) + part for part in _parts(plane)) for plane in planes]
    segments = [segment + b"\x80" * (len(segment) % 2) for segment in segments]
    offsets = [64, 64 + len(segments[0])]
    return struct.pack("<16I", 2, *offsets, *[0] * 13) + b"".join(segments)


def _parts(plane: bytes) -> Iterator[bytes]:
    for begin in range(0, len(plane), 128):
        yield plane[begin : begin + 128]


def _deflate(image: Image) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(image.tobytes()) + packer.flush()
