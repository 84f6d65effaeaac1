"""What a reader should know about how an image is shown, beyond what is damaged about it."""

from __future__ import annotations

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements
from medviewer.dicom.tile_matrix import matrix_size, tile_matrix


def display_notices(elements: Elements, count: int) -> tuple[tuple[str, str], ...]:
    """(code, sentence) for tiles of a larger image, for a colour profile and for a mask that aren't applied."""
    found = []
    size = matrix_size(elements)
    if size is not None:
        words = f"The images are {count} tiles of one of {size[1]} x {size[0]} pixels"
        if tile_matrix(elements, count) is not None:
            found.append(("tiles-together", f"{words}, put together for display."))
        else:
            found.append(("tiles", f"{words}; they are shown one by one and not put together."))
    if elements.text(tags.PRESENTATION_INTENT) == "FOR PROCESSING":
        words = "The image is meant for processing by a computer and not for reading; one meant for reading may look different."
        found.append(("for-processing", words))
    if tags.ICC_PROFILE in elements or any(tags.ICC_PROFILE in path for path in elements.items(tags.OPTICAL_PATHS)):
        found.append(("colour-profile", "Colours are shown as stored: the file's colour profile (ICC) isn't applied."))
    if any(item.text(tags.MASK_OPERATION) in ("AVG_SUB", "TID", "REV_TID") for item in elements.items(tags.MASK_SUBTRACTION)):
        found.append(("not-subtracted", "The file names a mask to subtract; images are shown as acquired, without subtraction."))
    return tuple(found)
