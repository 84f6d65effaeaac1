"""What decoding one frame may take, and what a compressed frame can hold at most."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.dicom.codecs.form import PixelForm

SHORTEST_S = 5.0
SLOWEST_COMPRESSED = 1_000_000
"""Compressed bytes a second: JPEG 2000 without loss, the slowest, was seen to do eight times as much on one slow core."""
SLOWEST_PIXELS = 20_000_000
"""Decoded bytes a second, for frames that hold next to nothing in many pixels."""
BASE_MEMORY = 256 << 20
MEMORY_PER_PIXEL_BYTE = 12
"""JPEG 2000 works in 32 bits a sample with copies: up to ten bytes for each byte of 8-bit pixels."""
IDLE_MEMORY = 128 << 20
"""What a decoder process takes before its first frame, at most."""
MOST_MEMORY = 2 << 30
HONEST_RATIO = 200
"""A frame may have more than `MOST_MEMORY` where its compressed bytes speak for its size: no real image shrinks further."""
LARGEST_BLANK = 64 << 20
"""Bytes of decoded pixels up to which a frame may be compressed further than that: blank images shrink to nearly nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds until a decoder counts as hung, and bytes it may allocate beyond what it takes when idle."""

    time_s: float
    memory_bytes: int


def limits(compressed_bytes: int, form: PixelForm) -> Limits:
    """The rule: 5 s and more for a large frame; 256 MB and 12 times the pixels, beyond 2 GB only for an honestly larger frame."""
    pixels = form.array_bytes
    memory = BASE_MEMORY + MEMORY_PER_PIXEL_BYTE * pixels
    most = max(MOST_MEMORY, BASE_MEMORY + MEMORY_PER_PIXEL_BYTE * HONEST_RATIO * compressed_bytes)
    return Limits(SHORTEST_S + compressed_bytes / SLOWEST_COMPRESSED + pixels / SLOWEST_PIXELS, min(memory, most))


def unbelievable(compressed_bytes: int, form: PixelForm) -> bool:
    """Whether a frame claims a size that no honest image compresses from into so few bytes; asked before anything is allocated."""
    claimed = form.array_bytes
    return claimed > LARGEST_BLANK and claimed > HONEST_RATIO * compressed_bytes


def too_much_memory(allowed: Limits) -> str:
    """Why a frame that wants more is refused."""
    return f"decoding it takes more than the {allowed.memory_bytes / 1e6:.0f} MB of memory that a frame of its size may take"
