"""Thumbnails, made in a job as stacks appear."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from medviewer.app.jobs import Jobs, Lane
from medviewer.core.errors import MedviewerError
from medviewer.core.progress import Progress
from medviewer.gui.browser.rows import Row
from medviewer.gui.main_thread import MainThread

log = logging.getLogger(__name__)
SIZE = 128
BATCH = 8
"""Few at a time, so that other short work in the lane gets its turn."""
Picture = NDArray[np.uint8]


class Thumbnails:
    """Makes one batch after the other. The lane is the one for computing, so that images being read never wait for them."""

    def __init__(
        self, jobs: Jobs, main: MainThread, needed: Callable[[], Sequence[Row]], done: Callable[[Row, Picture | None], None]
    ) -> None:
        self._jobs, self._main, self._needed, self._done = jobs, main, needed, done
        self._busy = False

    def refresh(self) -> None:
        """Make what is still needed; ``done`` is called in Qt's thread, with None for what can't be shown."""
        rows = list(self._needed())[:BATCH]
        if self._busy or not rows:
            return
        self._busy = True
        self._jobs.submit(Lane.CPU, "Making thumbnails", lambda p: self._make(rows, p), lambda _: self._ended(), lambda _: self._ended())

    def _make(self, rows: Sequence[Row], progress: Progress) -> None:
        for row in progress.each(rows, len(rows), "Making thumbnails"):
            picture = _thumbnail(row)
            self._main.post(lambda row=row, picture=picture: self._done(row, picture))  # type: ignore[misc]

    def _ended(self) -> None:
        self._main.post(self._again)

    def _again(self) -> None:
        self._busy = False
        self.refresh()


def _thumbnail(row: Row) -> Picture | None:
    from medviewer.app.picture_stacks import small_picture

    assert row.stack is not None
    try:
        return small_picture(row.stack, SIZE)
    except MedviewerError as error:
        log.info("No thumbnail: %s", type(error).__name__)
        return None
