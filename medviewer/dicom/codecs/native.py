"""Uncompressed pixel data: bytes to stored values (PS3.5 section 8.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.form import PixelForm

Array = NDArray[np.generic]


def unpack(data: bytes, form: PixelForm, *, first_bit: int = 0, little: bool = True, words: bool = False) -> Array:
    """One frame as ``[j, i]`` or ``[j, i, sample]``, little endian, bits as the file has them.

    first_bit : where in the first byte a frame of packed bits begins. words : big-endian 8-bit pixels
    stored as OW, two to a word and therefore swapped. Raises ``ValueError`` when there are too few bytes.
    """
    pixels = form.rows * form.columns * form.samples
    if form.allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[first_bit : first_bit + pixels]
        return bits.reshape(form.shape)
    if form.allocated == 12:
        return _twelve_bits(data, pixels).reshape(form.shape)
    if form.samples == 3 and form.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        return _expand_422(np.frombuffer(data, np.uint8), form)
    source = form.dtype if little else form.dtype.newbyteorder(">")
    flat = np.frombuffer(data, source, count=-1 if words and not little else pixels)
    if words and not little and form.allocated == 8:
        flat = flat.reshape(-1, 2)[:, ::-1].reshape(-1)[:pixels]
    flat = flat.astype(form.dtype, copy=False)
    if form.planar:
        return np.moveaxis(flat.reshape(form.samples, form.rows, form.columns), 0, -1)
    return flat.reshape(form.shape)


def correct_bits(values: Array, form: PixelForm) -> None:
    """Leave only the stored bits of native values, sign extended, in place.

    Bits above may hold an old-style overlay or nothing in particular (PS3.5 8.1.1).
    """
    if form.is_float or form.allocated in (1, 12) or (form.stored == form.allocated):
        return
    above = form.allocated - 1 - form.high_bit
    below = form.high_bit + 1 - form.stored
    if above:
        np.left_shift(values, above, out=values)
    np.right_shift(values, above + below, out=values)


def _twelve_bits(data: bytes, pixels: int) -> Array:
    """Two pixels in three bytes, low bits first."""
    raw = np.frombuffer(data, np.uint8)
    trios = np.resize(raw, (-(-len(raw) // 3), 3)).astype(np.uint16)
    pairs = np.stack([trios[:, 0] | (trios[:, 1] & 0x0F) << 8, trios[:, 1] >> 4 | trios[:, 2] << 4], axis=1)
    return np.asarray(pairs.reshape(-1)[:pixels])


def _expand_422(raw: NDArray[np.uint8], form: PixelForm) -> Array:
    """Y1 Y2 Cb Cr to a colour a pixel (PS3.3 C.7.6.3.1.2)."""
    quads = raw[: form.rows * form.columns * 2].reshape(-1, 4)
    luma, chroma = quads[:, :2], np.repeat(quads[:, None, 2:], 2, axis=1)
    return np.concatenate([luma[:, :, None], chroma], axis=2).reshape(form.shape)
