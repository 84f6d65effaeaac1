"""What a run says about itself while it goes on: ``progress.jsonl``, ``progress.svg`` and lines for a person."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from medviewer.training.fitting.plot import Curve, svg_of_curves
from medviewer.training.fitting.task import SCORE

ROWS, PLOT = "progress.jsonl", "progress.svg"
_LINE_EVERY_S = 2.0
_MIN_STEPS = 3
"""Before as many steps of a session, a time left would be a guess."""


class Journal:
    """The files of one run in ``folder``, and a line every few seconds through ``say``."""

    def __init__(self, folder: Path, steps: int, say: Callable[[str], None]) -> None:
        self._folder, self._steps, self._say = folder, steps, say
        self._began, self._first, self._said = time.monotonic(), 0, 0.0

    def begin_at(self, step: int) -> None:
        """Forget rows that the checkpoint doesn't know: they are written again. Times left count from here."""
        self._began, self._first = time.monotonic(), step
        path = self._folder / ROWS
        if path.exists():
            kept = [row for row in _rows(path) if row["step"] <= step]
            self._replace(ROWS, "".join(json.dumps(row) + "\n" for row in kept))

    def step_done(self, step: int, loss: float) -> None:
        """Say how far it is, now and then."""
        now = time.monotonic()
        if now - self._said < _LINE_EVERY_S or step - self._first < _MIN_STEPS:
            return
        self._said = now
        self._say(f"step {step} of {self._steps}  loss {loss:.4f}  {self._time_left(step, now)}")

    def checked(self, row: dict[str, Any]) -> None:
        """Add a check's row and draw the plot anew."""
        with (self._folder / ROWS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        figures = "  ".join(f"{name} {value:.4f}" for name, value in row["figures"].items())
        self._say(f"step {row['step']} of {self._steps}  loss {row['loss']:.4f}  {figures}")
        self._draw(_rows(self._folder / ROWS))

    def _time_left(self, step: int, now: float) -> str:
        seconds = (now - self._began) / (step - self._first) * (self._steps - step)
        return f"{seconds:.0f} s left" if seconds < 120 else f"{seconds / 60:.0f} min left"

    def _draw(self, rows: list[dict[str, Any]]) -> None:
        losses = [Curve("training loss", "#c0392b", [(row["step"], row["loss"]) for row in rows])]
        tuning = [(row["step"], row["figures"].get("loss", math.nan)) for row in rows]
        if any(math.isfinite(y) for _, y in tuning):
            losses.append(Curve("tuning loss", "#2c7fb8", tuning))
        score = [Curve("tuning score", "#238b45", [(row["step"], row["figures"][SCORE]) for row in rows])]
        rate = [Curve("learning rate", "#7a5195", [(row["step"], row["rate"]) for row in rows])]
        self._replace(PLOT, svg_of_curves("Training", "step", [losses, score, rate]))

    def _replace(self, name: str, text: str) -> None:
        part = self._folder / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(self._folder / name)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows that were written whole; a kill may leave a torn last one."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows
