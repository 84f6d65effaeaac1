"""One image of a stack, decoded, with what is needed to show it."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from medviewer.core.auto_window import auto_window
from medviewer.core.errors import CannotDecode
from medviewer.core.geometry import Geometry
from medviewer.core.study import ImageRef, Tile
from medviewer.core.voi import Padding, Voi, Window, is_padding, padding_range, windows_among
from medviewer.core.volume import Rescale
from medviewer.dicom import tags
from medviewer.dicom.display.colour_samples import rgb_of
from medviewer.dicom.display.lut import Supplement, modality_lut, supplemental_palette
from medviewer.dicom.display.overlay_planes import OverlayPlane, overlay_planes
from medviewer.dicom.display.projection_view import NO_VIEW, View, view_of
from medviewer.dicom.display.shutter import Shutter, shutter_of
from medviewer.dicom.display.spacing import Spacing, Where, display_spacing
from medviewer.dicom.display.ultrasound import UltrasoundRegion, common_spacing, ultrasound_regions
from medviewer.dicom.elements import Elements
from medviewer.dicom.header import Header
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.image_plane import is_length
from medviewer.dicom.placement import FrameFacts, frame_facts
from medviewer.dicom.sources.files import Archives
from medviewer.dicom.stack_geometry import slice_geometry
from medviewer.dicom.values import frame_rescale, is_inverted, padding_of, voi_of

NOMINAL_THICKNESS_MM = 1.0
"""Depth of a single image's grid when the file doesn't say how thick the slice is."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A single image.

    pixels : stored values ``[j, i]`` in their own dtype, or what the file's modality table makes of them, or
        ``[j, i, 3]`` uint8 RGB (palettes applied).
    voi : windows and tables over real-world values that the file suggests, best first.
    inverted : low values are bright (MONOCHROME1). padding : stored value of empty pixels; padding_limit : the other
        end where it is a range. empty : where there is padding, for images whose values went through a table.
    geometry : of shape (1, rows, columns), or None when the image doesn't say where it lies.
    stored_bits : BitsStored. supplement : colours of the highest stored values, or None.
    spacing : how far apart pixels lie and where that holds, or None. regions : calibrated parts of an ultrasound image.
    overlays : planes drawn over it. shutter : what may be seen of it, or None for all. view : how it looks at the body.
    missing : what of the pixels isn't in the file, in words without a full stop, or None.
    through_table : whether the pixels went through the file's modality table.
    """

    pixels: NDArray[np.generic]
    rescale: Rescale
    voi: tuple[Voi, ...]
    inverted: bool
    padding: int | None
    spacing: Spacing | None
    geometry: Geometry | None
    stored_bits: int = 16
    padding_limit: int | None = None
    empty: NDArray[np.bool_] | None = None
    supplement: Supplement | None = None
    regions: tuple[UltrasoundRegion, ...] = ()
    overlays: tuple[OverlayPlane, ...] = ()
    shutter: Shutter | None = None
    view: View = NO_VIEW
    missing: str | None = None
    through_table: bool = False

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """Between rows, between columns, wherever that holds; only their ratio where no more is known."""
        return (self.spacing.rows, self.spacing.columns) if self.spacing is not None else None

    @property
    def is_colour(self) -> bool:
        """Whether the pixels are RGB."""
        return self.pixels.ndim == 3

    @property
    def windows(self) -> tuple[tuple[float, float], ...]:
        """(centre, width) in real-world values, best first; of the first table's range when the file has only tables."""
        return windows_among(self.voi)

    @property
    def padding_range(self) -> Padding:
        """All stored values that hold nothing."""
        return padding_range(self.padding, self.padding_limit)

    @property
    def real_values(self) -> NDArray[np.float32]:
        """Rescaled values ``[j, i]`` float32; for images that aren't colour."""
        return np.asarray(self.pixels.astype(np.float32) * np.float32(self.rescale.slope) + np.float32(self.rescale.intercept))


@dataclass(frozen=True, slots=True, eq=False)
class ImageExtras:
    """What an image's file draws over it and hides of it."""

    overlays: tuple[OverlayPlane, ...] = ()
    shutter: Shutter | None = None


def found_window(image: DecodedImage) -> Window:
    """A window for an image in grey whose file suggests none.

    Brightnesses (8 bits or fewer, unsigned, not rescaled) are shown as they are; of measurements, what most lie in.
    """
    rescale = image.rescale
    plain = (rescale.slope, rescale.intercept, rescale.unit) == (1, 0, "") and image.pixels.dtype.kind == "u"
    if plain and image.stored_bits <= 8:
        return Window.between(0, (1 << image.stored_bits) - 1)
    pixels = image.pixels if image.empty is None else image.pixels[~image.empty][None]
    return auto_window(pixels, rescale, image.padding_range)


