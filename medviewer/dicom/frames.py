"""One image of a stack, decoded, with what is needed to show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.study import ImageRef
from medviewer.core.volume import Rescale
from medviewer.dicom import tags
from medviewer.dicom.elements import Elements
from medviewer.dicom.files import Archives
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.lut import Lut, modality_lut, palette_rgb, voi_lut
from medviewer.dicom.placement import frame_facts
from medviewer.dicom.stack_geometry import slice_geometry
from medviewer.dicom.values import frame_rescale, windows_of

NOMINAL_THICKNESS_MM = 1.0
"""Depth of a single image's grid when the file doesn't say how thick the slice is."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A single image.

    pixels : stored values ``[j, i]`` in their own dtype, or ``[j, i, 3]`` uint8 RGB (palettes applied).
    windows : (centre, width) in real-world values, best first; from the VOI table's range when the file has only that.
    inverted : low values are bright (MONOCHROME1). padding : stored value of empty pixels.
    spacing_mm : between rows, between columns; at the detector where ``geometry`` is None.
    geometry : of shape (1, rows, columns), or None when the image doesn't say where it lies.
    voi : the file's VOI table over real-world values, or None.
    """

    pixels: NDArray[np.generic]
    rescale: Rescale
    windows: tuple[tuple[float, float], ...]
    inverted: bool
    padding: int | None
    spacing_mm: tuple[float, float] | None
    geometry: Geometry | None
    voi: Lut | None = None

    @property
    def is_colour(self) -> bool:
        """Whether the pixels are RGB."""
        return self.pixels.ndim == 3

    @property
    def real_values(self) -> NDArray[np.float32]:
        """Rescaled values ``[j, i]`` float32; for images that aren't colour."""
        return np.asarray(self.pixels.astype(np.float32) * np.float32(self.rescale.slope) + np.float32(self.rescale.intercept))


def read_image(ref: ImageRef, archives: Archives | None = None) -> DecodedImage:
    """Decode one image. ``archives`` keeps ZIPs open over many calls. Raises `CannotDecode`."""
    own = archives or Archives()
    try:
        with ImageFile(ref.file, own) as file:
            return _image(file, ref.frame)
    finally:
        if archives is None:
            own.close()


def _image(file: ImageFile, frame: int) -> DecodedImage:
    elements, form = file.header.elements, file.form
    pixels, rescale = _displayable(file, frame)
    if pixels.ndim == 2:
        pixels, rescale = _through_modality_lut(elements, pixels, rescale, signed=form.signed)
    table = voi_lut(elements, signed=form.signed or rescale.intercept < 0)
    windows = windows_of(elements, frame)
    facts = frame_facts(elements, file.count)[frame - 1]
    paddings = elements.shorts(tags.PIXEL_PADDING_VALUE, signed=form.signed)
    geometry = None
    if facts.position and facts.orientation and facts.spacing and facts.spacing_is_in_patient:
        thickness = elements.number(tags.SLICE_THICKNESS) or NOMINAL_THICKNESS_MM
        uid = elements.text(tags.FRAME_OF_REFERENCE_UID) or None
        shape = (form.rows, form.columns)
        geometry = slice_geometry(np.asarray(facts.position), facts.orientation, facts.spacing, shape, abs(thickness), uid)
    return DecodedImage(
        pixels=pixels,
        rescale=rescale,
        windows=windows or ((table.window,) if table is not None else ()),
        inverted=pixels.ndim == 2 and (form.photometric == "MONOCHROME1" or elements.text(tags.PRESENTATION_LUT_SHAPE) == "INVERSE"),
        padding=paddings[0] if paddings else None,
        spacing_mm=facts.spacing or _aspect(elements),
        geometry=geometry,
        voi=table,
    )


def _displayable(file: ImageFile, frame: int) -> tuple[NDArray[np.generic], Rescale]:
    """Stored values, or RGB uint8 for colour; palette images without a usable palette stay indices."""
    pixels = file.stored(frame)
    elements, form = file.header.elements, file.form
    if form.is_colour:
        return _eight_bits(pixels[..., :3], form.stored), Rescale()
    if form.photometric == "PALETTE COLOR":
        rgb = palette_rgb(elements, pixels)
        return (pixels if rgb is None else rgb), Rescale()
    return pixels, frame_rescale(elements, frame)


def _eight_bits(pixels: NDArray[np.generic], stored: int) -> NDArray[np.uint8]:
    if stored <= 8:
        return pixels.astype(np.uint8, copy=False)
    return np.right_shift(pixels, stored - 8).astype(np.uint8)


def _through_modality_lut(
    elements: Elements, pixels: NDArray[np.generic], rescale: Rescale, *, signed: bool
) -> tuple[NDArray[np.generic], Rescale]:
    table = modality_lut(elements, signed)
    return (pixels, rescale) if table is None else (table.apply(pixels), Rescale())


def _aspect(elements: Elements) -> tuple[float, float] | None:
    """Relative spacing of images that know only the shape of their pixels; None where those are square."""
    values = elements.floats(tags.PIXEL_ASPECT_RATIO)
    if len(values) == 2 and values[0] > 0 and values[1] > 0 and values[0] != values[1]:
        return values[0], values[1]
    return None
