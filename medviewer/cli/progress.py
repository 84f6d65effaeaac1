"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from medviewer.core.progress import ProgressState

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PLAIN_INTERVAL_S = 1.0


class ProgressDisplay:
    """Shows `ProgressState` values; safe to call from any thread. Nothing is drawn before the first report."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._text, self._when = "", 0.0

    def __enter__(self) -> ProgressDisplay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, state: ProgressState) -> None:
        """Draw a state."""
        if sys.stderr.isatty():
            self._draw(state)
        else:
            self._print(state)

    def _draw(self, state: ProgressState) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=1.0)
            self._bar.start()
        assert self._task is not None
        self._bar.update(self._task, completed=state.fraction or 0.0, description=state.text)

    def _print(self, state: ProgressState) -> None:
        """A line now and then: output that is kept in a file should stay readable."""
        now = time.monotonic()
        if now - self._when < PLAIN_INTERVAL_S or (state.text == self._text and state.fraction is None):
            return
        self._text, self._when = state.text, now
        percent = f"{100 * state.fraction:3.0f}% " if state.fraction is not None else ""
        sys.stderr.write(f"{percent}{state.text}\n")
        sys.stderr.flush()
