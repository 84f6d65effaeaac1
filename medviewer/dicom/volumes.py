"""A stack that makes a volume, read into one array while others look at it."""

from __future__ import annotations

import math
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode, NoVolume
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Refused, Stack
from medviewer.core.volume import Volume, VolumeSource
from medviewer.dicom.codecs.pool import decoders
from medviewer.dicom.codecs.table import supported_syntaxes
from medviewer.dicom.display.lut import modality_lut
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.layouts import Layouts
from medviewer.dicom.reading_order import NearestFirst
from medviewer.dicom.sources.files import Archives

MOST_THREADS = 4
SURELY_THERE = 1 << 30
"""Bytes that are asked for without looking how much memory there is."""
SHARE_OF_MEMORY = 0.75
WAIT_S = 0.05
"""How often the reading thread looks whether it was cancelled while no slice arrives."""


@dataclass(frozen=True, slots=True, eq=False)
class _Arrival:
    """A slice that was read, with the error if it couldn't be; ``k`` is None when a thread met a defect."""

    k: int | None
    error: Exception | None


@dataclass(slots=True, eq=False)
class _Run:
    """One call of `VolumeReader.read`: what its threads share.

    known : files of several images that were opened; other threads open them again without reading the header again.
    """

    archives: Archives
    stop: threading.Event = field(default_factory=threading.Event)
    arrivals: queue.SimpleQueue[_Arrival] = field(default_factory=queue.SimpleQueue)
    known: dict[FileLocation, ImageFile] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, location: FileLocation) -> ImageFile:
        """A file of several images, for one thread."""
        with self.lock:
            like = self.known.get(location)
            file = ImageFile(location, self.archives, like)
            if like is None:
                file.find_frames()
                self.known[location] = file
            return file


