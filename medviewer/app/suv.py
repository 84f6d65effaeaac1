"""Uptake values of a PET series."""

from __future__ import annotations

from datetime import datetime

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Stack
from medviewer.core.suv import NoSuv, Suv
from medviewer.dicom import tags
from medviewer.dicom.elements import BadHeader, Elements
from medviewer.dicom.header import NotDicom, read_header
from medviewer.dicom.pet_times import at
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, why_unreadable
from medviewer.dicom.suv import needs_earliest, suv_factors


def series_suv(stack: Stack, progress: Progress) -> Suv:
    """The factors of a PET stack by which its real-world values become uptake.

    Raises `NoSuv` with the reason where the header doesn't allow any, and `CannotDecode` when it can't be read.
    """
    if stack.modality != "PT":
        raise NoSuv("This is no PET.")
    with Archives() as archives:
        elements = _elements(stack.images[0].file, archives)
        earliest = None
        if needs_earliest(elements):
            found = [
                _acquired(_elements(file, archives))
                for file in progress.each(stack.files, len(stack.files), "Looking for the scan's begin")
            ]
            earliest = min((moment for moment in found if moment is not None), default=None)
    return suv_factors(elements, earliest)


def _acquired(elements: Elements) -> datetime | None:
    return at(elements.text(tags.ACQUISITION_DATE), elements.text(tags.ACQUISITION_TIME))


def _elements(location: FileLocation, archives: Archives) -> Elements:
    try:
        file, size = archives.open(location)
        with file:
            return read_header(file, size).elements
    except (OSError, BadHeader, NotDicom, *ZIP_ERRORS) as error:
        raise CannotDecode(str(location), f"its header can't be read: {why_unreadable(error)}", "damaged") from error
