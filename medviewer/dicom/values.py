"""What stored values mean: rescale to real-world values, and the windows that files suggest."""

from __future__ import annotations

from medviewer.core.volume import Rescale
from medviewer.dicom import tags
from medviewer.dicom.elements import Elements
from medviewer.dicom.placement import frame_groups, group_item

Windows = tuple[tuple[float, float], ...]


def rescale_of(elements: Elements, count: int) -> list[Rescale]:
    """The rescale of each frame (PS3.3 C.11.1, and C.7.6.16.2.9 for functional groups)."""
    if tags.PER_FRAME_GROUPS not in elements and tags.SHARED_GROUPS not in elements:
        return [_rescale(elements, elements)] * count
    found = []
    for own, shared in frame_groups(elements, count):
        group = group_item(tags.PIXEL_VALUE_TRANSFORMATION, own, shared)
        found.append(_rescale(group if group is not None else elements, elements))
    return found


def frame_rescale(elements: Elements, frame: int) -> Rescale:
    """The rescale of one frame, counted from 1."""
    own, shared = _groups_of(elements, frame)
    group = group_item(tags.PIXEL_VALUE_TRANSFORMATION, own, shared)
    return _rescale(group if group is not None else elements, elements)


def windows_of(elements: Elements, frame: int = 1) -> Windows:
    """(centre, width) pairs for a frame, as the file lists them; widths that can't be are left out."""
    own, shared = _groups_of(elements, frame)
    group = group_item(tags.FRAME_VOI_LUT, own, shared)
    source = group if group is not None else elements
    pairs = zip(source.floats(tags.WINDOW_CENTER), source.floats(tags.WINDOW_WIDTH), strict=False)
    return tuple((centre, width) for centre, width in pairs if width > 0)


def _groups_of(elements: Elements, frame: int) -> tuple[Elements | None, Elements | None]:
    per_frame = elements.items(tags.PER_FRAME_GROUPS)
    return (per_frame[frame - 1] if frame <= len(per_frame) else None), elements.item(tags.SHARED_GROUPS)


def _rescale(source: Elements, top: Elements) -> Rescale:
    slope, intercept = source.number(tags.RESCALE_SLOPE), source.number(tags.RESCALE_INTERCEPT)
    if slope is None or slope == 0 or intercept is None:
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
