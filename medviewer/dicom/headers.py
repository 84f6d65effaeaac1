"""Whole headers as pydicom data sets, for those who write objects that refer to images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation, Stack
from medviewer.dicom.files import ZIP_ERRORS, Archives

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def source_datasets(stack: Stack) -> list[Dataset]:
    """Headers without pixel data, one a file, in the order of the stack. Raises `CannotDecode`.

    A multi-frame file comes once, with all its frames.
    """
    with Archives() as archives:
        return [_dataset(location, archives) for location in stack.files]


def _dataset(location: FileLocation, archives: Archives) -> Dataset:
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        file, _ = archives.open(location)
        with file:
            return dcmread(file, stop_before_pixels=True, force=True)
    except (OSError, InvalidDicomError, *ZIP_ERRORS) as error:
        raise CannotDecode(str(location), f"its header can't be read: {error}", "damaged") from error
