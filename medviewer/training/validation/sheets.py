"""Contact sheets: the worst answers as pictures, so that a person sees what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CELL = 200
TEXT_ROWS = 34
MOST = 40


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A grey picture 0..1 of any shape, a colour layer (rows, columns) uint8 with 0 nothing, and up to two lines of words."""

    picture: NDArray[np.float32]
    caption: tuple[str, ...]
    layer: NDArray[np.uint8] | None = None


_COLOURS = np.array([[0, 0, 0], [255, 80, 60], [70, 150, 255], [250, 210, 60]], np.float32)
"""Of layer values: 1 wrong, 2 missed, 3 hot."""


def write_sheet(path: Path, cells: Sequence[Cell], columns: int = 8) -> None:
    """Write the first `MOST` cells as one PNG, row by row."""
    from PIL import Image, ImageDraw

    shown = list(cells)[:MOST]
    if not shown:
        return
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * CELL, rows * (CELL + TEXT_ROWS)), (24, 24, 26))
    draw = ImageDraw.Draw(sheet)
    for number, cell in enumerate(shown):
        x, y = number % columns * CELL, number // columns * (CELL + TEXT_ROWS)
        image = Image.fromarray(_coloured(cell))
        image.thumbnail((CELL - 4, CELL - 4)) if max(image.size) > CELL - 4 else None
        scale = min((CELL - 4) / image.width, (CELL - 4) / image.height)
        image = image.resize((max(int(image.width * scale), 1), max(int(image.height * scale), 1)))
        sheet.paste(image, (x + (CELL - image.width) // 2, y + (CELL - image.height) // 2))
        for line, words in enumerate(cell.caption[:2]):
            draw.text((x + 4, y + CELL + 2 + 15 * line), words[:34], fill=(225, 225, 225))
    sheet.save(path)


def _coloured(cell: Cell) -> NDArray[np.uint8]:
    grey = np.clip(cell.picture, 0, 1)[..., None] * np.float32(255) * np.ones(3, np.float32)
    if cell.layer is not None:
        where = cell.layer > 0
        grey[where] = 0.45 * grey[where] + 0.55 * _COLOURS[np.minimum(cell.layer, 3)][where]
    return np.asarray(grey.round(), np.uint8)
