"""What a reader should know about how an image is shown, beyond what is damaged about it."""

from __future__ import annotations

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements


def display_notices(elements: Elements, count: int) -> tuple[tuple[str, str], ...]:
    """(code, sentence) for tiles of a larger image, for a colour profile and for a mask that aren't applied."""
    found = []
    columns, rows = elements.long(tags.TOTAL_MATRIX_COLUMNS), elements.long(tags.TOTAL_MATRIX_ROWS)
    tile = elements.short(tags.COLUMNS), elements.short(tags.ROWS)
    if columns and rows and (columns > tile[0] or rows > tile[1]):
        words = f"The images are {count} tiles of one of {columns} x {rows} pixels; they are shown one by one and not put together."
        found.append(("tiles", words))
    if tags.ICC_PROFILE in elements or any(tags.ICC_PROFILE in path for path in elements.items(tags.OPTICAL_PATHS)):
        found.append(("colour-profile", "Colours are shown as stored: the file's colour profile (ICC) isn't applied."))
    if any(item.text(tags.MASK_OPERATION) in ("AVG_SUB", "TID", "REV_TID") for item in elements.items(tags.MASK_SUBTRACTION)):
        found.append(("not-subtracted", "The file names a mask to subtract; images are shown as acquired, without subtraction."))
    return tuple(found)
