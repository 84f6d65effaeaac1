"""What stored values mean: rescale to real-world values, and the windows that files suggest."""

from __future__ import annotations

from collections.abc import Iterator

from medviewer.core.voi import Voi, VoiFunction, Window
from medviewer.core.volume import Rescale
from medviewer.dicom import tags
from medviewer.dicom.charsets import Charset, character_set, decoded
from medviewer.dicom.display.lut import voi_luts
from medviewer.dicom.elements import Elements
from medviewer.dicom.placement import group_item
from medviewer.dicom.remembered import Remembered

LARGEST_FACTOR = 1e30
"""Slopes, intercepts and windows beyond this aren't believed: stored values times them would leave single precision."""


def rescale_of(elements: Elements, count: int, remembered: Remembered | None = None) -> list[Rescale]:
    """The rescale of each frame (PS3.3 C.11.1, and C.7.6.16.2.9 for functional groups)."""
    if tags.PER_FRAME_GROUPS not in elements and tags.SHARED_GROUPS not in elements:
        return [(remembered or Remembered()).of(_plain_rescale, elements)] * count
    per_frame, shared = elements.items(tags.PER_FRAME_GROUPS), elements.item(tags.SHARED_GROUPS)

    def rescale(own: Elements | None) -> Rescale:
        group = group_item(tags.PIXEL_VALUE_TRANSFORMATION, own, shared)
        return _rescale(group if group is not None else elements, elements)

    found = [rescale(own) for own in per_frame[:count]]
    more = count - len(found)
    return found + [rescale(None)] * more if more else found


def frame_rescale(elements: Elements, frame: int) -> Rescale:
    """The rescale of one frame, counted from 1."""
    own, shared = _groups_of(elements, frame)
    group = group_item(tags.PIXEL_VALUE_TRANSFORMATION, own, shared)
    return _rescale(group if group is not None else elements, elements)


def voi_of(elements: Elements, frame: int = 1, *, signed: bool = False) -> tuple[Voi, ...]:
    """What a frame's file suggests to show it through: tables first, then windows, each in the file's order.

    PS3.3 C.11.2, and C.7.6.16.2.10 for functional groups. A table's first input has the sign of the values it is for:
    of the stored ones, or of rescaled ones that can be negative. Windows with a width that can't be are left out.
    """
    own, shared = _groups_of(elements, frame)
    group = group_item(tags.FRAME_VOI_LUT, own, shared)
    source = group if group is not None else elements
    has_table = tags.MODALITY_LUT_SEQUENCE in elements  # its output is unsigned
    signed = not has_table and (signed or frame_rescale(elements, frame).intercept < 0)
    return (*voi_luts(elements, signed), *_windows(source, character_set(source, character_set(elements))))


def _windows(source: Elements, charset: Charset) -> Iterator[Window]:
    text = source.text(tags.VOI_LUT_FUNCTION)
    function = VoiFunction(text) if text in set(VoiFunction) else VoiFunction.LINEAR
    text, _ = decoded(source, tags.WINDOW_EXPLANATION, charset)
    names = [name.strip() for name in text.split("\\")] if text else []
    pairs = zip(source.floats(tags.WINDOW_CENTER), source.floats(tags.WINDOW_WIDTH), strict=False)
    for number, (centre, width) in enumerate(pairs):
        if 0 < width <= LARGEST_FACTOR and abs(centre) <= LARGEST_FACTOR:
            yield Window(centre, width, function, names[number] if number < len(names) else "")


def padding_of(elements: Elements, *, signed: bool) -> tuple[int | None, int | None]:
    """Stored value of empty pixels and the other end where it is a range (PS3.3 C.7.5.1.1.2), or None."""
    value, limit = (elements.shorts(tag, signed=signed) for tag in (tags.PIXEL_PADDING_VALUE, tags.PIXEL_PADDING_LIMIT))
    return (value[0] if value else None), (limit[0] if value and limit else None)


def is_inverted(elements: Elements) -> bool:
    """MONOCHROME1, or an inverse presentation LUT of a MONOCHROME2 image; both together say the same thing once."""
    return elements.text(tags.PHOTOMETRIC_INTERPRETATION) == "MONOCHROME1" or elements.text(tags.PRESENTATION_LUT_SHAPE) == "INVERSE"


def _groups_of(elements: Elements, frame: int) -> tuple[Elements | None, Elements | None]:
    per_frame = elements.items(tags.PER_FRAME_GROUPS)
    return (per_frame[frame - 1] if frame <= len(per_frame) else None), elements.item(tags.SHARED_GROUPS)


def _plain_rescale(elements: Elements) -> Rescale:
    return _rescale(elements, elements)


def _rescale(source: Elements, top: Elements) -> Rescale:
    """Of values that went through a modality table there is nothing left to rescale (PS3.3 C.11.1)."""
    table = top.item(tags.MODALITY_LUT_SEQUENCE)
    if table is not None and tags.LUT_DATA in table:
        kind = table.text(tags.MODALITY_LUT_TYPE)
        return Rescale(unit="" if kind == "US" else kind)
    slope, intercept = source.number(tags.RESCALE_SLOPE), source.number(tags.RESCALE_INTERCEPT)
    if slope is None or slope == 0 or intercept is None:
        return Rescale()
    if max(abs(slope), abs(intercept)) > LARGEST_FACTOR:
        source.mark_bad(tags.RESCALE_SLOPE)
        return Rescale()
    return Rescale(slope, intercept, _unit(source, top))


def _unit(source: Elements, top: Elements) -> str:
    """HU for a CT that doesn't say otherwise (PS3.3 C.8.2.1.1.2); US means unspecified."""
    kind = source.text(tags.RESCALE_TYPE)
    if kind and kind != "US":
        return kind
    modality = top.text(tags.MODALITY)
    if modality == "PT":
        return top.text(tags.UNITS)
    is_localiser = "LOCALIZER" in top.text(tags.IMAGE_TYPE).upper()
    return "HU" if modality == "CT" and not is_localiser and not kind else ""