class ImageReader:
    """Decodes images one after the other. Keeps the last file open, and what is the same for all of its images.

    archives : keeps ZIPs open, over the life of this reader where none are given. Not for several threads.
    """

    def __init__(self, archives: Archives | None = None) -> None:
        self._archives, self._own = archives or Archives(), archives is None
        self._file: ImageFile | None = None
        self._facts: list[FrameFacts] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def read(self, ref: ImageRef) -> DecodedImage:
        """Decode one image. Raises `CannotDecode`."""
        file = self._opened(ref)
        return _image(file, ref.frame, self._facts[ref.frame - 1], ref.tile)

    def header(self, ref: ImageRef) -> Header:
        """The header of an image's file. Raises `CannotDecode`."""
        return self._opened(ref).header

    def extras(self, ref: ImageRef) -> ImageExtras:
        """What lies over an image and hides it, mostly without decoding it. Raises `CannotDecode`."""
        file = self._opened(ref)
        return _extras(file, ref.frame, self._facts[ref.frame - 1]) if ref.tile is None else ImageExtras()

    def _opened(self, ref: ImageRef) -> ImageFile:
        file = self._file
        if file is None or file.location != ref.file:
            self._let_go()
            file = self._file = ImageFile(ref.file, self._archives)
            self._facts = frame_facts(file.header.elements, file.count)
        if not 1 <= ref.frame <= len(self._facts):
            raise CannotDecode(str(ref.file), f"it has {len(self._facts)} images and not the one asked for, number {ref.frame}")
        return file

    def close(self) -> None:
        """Close what is open."""
        self._let_go()
        if self._own:
            self._archives.close()

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def read_image(ref: ImageRef, archives: Archives | None = None) -> DecodedImage:
    """Decode one image; `ImageReader` is for many. Raises `CannotDecode`."""
    with ImageReader(archives) as reader:
        return reader.read(ref)


def _image(file: ImageFile, frame: int, facts: FrameFacts, tile: Tile | None) -> DecodedImage:
    elements, form = file.header.elements, file.form
    pixels, missing = file.shown(frame) if tile is None else (file.stored_tile(frame, tile), None)
    geometry = _geometry(elements, facts, (form.rows, form.columns)) if tile is None else None
    regions = ultrasound_regions(elements)
    spacing = _spacing(elements, facts, regions)
    extras = _extras(file, frame, facts) if tile is None else ImageExtras()
    rgb = rgb_of(pixels, form, elements)
    if rgb is not None:
        return DecodedImage(
            rgb,
            Rescale(),
            (),
            False,
            None,
            spacing,
            geometry,
            form.stored,
            regions=regions,
            overlays=extras.overlays,
            shutter=extras.shutter,
            view=view_of(elements),
            missing=missing,
        )
    padding, limit = padding_of(elements, signed=form.signed)
    table = modality_lut(elements, form.signed)
    return DecodedImage(
        pixels=pixels if table is None else table.apply(pixels),
        rescale=frame_rescale(elements, frame),
        voi=voi_of(elements, frame, signed=form.signed),
        inverted=is_inverted(elements),
        padding=padding if table is None else None,
        spacing=spacing,
        geometry=geometry,
        stored_bits=form.stored if table is None else table.bits,
        through_table=table is not None,
        padding_limit=limit if table is None else None,
        empty=is_padding(pixels, padding_range(padding, limit)) if table is not None else None,
        supplement=supplemental_palette(elements, form.photometric, signed=form.signed) if table is None else None,
        regions=regions,
        overlays=extras.overlays,
        shutter=extras.shutter,
        view=view_of(elements),
        missing=missing,
    )


def _extras(file: ImageFile, frame: int, facts: FrameFacts) -> ImageExtras:
    elements, shape = file.header.elements, (file.form.rows, file.form.columns)
    spacing = _spacing(elements, facts, ())
    shutter = shutter_of(elements, frame, shape, (spacing.rows, spacing.columns) if spacing else None)
    return ImageExtras(overlay_planes(file, frame), shutter)


def _spacing(elements: Elements, facts: FrameFacts, regions: tuple[UltrasoundRegion, ...]) -> Spacing | None:
    """Of the frame, else of the calibrated regions of an ultrasound image where they agree."""
    common = common_spacing(regions)
    if common is not None and facts.spacing is None:
        return Spacing(*common, Where.REGION, "Distances hold within the calibrated regions of the image.")
    placed = facts.orientation is not None
    return display_spacing(elements, facts.spacing, in_patient=facts.spacing_is_in_patient, placed=placed)


def _geometry(elements: Elements, facts: FrameFacts, shape: tuple[int, int]) -> Geometry | None:
    if not (facts.position and facts.orientation and facts.spacing and facts.spacing_is_in_patient):
        return None
    stated = abs(elements.number(tags.SLICE_THICKNESS) or 0.0)
    thickness = stated if is_length(stated) else NOMINAL_THICKNESS_MM
    uid = elements.text(tags.FRAME_OF_REFERENCE_UID) or None
    return slice_geometry(np.asarray(facts.position), facts.orientation, facts.spacing, shape, thickness, uid)
