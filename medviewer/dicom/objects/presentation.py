"""Softcopy presentation states (PS3.3 A.33): what they say about grey, place and drawings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import ImageKey
from medviewer.core.presentation import Cover, DisplayedArea, Images, PresentationState
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.core.voi import LookUpTable, Voi, VoiFunction, Window
from medviewer.core.volume import Rescale
from medviewer.dicom.display.shutter import shutter_of
from medviewer.dicom.header import read_header
from medviewer.dicom.objects.datasets import BAD_VALUES, BadValue, in_brackets, item, items, numbers, read_dataset, text
from medviewer.dicom.objects.presentation_graphics import read_graphics
from medviewer.dicom.sources.files import Archives

_NOT_APPLIED = {
    "1.2.840.10008.5.1.4.1.1.11.2": "It is for colour images: their place and the drawings are shown as it says, their colours as stored.",
    "1.2.840.10008.5.1.4.1.1.11.3": "It asks for pseudo-colour; the images stay grey, everything else is as it says.",
    "1.2.840.10008.5.1.4.1.1.11.4": "It blends two series; only what it says about place and drawings is applied.",
    "1.2.840.10008.5.1.4.1.1.11.5": "It is for angiography (mask subtraction); the mask is not subtracted.",
    "1.2.840.10008.5.1.4.1.1.11.6": "It arranges volumes, which is not applied.",
}


def read_presentation(location: FileLocation, progress: Progress) -> PresentationState:
    """One presentation state. Raises `CannotDecode`."""
    progress.report(0.0, "Reading the presentation state")
    ds = read_dataset(location)
    try:
        return _state(ds, location)
    except BAD_VALUES as error:
        raise CannotDecode(str(location), f"a part of the presentation state can't be read{in_brackets(error)}", "damaged") from error


def _state(ds: Dataset, location: FileLocation) -> PresentationState:
    sop_class = str(ds.SOPClassUID)
    table = item(ds, "PresentationLUTSequence")
    graphics, lost = read_graphics(ds)
    voi = tuple((images_of(part), found) for part in items(ds, "SoftcopyVOILUTSequence") if (found := _voi(part)) is not None)
    areas = tuple((images_of(part), _area(part)) for part in items(ds, "DisplayedAreaSelectionSequence"))
    cover = _cover(location) if text(ds, "ShutterShape") else None
    rotation = int(next(iter(numbers(ds, "ImageRotation")), 0)) % 360
    flipped = text(ds, "ImageHorizontalFlip").upper() == "Y"
    remarks = [_NOT_APPLIED[sop_class]] if sop_class in _NOT_APPLIED else []
    if lost:
        remarks.append(f"{lost} of its drawings can't be read and {'is' if lost == 1 else 'are'} not shown.")
    inverted = text(ds, "PresentationLUTShape").upper() == "INVERSE"
    state = PresentationState(
        title=text(ds, "ContentDescription") or text(ds, "ContentLabel"),
        images=frozenset(key for series in items(ds, "ReferencedSeriesSequence") for key in images_of(series)),
        modality=_modality(ds),
        voi=voi,
        table=table_of(table) if table is not None else None,
        inverted=inverted,
        areas=areas,
        rotation_deg=rotation,
        flipped=flipped,
        cover=cover,
        graphics=graphics,
        remarks=tuple(remarks),
    )
    if rotation not in (0, 90, 180, 270):
        raise BadValue(f"ImageRotation is {rotation}")
    return state


def images_of(part: Dataset) -> Images:
    """The images an item names; empty for all."""
    found: set[ImageKey] = set()
    for reference in items(part, "ReferencedImageSequence"):
        frames = [int(n) for n in numbers(reference, "ReferencedFrameNumber")] or [0]
        found |= {(text(reference, "ReferencedSOPInstanceUID"), frame) for frame in frames}
    return frozenset(found)


def _modality(ds: Dataset) -> LookUpTable | Rescale | None:
    part = item(ds, "ModalityLUTSequence")
    if part is not None:
        return table_of(part)
    slope, intercept = numbers(ds, "RescaleSlope"), numbers(ds, "RescaleIntercept")
    return Rescale(slope[0], intercept[0]) if slope and intercept and slope[0] else None


def _voi(part: Dataset) -> Voi | None:
    table = item(part, "VOILUTSequence")
    if table is not None:
        return table_of(table)
    centres, widths = numbers(part, "WindowCenter"), numbers(part, "WindowWidth")
    if not centres or not widths or widths[0] <= 0:
        return None
    name = text(part, "VOILUTFunction").upper()
    function = VoiFunction(name) if name in {known.value for known in VoiFunction} else VoiFunction.LINEAR
    return Window(centres[0], widths[0], function)


def table_of(part: Dataset) -> LookUpTable:
    """A look-up table (PS3.3 C.11.1.1). Raises ``ValueError`` where it has too few entries."""
    described = [int(n) for n in numbers(part, "LUTDescriptor")]
    data = part.get("LUTData")
    if len(described) != 3 or data is None:
        raise BadValue("a look-up table has no descriptor or no data")
    count, first, bits = described[0] or 1 << 16, described[1], described[2]
    if isinstance(data, bytes):
        values = np.frombuffer(data, "<u2") if len(data) >= 2 * count else np.frombuffer(data, np.uint8).astype(np.uint16)
    else:
        values = np.array([int(n) & 0xFFFF for n in np.atleast_1d(data)], np.uint16)
        if len(values) < count <= 2 * len(values):  # entries of eight bits, two in a word
            values = values.astype("<u2").view(np.uint8).astype(np.uint16)
    if len(values) < count:
        raise BadValue(f"a look-up table declares {count} entries and has {len(values)}")
    return LookUpTable(first, values[:count].astype(np.uint16), bits, text(part, "LUTExplanation"))


def _area(part: Dataset) -> DisplayedArea:
    """Corners are pixels counted from 1, in the image as stored; whichever is top left after turning, both ends count."""
    one = [int(n) for n in numbers(part, "DisplayedAreaTopLeftHandCorner")]
    other = [int(n) for n in numbers(part, "DisplayedAreaBottomRightHandCorner")]
    if len(one) != 2 or len(other) != 2:
        raise BadValue("the displayed area has no corners")
    spacing, ratio = numbers(part, "PresentationPixelSpacing"), numbers(part, "PresentationPixelAspectRatio")
    known = spacing if len(spacing) == 2 else ratio
    aspect = known[0] / known[1] if len(known) == 2 and min(known) > 0 else None
    (left, right), (top, bottom) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    magnification = next(iter(numbers(part, "PresentationPixelMagnificationRatio")), None)
    mode = text(part, "PresentationSizeMode").upper() or "SCALE TO FIT"
    column_mm = spacing[1] if len(spacing) == 2 and spacing[1] > 0 else None
    return DisplayedArea(left - 1, top - 1, right, bottom, mode, aspect, magnification, column_mm)


def _cover(location: FileLocation) -> Cover:
    """The state's shutter, which takes the place of the image's own."""
    with Archives() as archives:
        stream, size = archives.open(location)
        with stream:
            elements = read_header(stream, size).elements

    def cover(shape: tuple[int, int], spacing: tuple[float, float] | None) -> tuple[NDArray[np.bool_], int] | None:
        shutter = shutter_of(elements, 1, shape, spacing)
        return (shutter.open, shutter.grey) if shutter is not None else None

    return cover
