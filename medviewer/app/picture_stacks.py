"""JPEG and PNG files beside DICOM: each is a stack of one image, of a patient nobody names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medviewer.app.jobs import Jobs
from medviewer.app.stack_images import StackImages
from medviewer.app.whole_slide import stack_images
from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Patient, Refused, Scan, Stack, StackKind, Study
from medviewer.core.voi import Window
from medviewer.core.volume import Rescale, Volume
from medviewer.dicom.frames import DecodedImage, ImageReader

if TYPE_CHECKING:
    from medviewer.dicom.description import ImageAttributes

PREFIX = "picture "
"""Begins the series UID of a stack whose image has no DICOM header; no UID begins like that."""
WHITE = 255


def is_plain_picture(stack: Stack) -> bool:
    """Whether a stack is a JPEG or PNG file and not DICOM."""
    return stack.series_uid.startswith(PREFIX)


def with_pictures(found: Scan, progress: Progress) -> Scan:
    """A complete scan whose JPEG and PNG files are stacks instead of files that are not DICOM; one study for each folder.

    Only their first bytes are read. What is no picture whatever its name says is refused with the reason. Raises `Cancelled`.
    """
    files = [file for file in found.not_dicom if file.member is None and _is_picture_file(file.path)]
    if not files:
        return found
    by_folder: dict[Path, list[Stack]] = defaultdict(list)
    refused: list[Refused] = []
    for file in progress.each(files, len(files), "Looking at pictures"):
        try:
            by_folder[file.path.parent].append(_stack(file))
        except CannotDecode as error:
            refused.append(Refused(file, error.code, error.why))
    studies = tuple(_study(folder, stacks) for folder, stacks in by_folder.items())
    taken = set(files)
    return replace(
        found,
        patients=(*found.patients, Patient("", "", studies=studies)) if studies else found.patients,
        refused=(*found.refused, *refused),
        not_dicom=tuple(file for file in found.not_dicom if file not in taken),
    )


def _is_picture_file(path: Path) -> bool:
    from medviewer.imaging.picture_file import is_picture_file

    return is_picture_file(path)


def _stack(file: FileLocation) -> Stack:
    from medviewer.imaging.picture_shown import shown_shape

    rows, columns = shown_shape(file.path)
    return Stack(
        study_uid=f"{PREFIX}{file.path.parent}",
        series_uid=f"{PREFIX}{file.path}",
        number=1,
        kind=StackKind.IMAGE,
        modality="",
        description=FileLocation(Path(file.path.name)).__str__(),
        images=(ImageRef(file, ""),),
        rows=rows,
        columns=columns,
        why_not="it is a single picture",
    )


def _study(folder: Path, stacks: Sequence[Stack]) -> Study:
    name = str(FileLocation(Path(folder.name or "/")))
    return Study(f"{PREFIX}{folder}", description=f"Pictures in {name}", stacks=tuple(sorted(stacks, key=lambda stack: stack.description)))


def decoded_picture(path: Path) -> DecodedImage:
    """A picture as it is shown: upright, nothing known of its scale or of what it shows. Raises `CannotDecode`."""
    from medviewer.imaging.picture_shown import shown_pixels

    return DecodedImage(shown_pixels(path), Rescale(), (Window.between(0, WHITE),), False, None, None, None, stored_bits=8)


class PlainPictures(StackImages):
    """The one image of a picture file."""

    is_turned = True

    def _read_one(self, reader: ImageReader, index: int) -> DecodedImage:
        del reader
        return decoded_picture(self.stack.images[index].file.path)


def images_of(stack: Stack, jobs: Jobs, on_image: Callable[[int], None]) -> StackImages:
    """The images of a stack that makes no volume, whatever its files are."""
    return PlainPictures(stack, jobs, on_image) if is_plain_picture(stack) else stack_images(stack, jobs, on_image)


def described(stack: Stack) -> ImageAttributes:
    """What the corner text says of a stack; nothing of a picture file. Raises `CannotDecode`."""
    from medviewer.dicom.description import ImageAttributes, attributes

    return ImageAttributes() if is_plain_picture(stack) else attributes(stack)


def small_picture(stack: Stack, size: int) -> NDArray[np.uint8]:
    """A thumbnail, longest side ``size``; uint8 ``[j, i]`` or ``[j, i, 3]``. Raises `CannotDecode`."""
    from medviewer.dicom.thumbnails import small_image, thumbnail

    if not is_plain_picture(stack):
        return thumbnail(stack, size)
    return small_image(decoded_picture(stack.images[0].file.path), size)


def picture_volume(stack: Stack, ref: ImageRef) -> Volume:
    """One image of a stack as a model of pictures takes it. Raises `CannotDecode`."""
    if is_plain_picture(stack):
        from medviewer.imaging.picture_file import read_picture

        return read_picture(ref.file.path)
    from medviewer.app.pictures import read_dicom_picture

    return read_dicom_picture(stack, ref)
