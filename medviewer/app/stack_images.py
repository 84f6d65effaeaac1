"""Images of a stack that makes no volume, decoded nearest first and kept within a budget."""

from __future__ import annotations

import threading
from collections.abc import Callable

from medviewer.app.jobs import Jobs, Lane
from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import ImageRef, Stack
from medviewer.dicom.frames import DecodedImage, ImageReader

BUDGET_BYTES = 768 * 2**20


class StackImages:
    """Decoded images of one stack. Safe to use from several threads.

    ``on_image`` is called in the worker's thread with the index of each image that has become known,
    decoded or not (`why_not` then says why). ``direction``: 1 or -1 while images are played that way, else 0.
    ``is_turned``: images are shown the usual way and not as they are stored.
    """

    is_turned = False

    def __init__(self, stack: Stack, jobs: Jobs, on_image: Callable[[int], None], budget_bytes: int = BUDGET_BYTES) -> None:
        self.stack = stack
        self._jobs, self._on_image, self._budget = jobs, on_image, budget_bytes
        self._lock = threading.Lock()
        self._images: dict[int, DecodedImage] = {}
        self._failed: dict[int, str] = {}
        self._bytes = 0
        self.direction = 0
        self._wanted, self._job, self._working, self._open = 0, 0, False, True

    def image(self, index: int) -> DecodedImage | None:
        """The image if it is decoded."""
        with self._lock:
            return self._images.get(index)

    @property
    def tiles(self) -> tuple[tuple[ImageRef, tuple[int, int]], ...]:
        """What an image was put together from, once it is: images, and the (row, column) of their first pixels in it."""
        return ()

    def why_not(self, index: int) -> str | None:
        """Why an image could not be decoded, without its path."""
        with self._lock:
            return self._failed.get(index)

    def known(self) -> list[bool]:
        """For each image, whether it is decoded or known not to be decodable."""
        with self._lock:
            return [n in self._images or n in self._failed for n in range(len(self.stack.images))]

    def want(self, index: int) -> None:
        """Decode this image next, then those around it."""
        with self._lock:
            self._wanted = index
            if self._working or not self._open or self._next() is None:
                return
            self._working = True
        self._job = self._jobs.submit(Lane.IO, f"Reading {self.stack.description or self.stack.modality or 'images'}", self._read)

    def close(self) -> None:
        """Stop decoding and let the images go."""
        with self._lock:
            self._open = False
            self._images.clear()
            self._bytes = 0
            working = self._working
        if working:
            self._jobs.cancel(self._job)

    def _read(self, progress: Progress) -> None:
        try:
            with ImageReader() as reader:
                while True:
                    with self._lock:
                        index = self._next() if self._open else None
                        if index is None:
                            self._working = False
                            return
                        done = len(self._images) + len(self._failed)
                    progress.report(done / len(self.stack.images), "Decoding")
                    self._decode(reader, index)
        except BaseException:
            with self._lock:
                self._working = False
            raise

    def _decode(self, reader: ImageReader, index: int) -> None:
        try:
            image = self._read_one(reader, index)
        except CannotDecode as error:
            with self._lock:
                self._failed[index] = error.why
        else:
            with self._lock:
                self._images[index] = image
                self._bytes += image.pixels.nbytes
        self._on_image(index)

    def _read_one(self, reader: ImageReader, index: int) -> DecodedImage:
        return reader.read(self.stack.images[index])

    def _next(self) -> int | None:
        """The unknown image nearest to the wanted one; room is made by dropping images that are farther away.

        While images are played, near is what comes soon: only ahead, and after the last the first.
        """
        wanted, count, direction = self._wanted, len(self.stack.images), self.direction
        if direction:
            around = iter([(wanted + direction * ahead) % count for ahead in range(count)])
        else:
            around = (n for distance in range(count) for n in {wanted - distance, wanted + distance})

        def distance_of(n: int) -> int:
            return (n - wanted) * direction % count if direction else abs(n - wanted)

        nearest = next((n for n in around if 0 <= n < count and n not in self._images and n not in self._failed), None)
        if nearest is None:
            return None
        while self._images and self._bytes >= self._budget:
            farthest = max(self._images, key=distance_of)
            if distance_of(farthest) <= distance_of(nearest):
                return None
            self._bytes -= self._images.pop(farthest).pixels.nbytes
        return nearest
