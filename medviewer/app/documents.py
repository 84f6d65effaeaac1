"""What is no stack of images, read for a person: tags, reports, waveforms, enclosed files, video."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medviewer.core.errors import CannotDecode
from medviewer.core.files import new_file
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Scan, Stack, StackKind

if TYPE_CHECKING:  # the readers bring pydicom, which a window that opens no document has no need of
    import numpy as np
    from numpy.typing import NDArray

    from medviewer.dicom.objects.data_set import DataSet
    from medviewer.dicom.objects.enclosed import EnclosedFile
    from medviewer.dicom.objects.sr_content import Report
    from medviewer.dicom.objects.video import Video
    from medviewer.dicom.objects.waveform import Waveform

COPIED_AT_ONCE = 8 << 20


def read_tags(location: FileLocation, progress: Progress) -> DataSet:
    """All elements of a file but its pixels; raises `CannotDecode`."""
    from medviewer.dicom.objects.data_set import read_data_set

    progress.report(None, f"Reading {location.path.name}")
    return read_data_set(location)


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A data set, and label and value of what matters most in it."""

    read: DataSet
    summary: tuple[tuple[str, str], ...]


def read_described(stack: Stack, progress: Progress) -> Described:
    """All elements of a stack's file with a summary; raises `CannotDecode`."""
    from medviewer.dicom.objects.summary import summary_of

    read = read_tags(stack.images[0].file, progress)
    return Described(read, summary_of(read.ds))


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


def open_images(scan: Scan) -> dict[tuple[str, int], str]:
    """Every frame that is open, by (SOP instance UID, frame from 1), with words on where it is."""
    found = {}
    for stack in scan.stacks():
        name = ", ".join(
            part for part in (f"series {stack.series_number}" if stack.series_number is not None else "", stack.description) if part
        )
        several = len(stack.images) > 1
        for number, image in enumerate(stack.images, start=1):
            words = f"{name}, image {number}" if several else name
            found[image.sop_instance_uid, image.frame] = words.removeprefix(", ")
    return found


def read_report(stack: Stack, progress: Progress) -> Report:
    """The structured report in a stack's file; raises `CannotDecode`, also when it has no content at all."""
    from medviewer.dicom.objects.data_set import read_data_set
    from medviewer.dicom.objects.datasets import damage_told
    from medviewer.dicom.objects.sr_content import report_of

    location = stack.images[0].file
    progress.report(None, f"Reading {location.path.name}")
    ds = read_data_set(location).ds
    if "ContentSequence" not in ds and "ConceptNameCodeSequence" not in ds:
        raise CannotDecode(str(location), "it is a report without any content", "no-content")
    with damage_told(location, "its content can't be read"):
        return report_of(ds)


def small_picture(scan: Scan, sop_instance_uid: str, frame: int, size: int = 192) -> NDArray[np.uint8] | None:
    """A thumbnail of an image that is open, ``[j, i]`` or ``[j, i, 3]``; None for one that isn't or can't be decoded."""
    from medviewer.dicom.thumbnails import thumbnail

    found = find_image(scan, sop_instance_uid, frame)
    if found is None or not found.stack.kind.has_images:
        return None
    try:
        return thumbnail(replace(found.stack, images=(found.stack.images[found.place],)), size)
    except CannotDecode:
        return None


def read_enclosed_file(stack: Stack, progress: Progress) -> EnclosedFile:
    """The file of another kind that a stack's file encloses; raises `CannotDecode`."""
    from medviewer.dicom.objects.enclosed import read_enclosed

    progress.report(None, f"Reading {stack.images[0].file.path.name}")
    return read_enclosed(stack.images[0].file)


def save_enclosed(stack: Stack, path: Path, progress: Progress) -> Path:
    """Write the enclosed file, or the video as it came, to a path where nothing is yet; raises `CannotDecode` or `CannotWrite`."""
    from medviewer.dicom.objects.video import raw_video

    if stack.kind is not StackKind.VIDEO:
        enclosed = read_enclosed_file(stack, progress)
        with new_file(path) as part:
            part.write_bytes(enclosed.data)
        return path
    stream = raw_video(stack.images[0].file)
    try:
        with new_file(path) as part, part.open("wb") as out:
            for begin in range(0, stream.size, COPIED_AT_ONCE):
                progress.report(begin / stream.size, f"Saving {path.name}")
                out.write(stream.read(begin, COPIED_AT_ONCE))
    finally:
        stream.close()
    return path


def ending_of(stack: Stack) -> str:
    """The usual ending of what a stack's file encloses, without a dot, by what the scan knows."""
    from medviewer.dicom.objects.video import codec_of

    if stack.kind is StackKind.VIDEO:
        return {"mpeg2": "mpg", "h264": "mp4", "h265": "mp4"}.get(codec_of((*stack.transfer_syntaxes, "")[0]), "bin")
    return _ENDINGS.get(stack.sop_class_uid, "bin")


_ENDINGS = {f"1.2.840.10008.5.1.4.1.1.104.{n}": ending for n, ending in enumerate(("pdf", "xml", "stl", "obj", "mtl"), start=1)}


def read_waveform_of(stack: Stack, progress: Progress) -> Waveform:
    """The waveform in a stack's file; raises `CannotDecode`."""
    from medviewer.dicom.objects.waveform import read_waveform

    progress.report(None, f"Reading {stack.images[0].file.path.name}")
    return read_waveform(stack.images[0].file)


def read_video_of(stack: Stack, progress: Progress) -> Video:
    """The video in a stack's file, ready to play; whoever plays it closes its stream. Raises `CannotDecode`."""
    from medviewer.dicom.objects.video import read_video

    return read_video(stack.images[0].file, progress)