class VolumeReader:
    """Reads a stack's slices, the wanted one first and then outward from it.

    volume : allocated at once, zero until a slice arrives, filled in place.
    loaded : (slices,) bool, True for slices that can be shown.
    failures : why slices (index k) can't be decoded, without a full stop; they hold the smallest value of the others.
        A slice of which rows are missing is among them and among the loaded.
    skipped : the same by file.
    Raises `NoVolume` for a stack without a geometry. No file is touched before `read`. Of a 4D stack the first time point is read.
    """

    def __init__(self, stack: Stack) -> None:
        stack = stack.at_time(0)
        self.stack = stack
        self.volume = _empty_volume(stack)
        self.loaded: NDArray[np.bool_] = np.zeros(len(stack.images), np.bool_)
        self.failures: dict[int, str] = {}
        self.skipped: list[Refused] = []
        self._filled = 0
        self._lock = threading.Lock()
        self._order = NearestFirst(len(stack.images), len(stack.images) // 2)

    @property
    def done(self) -> int:
        """How many slices have been read, or given up and filled."""
        return int(np.count_nonzero(self.loaded)) + self._filled

    def wants(self, k: int) -> None:
        """Read slice ``k`` next, then its neighbours. Any thread."""
        self._order.wants(k)

    def read(self, progress: Progress, on_slice: Callable[[int], None] | None = None) -> Volume:
        """Read what hasn't been read; ``on_slice(k)`` is called in this thread as slices arrive.

        Raises `Cancelled` (what has arrived stays), and `NoVolume` when not one slice can be decoded.
        """
        with Archives() as archives:
            run = _Run(archives)
            left = self._order.left()
            threads = [
                threading.Thread(target=self._work, args=(run,), name=f"decode-{n}", daemon=True)
                for n in range(min(_threads(self.stack), left))
            ]
            done = len(self.loaded) - left  # counted before any thread adds to it
            for thread in threads:
                thread.start()
            try:
                self._collect(run, done, progress, on_slice)
            finally:
                run.stop.set()
                for thread in threads:
                    thread.join()
        self._fill_failed()
        return self.volume

    def _collect(self, run: _Run, done: int, progress: Progress, on_slice: Callable[[int], None] | None) -> None:
        total = len(self.loaded)
        while done < total:
            progress.report(done / total, f"Reading slice {done + 1} of {total}")
            try:
                arrival = run.arrivals.get(timeout=WAIT_S)
            except queue.Empty:
                continue
            done += 1
            if arrival.k is None and arrival.error is not None:
                raise arrival.error
            if arrival.k is not None and arrival.error is None and on_slice is not None:
                on_slice(arrival.k)
        progress.report(1.0, f"{total} slices")

    def _work(self, run: _Run) -> None:
        """A decoding thread: take the most wanted slice until there is none."""
        held: ImageFile | None = None
        layouts = Layouts()
        several_in_a_file = len(self.stack.files) < len(self.stack.images)
        try:
            while not run.stop.is_set() and (k := self._order.take()) is not None:
                ref = self.stack.images[k]
                try:
                    if not several_in_a_file:
                        with ImageFile(ref.file, run.archives, layouts=layouts) as file:
                            missing = _read_slice(file, ref, self.volume.stored[k])
                    else:
                        if held is None or held.location != ref.file:
                            if held is not None:
                                held.close()
                            held = run.open(ref.file)
                        missing = _read_slice(held, ref, self.volume.stored[k])
                except CannotDecode as error:
                    self._fail(k, error.why, error.code)
                    run.arrivals.put(_Arrival(k, error))
                    continue
                if missing is not None:
                    self._fail(k, missing, "truncated-pixels")
                self.loaded[k] = True
                run.arrivals.put(_Arrival(k, None))
        except Exception as error:  # a defect ends the job with its traceback, in the thread that waits
            run.arrivals.put(_Arrival(None, error))
        finally:
            if held is not None:
                held.close()

    def _fail(self, k: int, why: str, code: str) -> None:
        with self._lock:
            self.failures[k] = why
            self.skipped.append(Refused(self.stack.images[k].file, code, why))

    def _fill_failed(self) -> None:
        """Slices that couldn't be decoded get the smallest value there is: zero could be tissue."""
        missing = [k for k in self.failures if not self.loaded[k]]
        if not missing:
            return
        if not self.loaded.any():
            self._filled = len(missing)
            raise NoVolume(self.stack.series_uid, f"none of its slices can be decoded: {self.skipped[0].reason}")
        smallest = min(self.volume.stored[k].min() for k in np.flatnonzero(self.loaded))
        if smallest:  # they are zero, and pages that nobody wrote to take no memory
            self.volume.stored[missing] = smallest
        self._filled = len(missing)


def _read_slice(file: ImageFile, ref: ImageRef, out: NDArray[np.generic]) -> str | None:
    """Stored values into ``out``, through the file's modality table where it has one; returns what is missing of them."""
    table = modality_lut(file.header.elements, file.form.signed)
    if table is None:
        return file.stored_into(ref.frame, out, ref.tile)
    stored = np.empty(out.shape, file.form.dtype)
    missing = file.stored_into(ref.frame, stored, ref.tile)
    out[...] = table.apply(stored)
    return missing


def _threads(stack: Stack) -> int:
    """One a core for plain pixels; one more than decoder processes where these do the work, to have the next frame at hand."""
    if any(syntax in supported_syntaxes() for syntax in stack.transfer_syntaxes):
        return decoders().size + 1
    return min(MOST_THREADS, os.cpu_count() or 1)


def load_volume(stack: Stack, progress: Progress) -> Volume:
    """Read a whole stack. Raises `NoVolume`, `Cancelled`."""
    return VolumeReader(stack).read(progress)


def _empty_volume(stack: Stack) -> Volume:
    if stack.geometry is None:
        raise NoVolume(stack.series_uid, stack.why_not or "its images don't form one regular stack")
    values = stack.values
    several = len({image.sop_instance_uid for image in stack.images}) < len(stack.images)
    paths = {image.file.path for image in stack.images}
    source = VolumeSource(
        path=str(next(iter(paths)) if len(paths) == 1 else stack.images[0].file.path.parent),
        study_uid=stack.study_uid,
        series_uid=stack.series_uid,
        modality=stack.modality,
        body_part=stack.body_part,
        description=stack.description,
        sop_class_uid=stack.sop_class_uid,
        sop_instance_uids=tuple(image.sop_instance_uid for image in stack.images),
        frames=tuple(image.frame if several and image.tile is None else 0 for image in stack.images),
    )
    return Volume(
        stored=_room(stack.series_uid, stack.geometry.shape_kji, np.dtype(values.dtype)),
        geometry=stack.geometry,
        rescale=values.rescales[0],
        source=source,
        slice_rescales=values.rescales if len(values.rescales) > 1 else (),
        voi=values.voi,
        inverted=values.inverted,
        padding=values.padding,
        padding_limit=values.padding_limit,
    )


def _room(series_uid: str, shape_kji: tuple[int, int, int], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Zeros of a volume's size; raises `NoVolume` for one that the machine can't hold, as a damaged header may claim."""
    size = math.prod(shape_kji) * dtype.itemsize
    try:
        if size < SURELY_THERE or size < SHARE_OF_MEMORY * _memory():
            return np.zeros(shape_kji, dtype)
    except MemoryError:
        pass
    shape = " x ".join(map(str, shape_kji))
    raise NoVolume(series_uid, f"its {shape} voxels take {size / 1e9:.1f} GB, more memory than there is for them")


def _memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total)
