"""What is no stack of images, read for a person: tags, reports, waveforms, enclosed files, video."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Scan, Stack
from medviewer.dicom.objects.data_set import DataSet, read_data_set


def read_tags(location: FileLocation, progress: Progress) -> DataSet:
    """All elements of a file but its pixels; raises `CannotDecode`."""
    progress.report(None, f"Reading {location.path.name}")
    return read_data_set(location)


@dataclass(frozen=True, slots=True)
class FoundImage:
    """Where a referenced image is among what is open: its stack, and its place in it (from 0)."""

    stack: Stack
    place: int


def find_image(scan: Scan, sop_instance_uid: str, frame: int = 1) -> FoundImage | None:
    """The stack that holds a frame of an instance, None when it isn't open."""
    for stack in scan.stacks():
        place = _place(stack.images, sop_instance_uid, frame)
        if place is not None:
            return FoundImage(stack, place)
    return None


def _place(images: tuple[ImageRef, ...], uid: str, frame: int) -> int | None:
    return next((n for n, image in enumerate(images) if image.sop_instance_uid == uid and image.frame == frame), None)
