"""Pictures cut, turned and mirrored the way a presentation state asks for, with where they lie kept true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.presentation import DisplayedArea, PresentationState
from medviewer.core.voi import LookUpTable, Voi, Window
from medviewer.imaging.reslice import PlaneFrame

MOST_ENTRIES = 1 << 16


@dataclass(frozen=True, slots=True)
class Arrangement:
    """First a part is cut out (edges in columns and rows, perhaps beyond the image), then turned clockwise, then mirrored."""

    shape: tuple[int, int]
    left: int
    top: int
    right: int
    bottom: int
    turns: int = 0
    mirrored: bool = False

    @classmethod
    def of(cls, shape: tuple[int, int], area: DisplayedArea | None, rotation_deg: int, mirrored: bool) -> Arrangement:
        """The whole image where there is no area, or one without any of the image in it."""
        rows, columns = shape
        left, top, right, bottom = (area.left, area.top, area.right, area.bottom) if area is not None else (0, 0, columns, rows)
        if right <= 0 or bottom <= 0 or left >= columns or top >= rows or right - left > 16 * columns or bottom - top > 16 * rows:
            left, top, right, bottom = 0, 0, columns, rows
        return cls(shape, left, top, right, bottom, rotation_deg // 90 % 4, mirrored)

    @property
    def changes_nothing(self) -> bool:
        """Whether pictures stay as they are."""
        whole = (self.left, self.top, self.right, self.bottom) == (0, 0, self.shape[1], self.shape[0])
        return whole and not self.turns and not self.mirrored

    def array(self, array: NDArray[np.generic], beyond: float = 0) -> NDArray[np.generic]:
        """An array ``[row, column, ...]`` arranged; ``beyond`` fills what lies outside the image."""
        rows, columns = self.shape
        inside = array[max(self.top, 0) : min(self.bottom, rows), max(self.left, 0) : min(self.right, columns)]
        edges = [(max(-self.top, 0), max(self.bottom - rows, 0)), (max(-self.left, 0), max(self.right - columns, 0))]
        if any(sum(edge) for edge in edges):
            inside = np.pad(inside, [*edges, *[(0, 0)] * (array.ndim - 2)], constant_values=beyond)
        turned = np.rot90(inside, -self.turns)
        return turned[:, ::-1] if self.mirrored else turned

    def points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) columns and rows, counted from the edge of the image's first pixel, on the arranged picture."""
        x, y = points[:, 0] - self.left, points[:, 1] - self.top
        width, height = self.right - self.left, self.bottom - self.top
        for _ in range(self.turns):
            x, y = height - y, x
            width, height = height, width
        return np.column_stack([width - x if self.mirrored else x, y])

    def frame(self, frame: PlaneFrame) -> PlaneFrame:
        """Where the arranged picture lies."""
        shape = self.bottom - self.top, self.right - self.left
        origin, column, row = frame.to_lps(self.top, self.left), frame.column_step, frame.row_step
        for _ in range(self.turns):
            origin, column, row = origin + (shape[0] - 1) * row, -row, column
            shape = shape[1], shape[0]
        if self.mirrored:
            origin, column = origin + (shape[1] - 1) * column, -column
        return PlaneFrame(shape, origin, column, row)

    def step(self, step: tuple[float, float]) -> tuple[float, float]:
        """(column, row) distances of the arranged picture."""
        return (step[1], step[0]) if self.turns % 2 else step


def presented_voi(state: PresentationState, voi: Voi, low: float, high: float) -> Voi:
    """Window or table and presentation table in one (PS3.4 N.2): from values to what is shown.

    low, high : of the values there are. Without a presentation table the window stays a window, which the reader can move.
    """
    if state.table is None:
        return voi
    if isinstance(voi, LookUpTable):
        first, count = voi.first, len(voi.table)
    else:
        first = int(np.floor(low))
        count = int(np.ceil(high)) - first + 1
    values = np.arange(first, first + min(max(count, 2), MOST_ENTRIES), dtype=np.int64)
    shares = voi.grey(values)
    entries = state.table.table[np.rint(shares * (len(state.table.table) - 1)).astype(np.intp)]
    shown = np.rint(entries.astype(np.float64) * (65535 / state.table.white)).astype(np.uint16)
    return LookUpTable(first, shown, 16, "presentation state")


def whole_range(low: float, high: float, bits: int) -> Window:
    """The window that shows all values a modality table or the image can give: what holds where a state names none."""
    if low >= 0 and high < 1 << bits:
        return Window.between(0, (1 << bits) - 1)
    return Window.between(low, high)
