"""Reading headers in threads that may hang: a network drive that stalls holds up nothing else, and can be cancelled at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from medviewer.core.study import FileLocation, Refused
from medviewer.dicom.duplicates import Duplicates
from medviewer.dicom.instance import Instance, Seen, read_instance
from medviewer.dicom.sources.files import Archives
from medviewer.dicom.sources.listing import Listing

STALLED_S = 3.0
"""Without an answer for so long, the file that is waited for is named."""
GOODBYE_S = 0.2

Found = Instance | Refused | None


class Reading:
    """Two daemon threads: one finds files, the other reads their headers. Results are taken from any one other thread."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._archives = Archives()
        self.listing = Listing(paths, self._archives)
        self._results: deque[tuple[FileLocation, Found]] = deque()
        self._finished = threading.Event()
        self._is_stopped = False
        self._error: BaseException | None = None
        self._read = 0
        self._current: FileLocation | None = None
        self._since = time.monotonic()
        self._threads = [
            threading.Thread(target=work, name=f"medviewer-{name}", daemon=True)
            for work, name in ((self.listing.run, "listing"), (self._run, "headers"))
        ]
        for thread in self._threads:
            thread.start()

    def wait(self, limit_s: float) -> bool:
        """Wait until all is read or the limit has passed; whether all is read. Raises what went wrong in the thread."""
        is_over = self._finished.wait(limit_s)
        if self._error is not None:
            raise self._error
        return is_over

    def take(self) -> Iterator[tuple[FileLocation, Found]]:
        """What has been read since it was last asked for."""
        while self._results:
            yield self._results.popleft()

    def state(self) -> tuple[float | None, str]:
        """How far reading is (None while files are still being found), and what it does."""
        total, done = len(self.listing.files), self._read
        share = done / max(total, 1) if self.listing.is_complete else None
        waited = time.monotonic() - self._since
        if waited > STALLED_S:
            current = self._current  # the other thread may be done with it any moment
            place = current or (FileLocation(self.listing.current) if self.listing.current is not None else "the files")
            return share, f"Waiting for {place}: no answer for {waited:.0f} s"
        if not total:
            return share, "Looking for files"
        return share, f"Reading headers: {done} of {total} files" + ("" if self.listing.is_complete else ", looking for more")

    def stop(self) -> None:
        """End both threads; one that hangs in a read is left behind and ends when that returns."""
        self._is_stopped = True
        self.listing.stop()
        until = time.monotonic() + GOODBYE_S
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _run(self) -> None:
        seen, duplicates = Seen(), Duplicates(self._archives)
        try:
            for location in self.listing.each():
                if self._is_stopped:
                    return
                self._current, self._since = location, time.monotonic()
                found = read_instance(location, self._archives, seen)
                if isinstance(found, Instance):
                    found = duplicates.marked(found)
                self._results.append((location, found))
                self._read += 1
                self._current = None
        except BaseException as error:
            if not self._is_stopped:
                self._error = error
        finally:
            self._archives.close()
            self._finished.set()
