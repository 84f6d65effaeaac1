"""Files, folders and ZIPs to patients, studies and stacks, while they are being read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from medviewer.core.progress import Progress
from medviewer.core.study import Scan
from medviewer.dicom.collected import Collected
from medviewer.dicom.reading import Reading

POLL_S = 0.02
FIRST_UPDATE_S = 0.05
UPDATE_INTERVAL_S = 0.1
UPDATE_SHARE = 0.2
"""At most this share of the time goes into regrouping for updates, however many series are open."""


def scan(paths: Sequence[Path], progress: Progress, on_update: Callable[[Scan], None] | None = None) -> Scan:
    """Read the headers of everything below the paths; every file ends in a stack, refused, or not DICOM.

    Files are read in threads of their own: where a read hangs, the file is named, and cancelling works at once.

    on_update : called in this thread with what has been found so far, at most ten times a second.
    Raises `Cancelled`.
    """
    progress.report(None, "Looking for files")
    reading, collected = Reading(paths), Collected()
    due = time.monotonic() + FIRST_UPDATE_S
    try:
        while not reading.wait(POLL_S):
            for location, found in reading.take():
                collected.add(location, found)
            progress.report(*reading.state())
            if on_update is not None and time.monotonic() >= due:
                began = time.monotonic()
                on_update(_snapshot(collected, reading, complete=False))
                cost = time.monotonic() - began
                due = time.monotonic() + max(UPDATE_INTERVAL_S, cost / UPDATE_SHARE)
        for location, found in reading.take():
            collected.add(location, found)
    finally:
        reading.stop()
    progress.report(1.0, f"{len(reading.listing.files)} files")
    return _snapshot(collected, reading, complete=True)


def _snapshot(collected: Collected, reading: Reading, *, complete: bool) -> Scan:
    listing = reading.listing
    return collected.snapshot(tuple(listing.refused), tuple(listing.special), complete=complete)
