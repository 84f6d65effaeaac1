"""Whole headers as pydicom data sets, for those who write objects that refer to images."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation, Stack
from medviewer.dicom.header import BadHeader, NotDicom, read_header
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, why_unreadable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

log = logging.getLogger(__name__)


def source_datasets(stack: Stack) -> list[Dataset]:
    """Headers without pixel data, one a file, in the order of the stack. Raises `CannotDecode`.

    A multi-frame file comes once, with all its frames.
    """
    with Archives() as archives:
        return [_dataset(location, archives) for location in stack.files]


def _dataset(location: FileLocation, archives: Archives) -> Dataset:
    from pydicom import dcmread

    try:
        file, size = archives.open(location)
        with file:
            read_header(file, size)  # which refuses what grows without measure
            file.seek(0)
            return dcmread(file, stop_before_pixels=True, force=True)
    except (OSError, BadHeader, NotDicom, *ZIP_ERRORS) as error:
        raise CannotDecode(str(location), f"its header can't be read: {why_unreadable(error)}", "damaged") from error
    except Exception as error:  # pydicom raises whatever the damage provokes
        log.info("pydicom can't read a header: %s", type(error).__name__)
        raise CannotDecode(str(location), "its header is damaged", "damaged") from error
