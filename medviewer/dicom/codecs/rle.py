"""What the header of an RLE frame must say (PS3.5 annex G), before a decoder sees it."""

from __future__ import annotations

import struct

from medviewer.dicom.codecs.form import PixelForm

HEADER = struct.Struct("<16I")
MOST_A_BYTE = 64
"""Two bytes make a run of at most 128."""


def check_segments(data: bytes, form: PixelForm) -> str | None:
    """Why these can't be the segments of such a frame, without a full stop; None when they can."""
    if len(data) < HEADER.size:
        return f"its compressed image is cut short: it has {len(data)} bytes"
    count, *offsets = HEADER.unpack_from(data)
    wanted = form.samples * max(form.allocated // 8, 1)
    if count != wanted:
        return f"its compressed image has {count} segments where {form.samples} samples of {form.allocated} bits make {wanted}"
    begins = offsets[:count]
    if begins != sorted(begins) or begins[0] < HEADER.size or begins[-1] >= len(data):
        return "the segments of its compressed image don't lie within it"
    if len(data) * MOST_A_BYTE < form.native_bytes(1):
        return f"its {len(data)} compressed bytes can't hold {form.rows} x {form.columns} pixels"
    return None
