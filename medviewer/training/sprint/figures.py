"""Figures that need no drawing library: bars as SVG, pictures as PNG."""

from __future__ import annotations

import colorsys
import struct
import zlib
from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
_ROW, _LEFT, _WIDTH = 20, 220, 400


def svg_of_bars(title: str, values: Mapping[str, float]) -> str:
    """One bar for each value between 0 and 1."""
    height = _ROW * (len(values) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 60}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="#ffffff"/><text x="8" y="16" font-weight="bold">{escape(title)}</text>',
    ]
    for row, (name, value) in enumerate(values.items(), start=1):
        y = row * _ROW + 8
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y + 2}" width="{_WIDTH * max(0.0, min(1.0, value)):.1f}" height="{_ROW - 6}" fill="#2c7fb8"/>')
        parts.append(f'<text x="{_LEFT + _WIDTH * max(0.0, value) + 6:.1f}" y="{y + 12}">{value:.3f}</text>')
    return "\n".join([*parts, "</svg>\n"])


def write_png(path: Path, pixels: Bytes) -> None:
    """Write ``[row, column, 3]`` uint8 (PNG, W3C Recommendation 2003, chapters 5 and 11)."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], 1)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def coloured(labels: NDArray[np.int64], grey: NDArray[np.float32]) -> Bytes:
    """Labels in colours half over an image of 0..1, ``[row, column, 3]``; label 0 leaves the image as it is."""
    colours = np.array([colorsys.hsv_to_rgb(0.381966 * n % 1.0, 0.75, 1.0) for n in range(int(labels.max()) + 1)])
    base = np.repeat(grey[..., None], 3, 2)
    over = np.where((labels > 0)[..., None], 0.5 * base + 0.5 * colours[labels], base)
    return np.rint(255 * over.clip(0, 1)).astype(np.uint8)
