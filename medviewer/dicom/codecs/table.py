"""Which decoders are tried for a transfer syntax, fastest right one first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs import imagecodecs_backend as fast
from medviewer.dicom.codecs.codestream import declared_size
from medviewer.dicom.codecs.deflated import decode_deflated
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.pydicom_backend import pydicom_decoder

Array = NDArray[np.generic]
Decoder = Callable[[bytes, PixelForm], Array]

_JPEG = "1.2.840.10008.1.2.4."
RLE = "1.2.840.10008.1.2.5"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"

_TABLE: dict[str, Decoder] = {
    **{f"{_JPEG}{number}": fast.decode_jpeg for number in ("50", "51", "53", "55")},
    **{f"{_JPEG}{number}": fast.decode_jpeg_lossless for number in ("57", "70")},
    **{f"{_JPEG}{number}": fast.decode_jpeg_ls for number in ("80", "81")},
    **{f"{_JPEG}{number}": fast.decode_jpeg_2000 for number in ("90", "91", "92", "93")},
    **{f"{_JPEG}{number}": fast.decode_htj2k for number in ("201", "202", "203")},
    **{f"{_JPEG}{number}": fast.decode_jpeg_xl for number in ("110", "111", "112")},
    RLE: fast.decode_rle,
    DEFLATED_FRAMES: decode_deflated,
}
_RGB_ALREADY = frozenset({f"{_JPEG}{number}" for number in ("50", "51", "53", "55", "110", "111", "112")})
"""Syntaxes whose decoders give RGB for YBR pixel data."""

_NO_SECOND_TRY = frozenset({f"{_JPEG}80", f"{_JPEG}81", DEFLATED_FRAMES})
"""pydicom has nothing else for these: its JPEG-LS is CharLS too, and takes seconds to find out that a stream is damaged."""


class CannotDecompress(Exception):
    """No decoder could read a frame; the text says why, without a full stop."""


def supported_syntaxes() -> tuple[str, ...]:
    """The compressed transfer syntaxes that have a decoder."""
    return tuple(_TABLE)


def decompress(data: bytes, form: PixelForm, transfer_syntax: str) -> Array:
    """Stored values of one frame, ``[j, i]`` or ``[j, i, 3]`` (RGB where the file says YBR), dtype of the form.

    Raises `CannotDecompress` and ``MemoryError``. This is what a decoder process runs; everybody else asks `pool.decoders`.
    """
    decoder = _TABLE.get(transfer_syntax)
    if decoder is None:
        raise CannotDecompress(f"there is no decoder for its transfer syntax {transfer_syntax}")
    size = declared_size(data)
    if size is not None and size != (form.rows, form.columns):
        raise CannotDecompress(f"its compressed image is {size[0]} x {size[1]} where the header says {form.rows} x {form.columns}")
    reasons: list[str] = []
    attempts = (decoder,) if transfer_syntax in _NO_SECOND_TRY else (decoder, pydicom_decoder(transfer_syntax))
    for attempt in attempts:
        try:
            values = fit(attempt(data, form), form)
        except MemoryError:
            raise  # another decoder would need as much
        except Exception as error:  # decoders raise what they like; each is a reason to try the next one
            reasons.append(" ".join(str(error).split()).rstrip(".") or type(error).__name__)
        else:
            ybr = form.photometric in ("YBR_FULL", "YBR_FULL_422") and attempt is decoder
            return ybr_to_rgb(values) if ybr and transfer_syntax not in _RGB_ALREADY else values
    raise CannotDecompress(f"its compressed image is damaged or of an unusual kind ({reasons[0]})")


def fit(values: Array, form: PixelForm) -> Array:
    """A decoder's array in the form's shape and type.

    Codecs don't know the sign of what they carry: where the file says signed and the codec didn't,
    the stored bits are sign extended. Raises ``ValueError`` when the shape can't be right.
    """
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.shape != form.shape:
        raise ValueError(f"decoded to {values.shape} instead of {form.shape}")
    if values.dtype == form.dtype or form.allocated in (1, 12):
        return values.astype(form.dtype, copy=False)
    if values.dtype.kind not in "iu" or form.is_float:
        raise ValueError(f"decoded to {values.dtype} instead of {form.dtype}")
    if form.signed and values.dtype.kind == "u":
        shift = form.allocated - form.stored
        widened = values.astype(f"<u{form.allocated // 8}").view(form.dtype)
        return np.right_shift(np.left_shift(widened, shift), shift)
    return values.astype(form.dtype, copy=False)


def ybr_to_rgb(values: Array) -> Array:
    """Full-range YCbCr to RGB, uint8 (PS3.3 C.7.6.3.1.2, inverse of the YBR_FULL equations); other depths stay."""
    if values.dtype != np.uint8:
        return values
    y = values[..., 0].astype(np.float32)
    cb, cr = (values[..., n].astype(np.float32) - 128 for n in (1, 2))
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Whether a decoder works in this installation; ``note`` says what was compared, or what went wrong."""

    name: str
    works: bool
    note: str


def self_test() -> Iterator[SelfTest]:
    """Decode a sample of every compressed form and compare it with the original, pixel for pixel."""
    from medviewer.dicom.codecs.samples import samples

    for sample in samples():
        try:
            values = decompress(bytes(sample.encode(sample.image)), sample.form, sample.transfer_syntax)
        except Exception as error:  # whatever an encoder or decoder raises is the result of the test
            yield SelfTest(sample.name, False, f"failed: {error}")
            continue
        worst = int(np.abs(values.astype(np.int64) - sample.image).max())
        right = "exact" if worst == 0 else f"within {worst} of the original"
        yield SelfTest(sample.name, worst <= sample.tolerance, right)
