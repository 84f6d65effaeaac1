"""An encoder of lossless JPEG (ITU-T T.81 annex H) with every predictor, for tests: slow, and written from the standard alone."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray


def encode(
    image: NDArray[np.generic], bits: int, *, predictor: int = 1, point_transform: int = 0, restart_rows: int = 0, tables: int = 1
) -> bytes:
    """Codestream of ``[j, i]`` or ``[j, i, 3]`` (interleaved) unsigned values of so many bits.

    point_transform : low bits that are dropped (H.1.2.1). restart_rows : rows between restart markers, 0 for none.
    """
    samples = image.astype(np.int64).reshape(*image.shape[:2], -1) >> point_transform
    rows, columns, count = samples.shape
    residuals = _residuals(samples, bits - point_transform, predictor, restart_rows or rows)
    head = b"\xff\xc3" + struct.pack(">HBHHB", 8 + 3 * count, bits, rows, columns, count)
    head += b"".join(bytes([n + 1, 0x11, 0]) for n in range(count))
    interval = b"\xff\xdd" + struct.pack(">HH", 4, restart_rows * columns) if restart_rows else b""
    scan = b"\xff\xda" + struct.pack(">HB", 6 + 2 * count, count)
    scan += b"".join(bytes([n + 1, (n % tables) << 4]) for n in range(count)) + bytes([predictor, 0, point_transform])
    huffman = b"".join(_table(n) for n in range(tables))
    return b"\xff\xd8" + huffman + head + interval + scan + _entropy(residuals, restart_rows) + b"\xff\xd9"


def _residuals(samples: NDArray[np.int64], bits: int, predictor: int, restart: int) -> NDArray[np.int64]:
    """Differences modulo 2^16 in -32767..32768 (H.1.2.1, table H.1)."""
    left, above, corner = np.zeros_like(samples), np.zeros_like(samples), np.zeros_like(samples)
    left[:, 1:], above[1:], corner[1:, 1:] = samples[:, :-1], samples[:-1], samples[:-1, :-1]
    predicted = {
        1: left,
        2: above,
        3: corner,
        4: left + above - corner,
        5: left + ((above - corner) >> 1),
        6: above + ((left - corner) >> 1),
        7: (left + above) >> 1,
    }[predictor]
    predicted[:, 0] = above[:, 0]  # the first column is predicted from above
    first = np.arange(samples.shape[0]) % restart == 0
    predicted[first] = left[first]  # and the first line, also after a restart, from the left
    predicted[first, 0] = 1 << (bits - 1)
    difference = (samples - predicted) & 0xFFFF
    return np.where(difference > 32768, difference - 65536, difference)


def _table(number: int) -> bytes:
    """A Huffman table with 17 categories: lengths 2 (one code), then 5 bits for all others (K.2 has no table for 16 bits)."""
    lengths = [0] * 16
    lengths[1], lengths[4] = 1, 16
    values = bytes(range(17))
    return b"\xff\xc4" + struct.pack(">HB", 19 + len(values), number) + bytes(lengths) + values


def _code(category: int) -> tuple[int, int]:
    """(code, bits): category 0 is 00, the others 01000 and on."""
    return (0, 2) if category == 0 else (0b01000 + category - 1, 5)


def _entropy(residuals: NDArray[np.int64], restart_rows: int) -> bytes:
    out, marker = bytearray(), 0
    rows = residuals.shape[0]
    step = restart_rows or rows
    for begin in range(0, rows, step):
        if begin:
            out += bytes([0xFF, 0xD0 + marker % 8])
            marker += 1
        bits: list[str] = []
        for value in residuals[begin : begin + step].ravel().tolist():
            category = abs(value).bit_length() if value != 32768 else 16
            code, length = _code(category)
            bits.append(f"{code:0{length}b}")
            if 0 < category < 16:
                bits.append(f"{value if value > 0 else value + (1 << category) - 1:0{category}b}")
        text = "".join(bits)
        text += "1" * (-len(text) % 8)
        out += int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
    return bytes(out)
