"""Decoding by imagecodecs: BSD-licensed bindings of libjpeg-turbo, CharLS, OpenJPEG, OpenJPH, libjxl and others.

It gives codestreams' own samples; only baseline and extended JPEG are turned to RGB here, as libjpeg does that best.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.codestream import END, has_end, jpeg_colours
from medviewer.dicom.codecs.form import BadImage, PixelForm

Array = NDArray[np.generic]
PIXELS_A_THREAD = 1 << 21


class CutShort(BadImage):
    """The end of a compressed image is missing."""

    def __init__(self) -> None:
        super().__init__("it is cut short")


def decode_jpeg(data: bytes, form: PixelForm) -> Array:
    """JPEG with loss, 8 or 12 bits (processes 1, 2, 4 and the retired 3, 5, 6 to 13).

    Files labelled RGB with YCbCr inside are common, and so is the reverse: the JPEG knows better, the label is asked last.
    """
    if form.samples == 1:
        return _whole_jpeg(data)
    colours = jpeg_colours(data) or ("RGB" if form.photometric == "RGB" else "YCBCR")
    return _whole_jpeg(data, colorspace=colours, outcolorspace="RGB")


def decode_jpeg_lossless(data: bytes, form: PixelForm) -> Array:
    """JPEG lossless, processes 14 and 15: all predictors, restart intervals and point transforms, samples as they are.

    libjpeg-turbo rather than imagecodecs' two decoders for this alone, which are slower; and one of them (liblj92) gives
    wrong pixels where there are restart markers.
    """
    if form.samples == 1:
        return _whole_jpeg(data)
    return _whole_jpeg(data, colorspace="RGB", outcolorspace="RGB")


def decode_jpeg_ls(data: bytes, form: PixelForm) -> Array:
    """JPEG-LS, lossless and near-lossless, all interleave modes."""
    import imagecodecs

    del form
    return np.asarray(imagecodecs.jpegls_decode(_ended(data)))


def decode_jpeg_2000(data: bytes, form: PixelForm) -> Array:
    """JPEG 2000, reversible and irreversible, and HTJ2K; multiple component transforms are undone."""
    import imagecodecs

    return np.asarray(imagecodecs.jpeg2k_decode(_ended(data), numthreads=_threads(form)))


def decode_htj2k(data: bytes, form: PixelForm) -> Array:
    """High-throughput JPEG 2000."""
    import imagecodecs

    del form
    with _nothing_lost():
        return np.asarray(imagecodecs.htj2k_decode(data))


def decode_jpeg_xl(data: bytes, form: PixelForm) -> Array:
    """JPEG XL, recompressed JPEG included."""
    import imagecodecs

    return np.asarray(imagecodecs.jpegxl_decode(data, numthreads=_threads(form)))


def decode_rle(data: bytes, form: PixelForm) -> Array:
    """RLE, byte planes put together (PS3.5 annex G)."""
    import imagecodecs

    if form.allocated == 1:
        packed = np.frombuffer(imagecodecs.dicomrle_decode(data, "uint8"), np.uint8)
        return np.unpackbits(packed, bitorder="little")[: form.rows * form.columns].reshape(form.shape)
    flat = np.frombuffer(imagecodecs.dicomrle_decode(data, form.dtype.newbyteorder("<").str), form.dtype)
    if form.samples == 1:
        return flat.reshape(form.shape)
    return np.moveaxis(flat.reshape(form.samples, form.rows, form.columns), 0, -1)


@contextmanager
def _nothing_lost() -> Iterator[None]:
    """Raise what was raised where it could not be: ``BadImage``.

    WORKAROUND imagecodecs 2026.3.6: errors of OpenJPH while lines are decoded are printed and dropped, and the image is
    given back with whatever was in memory below that line.
    """
    lost: list[object] = []
    hooks = sys.unraisablehook, sys.excepthook
    sys.unraisablehook, sys.excepthook = lost.append, lambda *args: lost.append(args)
    try:
        yield
    finally:
        sys.unraisablehook, sys.excepthook = hooks
    if lost:
        raise BadImage("only part of it can be decoded")


def _threads(form: PixelForm) -> int:
    """One for slices, of which several are decoded at a time; more for images so large that a reader waits for a single one."""
    return min(os.cpu_count() or 1, 1 + form.rows * form.columns // PIXELS_A_THREAD)


def _ended(data: bytes) -> bytes:
    """With the end marker that some writers leave out and strict decoders ask for."""
    if has_end(data):
        return data
    return data + (END[1:] if data.endswith(END[:1]) else END)


def _whole_jpeg(data: bytes, **options: Any) -> Array:
    """Decode; where the end marker is missing, make sure that nothing else is.

    libjpeg fills what it doesn't find with grey and says nothing. So such an image is decoded with different endings: if
    these make a difference, it was the endings that were decoded.
    """
    import imagecodecs

    decode: Any = imagecodecs.jpeg8_decode
    if has_end(data):
        return np.asarray(decode(data, **options))
    values = np.asarray(decode(_ended(data), **options))
    if not np.array_equal(values, decode(data.removesuffix(END[:1]) + b"\x55\xa3" * 64 + END, **options)):
        raise CutShort
    return values
