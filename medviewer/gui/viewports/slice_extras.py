"""What the files of a volume's slices draw over them or hide of them, read when a slice comes into sight."""

from __future__ import annotations

from collections import OrderedDict

from medviewer.app.jobs import Jobs, Lane
from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import ImageRef
from medviewer.dicom.frames import ImageExtras, ImageReader
from medviewer.dicom.volumes import VolumeReader
from medviewer.gui.main_thread import MainThread
from medviewer.gui.viewports.display import Display

AROUND, MOST = 8, 200
"""Slices to either side that are read along, and those that are kept."""


class SliceExtras:
    """Overlay planes and shutters of slices; for Qt's thread. The display hears when more of them are there."""

    def __init__(self, jobs: Jobs, main: MainThread, display: Display) -> None:
        self._jobs, self._main, self._display = jobs, main, display
        self._kept: OrderedDict[ImageRef, ImageExtras] = OrderedDict()
        self._asked: set[ImageRef] = set()
        display.extras = self.of

    def of(self, reader: VolumeReader, k: int) -> ImageExtras | None:
        """Those of a slice, or None where there are none or they aren't known yet; then they are read."""
        images = reader.stack.images
        if not reader.stack.values.has_extras or k >= len(images) or len(images) != len(reader.loaded):
            return None
        found = self._kept.get(images[k])
        if found is None and images[k] not in self._asked:
            self._read([ref for ref in images[max(k - AROUND, 0) : k + AROUND + 1] if ref not in self._kept and ref not in self._asked])
        return found

    def _read(self, refs: list[ImageRef]) -> None:
        self._asked.update(refs)

        def work(progress: Progress) -> dict[ImageRef, ImageExtras]:
            found = {}
            with ImageReader() as reader:
                for ref in progress.each(refs, len(refs), "Reading overlays"):
                    try:
                        found[ref] = reader.extras(ref)
                    except CannotDecode:
                        found[ref] = ImageExtras()  # the slice itself says what is wrong with its file
            return found

        self._jobs.submit(
            Lane.IO,
            "Reading overlays",
            work,
            lambda found: self._main.post(lambda: self._take(refs, found)),
            lambda _: self._main.post(lambda: self._take(refs, {})),
        )

    def _take(self, refs: list[ImageRef], found: dict[ImageRef, ImageExtras]) -> None:
        self._asked.difference_update(refs)
        self._kept.update(found)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        if found:
            self._display.take_data()
