"""An image on screen while files are still being looked for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from medviewer.app.jobs import Jobs
from medviewer.app.stack_images import StackImages
from medviewer.gui.main_thread import MainThread
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.shown import Shown

EARLY_AFTER_S = 0.3
"""A scan that takes longer shows an image meanwhile; what would be replaced at once isn't worth the flicker."""
ONE_IMAGE = 1
"""A budget in bytes that keeps the image on screen and no other: the scan should have the disk."""


class EarlyImage:
    """Shows the middle image of the first series that holds any, until the scan is complete and series can be opened for good."""

    def __init__(self, jobs: Jobs, main: MainThread, display: Display) -> None:
        self._jobs, self._main, self._display = jobs, main, display
        self._since = time.monotonic()
        self._images: StackImages | None = None

    def begin(self) -> None:
        """Files are being opened."""
        self._since = time.monotonic()

    def look(self, found: Sequence[Shown]) -> None:
        """Some have been found and nothing is on display."""
        shown = next((shown for shown in found if shown.stack.kind.has_images and shown.stack.images), None)
        if shown is None or time.monotonic() - self._since < EARLY_AFTER_S:
            return
        take = self._display.take_data
        self._images = StackImages(shown.stack, self._jobs, lambda _: self._main.post_latest("early image", take), ONE_IMAGE)
        self._display.show_images(shown, self._images)

    def end(self) -> None:
        """The scan is complete: what was shown early makes room, unless the reader has opened something else since."""
        if self._images is None:
            return
        self._images.close()
        if self._display.images is self._images:
            self._display.clear()
        self._images = None
