"""Which decoders are tried for a transfer syntax, fastest right one first."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs import imagecodecs_backend as fast
from medviewer.dicom.codecs.codestream import Declared, declared, missing_bytes
from medviewer.dicom.codecs.colour import ybr_to_rgb
from medviewer.dicom.codecs.deflated import decode_deflated
from medviewer.dicom.codecs.form import BadImage, PixelForm
from medviewer.dicom.codecs.limits import unbelievable
from medviewer.dicom.codecs.native import correct_bits
from medviewer.dicom.codecs.pydicom_backend import pydicom_decoder
from medviewer.dicom.codecs.rle import check_segments

Array = NDArray[np.generic]
Decoder = Callable[[bytes, PixelForm], Array]

_JPEG = "1.2.840.10008.1.2.4."
RLE = "1.2.840.10008.1.2.5"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"


def _syntaxes(*numbers: str) -> tuple[str, ...]:
    return tuple(f"{_JPEG}{number}" for number in numbers)


_LOSSY_JPEG = _syntaxes("50", "51", "53", "55")
_LOSSLESS_JPEG = _syntaxes("57", "70")
_JPEG_2000 = _syntaxes("90", "91", "92", "93")
_HTJ2K = _syntaxes("201", "202", "203")
_JPEG_XL = _syntaxes("110", "111", "112")

_TABLE: dict[str, tuple[Decoder, ...]] = {
    **dict.fromkeys(_LOSSY_JPEG, (fast.decode_jpeg,)),
    **dict.fromkeys(_LOSSLESS_JPEG, (fast.decode_jpeg_lossless,)),
    **dict.fromkeys(_syntaxes("80", "81"), (fast.decode_jpeg_ls,)),
    **dict.fromkeys(_JPEG_2000, (fast.decode_jpeg_2000,)),
    **dict.fromkeys(_HTJ2K, (fast.decode_htj2k, fast.decode_jpeg_2000)),
    **dict.fromkeys(_JPEG_XL, (fast.decode_jpeg_xl,)),
    RLE: (fast.decode_rle, pydicom_decoder(RLE)),
    DEFLATED_FRAMES: (decode_deflated,),
}
"""The second of two is another library, which takes what the first finds unusual."""

_RGB_ALREADY = frozenset({*_LOSSY_JPEG, *_JPEG_XL})
"""Syntaxes whose decoders give RGB for YBR pixel data."""
_BYTES_AS_STORED = frozenset({RLE, DEFLATED_FRAMES})
"""Syntaxes that carry whole bytes, unused bits included, and no precision of their own."""
_EXACT = frozenset({*_LOSSLESS_JPEG, f"{_JPEG}80"})
"""Syntaxes without loss whose codestream may carry unused bits; JPEG 2000 is believed as it is."""


_UID = re.compile(r"[0-9.]{1,64}")
_CODE = re.compile(r"\w_\w|::|0x")
"""Names of functions and constants."""


class CannotDecompress(Exception):
    """No decoder could read a frame; the text says why, without a full stop."""


def supported_syntaxes() -> tuple[str, ...]:
    """The compressed transfer syntaxes that have a decoder."""
    return tuple(_TABLE)


def decompress(data: bytes, form: PixelForm, transfer_syntax: str) -> Array:
    """Stored values of one frame, ``[j, i]`` or ``[j, i, 3]`` (RGB where the file says YBR), dtype of the form.

    Raises `CannotDecompress` and ``MemoryError``. This is what a decoder process runs; everybody else asks `pool.decoders`.
    """
    decoders = _TABLE.get(transfer_syntax)
    if decoders is None:
        named = f" {transfer_syntax}" if _UID.fullmatch(transfer_syntax) else ", whose UID is damaged"
        raise CannotDecompress(f"there is no decoder for its transfer syntax{named}")
    if unbelievable(len(data), form):
        raise CannotDecompress(f"it claims {form.rows} x {form.columns} pixels, which its {len(data)} compressed bytes can't hold")
    says = declared(data)
    _check(data, form, transfer_syntax, says)
    reasons: list[str] = []
    for decoder in decoders:
        try:
            values = fit(decoder(data, form), form, says)
        except MemoryError:
            raise  # another decoder would need as much
        except Exception as error:  # decoders raise what they like; each is a reason to try the next one
            reasons.append(_words(error))
            continue
        if transfer_syntax in _BYTES_AS_STORED or (transfer_syntax in _EXACT and says is not None and says.precision > form.stored):
            values = values if values.flags.writeable else values.copy()
            correct_bits(values, form)
        return values if transfer_syntax in _RGB_ALREADY or not form.is_colour else ybr_to_rgb(values, form.photometric)
    raise CannotDecompress(f"its compressed image is damaged or of an unusual kind{reasons[0]}")


def _words(error: Exception) -> str:
    """What a decoder says in words of its own, in brackets; names of functions and what Python says are left out."""
    text = " ".join(str(error).split()).rstrip(".")
    if not isinstance(error, BadImage):
        if type(error).__module__ in ("builtins", "zlib"):
            return ""
        text = text.rpartition(" returned ")[2].strip("'\"")
        if _CODE.search(text) or " " not in text:
            return ""
    return f" ({text})"


def _check(data: bytes, form: PixelForm, transfer_syntax: str, says: Declared | None) -> None:
    """Refuse, before anything is allocated, what contradicts the header or can't be whole."""
    if says is not None:
        if (says.rows, says.columns) != (form.rows, form.columns):
            raise CannotDecompress(
                f"its compressed image is {says.rows} x {says.columns} where the header says {form.rows} x {form.columns}"
            )
        if says.samples not in (0, form.samples):
            raise CannotDecompress(f"its compressed image has {says.samples} samples a pixel where the header says {form.samples}")
        if says.most_pixels is not None and form.rows * form.columns > says.most_pixels:
            raise CannotDecompress(f"its {len(data)} compressed bytes can't hold {form.rows} x {form.columns} pixels")
    if transfer_syntax == RLE and (why := check_segments(data, form)) is not None:
        raise CannotDecompress(why)
    if transfer_syntax in (*_JPEG_2000, *_HTJ2K) and (missing := missing_bytes(data)):
        raise CannotDecompress(f"its compressed image is cut short: {missing} bytes of it are missing")


def fit(values: Array, form: PixelForm, says: Declared | None = None) -> Array:
    """A decoder's array in the form's shape and type.

    Most codecs don't know the sign of what they carry, and some encoders write the wrong one into JPEG 2000. The header's
    sign counts: the bits that the codestream has (its precision, else BitsStored) are sign extended, or cut off, to agree.
    Raises `BadImage` when the shape can't be right or values don't fit.
    """
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.shape != form.shape:
        raise BadImage(f"decoded to {values.shape} instead of {form.shape}")
    if form.is_float or form.allocated in (1, 12) or values.dtype.kind not in "iu":
        if values.dtype != form.dtype:
            raise BadImage(f"decoded to {values.dtype} instead of {form.dtype}")
        return values
    precision = says.precision if says is not None and says.precision else form.stored
    if precision > form.allocated and values.dtype.itemsize > form.dtype.itemsize:
        raise BadImage(f"it has {precision} bits a sample where the header allocates {form.allocated}")
    came_signed = values.dtype.kind == "i"
    values = values.astype(form.dtype, copy=False)
    unused = form.allocated - precision
    if came_signed == form.signed or unused <= 0:
        return values
    return np.right_shift(np.left_shift(values, unused), unused)
