"""How much of the budget is spent, over all pieces of a run, kills included."""

from __future__ import annotations

import json
import time
from pathlib import Path

NAME = "clock.json"
_BEAT_S = 5.0


class Clock:
    """Counts from ``began`` (`time.monotonic`), on top of what ``clock.json`` in the folder says was spent before.

    budget_s : for the whole run. piece_s : after which this process should have ended.
    """

    def __init__(self, folder: Path, budget_s: float, piece_s: float, began: float) -> None:
        self.budget_s = budget_s
        self._path, self._piece_s, self._began = folder / NAME, piece_s, began
        self._before, self._beaten = _spent_before(self._path), 0.0

    @property
    def spent_s(self) -> float:
        """Of the budget, in this and all earlier pieces; a killed piece counts up to its last beat."""
        return self._before + time.monotonic() - self._began

    @property
    def piece_left_s(self) -> float:
        """Until this process should end."""
        return self._piece_s - (time.monotonic() - self._began)

    def beat(self) -> None:
        """Note the time spent, every few seconds."""
        now = time.monotonic()
        if now - self._beaten >= _BEAT_S:
            self._beaten = now
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps({"spent_s": round(self.spent_s, 1)}) + "\n", encoding="utf-8")
            part.replace(self._path)


def _spent_before(path: Path) -> float:
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["spent_s"])
    except (OSError, ValueError, KeyError):
        return 0.0
