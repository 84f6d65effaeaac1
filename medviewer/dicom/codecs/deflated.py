"""Frames deflated one by one (PS3.5 8.2.16, deflated image frame compression)."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.native import unpack


def decode_deflated(data: bytes, form: PixelForm) -> NDArray[np.generic]:
    """Inflate a frame, never to more than the frame can hold."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    return unpack(inflate.decompress(data, form.native_bytes(1)), form)
