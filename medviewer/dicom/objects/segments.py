"""What the segments of a Segmentation are called and how they are coloured, leniently."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.codes import Code
from medviewer.core.segmentation import Algorithm, Segment
from medviewer.dicom.objects.coded import code_of, side_of
from medviewer.dicom.objects.colour import rgb_of_cielab
from medviewer.dicom.objects.datasets import item, items, text

UNKNOWN_CODE = Code("", "", "not said")


def distinct_colour(number: int) -> tuple[int, int, int]:
    """A colour for things the file gives none, each far from the ones before it: steps of the golden angle round the hues."""
    hue = (0.02 + number * 0.618034) % 1
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.72 if number % 2 else 0.55, 0.98)
    return round(red * 255), round(green * 255), round(blue * 255)


def read_segments(ds: Dataset) -> dict[int, Segment]:
    """Segments by number, background (0 of label maps) left out. A segment lacks nothing but its number to be shown."""
    palette = _palette(ds)
    found = {}
    for part in items(ds, "SegmentSequence"):
        number = int(part.get("SegmentNumber") or 0)
        if number > 0:
            found[number] = _segment(part, number, palette)
    return found


def tracking_ids(ds: Dataset) -> dict[int, str]:
    """Tracking ID of the segments that have one."""
    named = {int(part.get("SegmentNumber") or 0): text(part, "TrackingID") for part in items(ds, "SegmentSequence")}
    return {number: name for number, name in named.items() if name}


def automatic_segments(ds: Dataset) -> frozenset[int]:
    """Numbers of the segments that an algorithm made by itself (PS3.3 C.8.20.2.3)."""
    return frozenset(
        int(part.get("SegmentNumber") or 0) for part in items(ds, "SegmentSequence") if text(part, "SegmentAlgorithmType") == "AUTOMATIC"
    )


def _segment(part: Dataset, number: int, palette: NDArray[np.uint8] | None) -> Segment:
    kind, category = item(part, "SegmentedPropertyTypeCodeSequence"), item(part, "SegmentedPropertyCategoryCodeSequence")
    modifiers = items(kind, "SegmentedPropertyTypeModifierCodeSequence")
    sides = [side for modifier in modifiers if (side := side_of(_code(modifier)))]
    return Segment(
        value=number,
        name=text(part, "SegmentLabel"),
        code=_code(kind),
        colour=_colour(part, number, palette),
        category=_code(category),
        side=sides[0] if sides else None,
        algorithm=_algorithm(part),
    )


def _code(part: Dataset | None) -> Code:
    try:
        return code_of(part) if part is not None else UNKNOWN_CODE
    except AttributeError:
        return UNKNOWN_CODE


def _algorithm(part: Dataset) -> Algorithm | None:
    known = item(part, "SegmentationAlgorithmIdentificationSequence")
    name = text(known, "AlgorithmName") or text(part, "SegmentAlgorithmName")
    return Algorithm("", text(known, "AlgorithmVersion"), "", name) if name else None


def _colour(part: Dataset, number: int, palette: NDArray[np.uint8] | None) -> tuple[int, int, int]:
    stored = part.get("RecommendedDisplayCIELabValue")
    if stored is not None and len(stored) == 3:
        return rgb_of_cielab(stored)
    if palette is not None and number < len(palette):
        red, green, blue = (int(c) for c in palette[number])
        return red, green, blue
    return distinct_colour(number - 1)


def _palette(ds: Dataset) -> NDArray[np.uint8] | None:
    """Colours by label value of a PALETTE COLOR label map, (n, 3); entries of 16 bits use their upper eight."""
    if text(ds, "PhotometricInterpretation") != "PALETTE COLOR":
        return None
    channels = []
    for name in ("Red", "Green", "Blue"):
        descriptor = ds.get(f"{name}PaletteColorLookupTableDescriptor")
        data = ds.get(f"{name}PaletteColorLookupTableData")
        if descriptor is None or data is None:
            return None
        count, first, bits = (int(value) for value in descriptor)
        values = np.frombuffer(data, np.uint8 if bits == 8 else "<u2")[: count or 65536]
        eight = values.astype(np.uint8) if bits == 8 else (values >> 8).astype(np.uint8)
        channels.append(np.concatenate([np.zeros(max(first, 0), np.uint8), eight]))
    length = min(len(channel) for channel in channels)
    return np.column_stack([channel[:length] for channel in channels])
