"""Decoding by imagecodecs: BSD-licensed bindings of libjpeg-turbo, CharLS, OpenJPEG, OpenJPH, libjxl and others.

It gives codestreams' own samples; only baseline and extended JPEG are turned to RGB here, as libjpeg does that best.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.form import PixelForm

Array = NDArray[np.generic]


def decode_jpeg(data: bytes, form: PixelForm) -> Array:
    """JPEG with loss, 8 or 12 bits (processes 1, 2, 4 and the retired 3, 5, 6 to 13)."""
    import imagecodecs

    if form.samples == 1:
        return np.asarray(imagecodecs.jpeg8_decode(data))
    if form.photometric == "RGB" and not _says_ybr(data):
        return np.asarray(imagecodecs.jpeg8_decode(data, colorspace="RGB", outcolorspace="RGB"))
    return np.asarray(imagecodecs.jpeg8_decode(data, colorspace="YCBCR", outcolorspace="RGB"))


def decode_jpeg_lossless(data: bytes, form: PixelForm) -> Array:
    """JPEG lossless, processes 14 and 15, all predictors."""
    import imagecodecs

    decode: Any = imagecodecs.ljpeg_decode if form.samples == 1 else imagecodecs.jpegsof3_decode
    return np.asarray(decode(data))


def decode_jpeg_ls(data: bytes, form: PixelForm) -> Array:
    """JPEG-LS, lossless and near-lossless, all interleave modes."""
    import imagecodecs

    del form
    return np.asarray(imagecodecs.jpegls_decode(data))


def decode_jpeg_2000(data: bytes, form: PixelForm) -> Array:
    """JPEG 2000, reversible and irreversible; multiple component transforms are undone."""
    import imagecodecs

    del form
    return np.asarray(imagecodecs.jpeg2k_decode(data))


def decode_htj2k(data: bytes, form: PixelForm) -> Array:
    """High-throughput JPEG 2000."""
    import imagecodecs

    del form
    return np.asarray(imagecodecs.htj2k_decode(data))


def decode_jpeg_xl(data: bytes, form: PixelForm) -> Array:
    """JPEG XL, recompressed JPEG included."""
    import imagecodecs

    del form
    return np.asarray(imagecodecs.jpegxl_decode(data))


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


def _says_ybr(data: bytes) -> bool:
    """Whether markers of the JPEG itself say YCbCr: a JFIF header, or Adobe's with transform 1.

    Files labelled RGB with such JPEGs inside are common, and the JPEG knows better.
    """
    head = data[:4096]
    adobe = head.find(b"\xff\xee\x00\x0eAdobe")
    if adobe >= 0:
        return head[adobe + 15 : adobe + 16] == b"\x01"
    return head[2:4] == b"\xff\xe0" and head[6:10] == b"JFIF"
