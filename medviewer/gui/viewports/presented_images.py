"""Single images as a presentation state wants them shown."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QGuiApplication

from medviewer.core.geometry import Geometry
from medviewer.core.overlay import ImageKey
from medviewer.core.presentation import DisplayedArea, PresentationState
from medviewer.core.voi import LookUpTable
from medviewer.core.volume import Rescale
from medviewer.dicom.display.overlay_planes import OverlayPlane
from medviewer.dicom.display.shutter import Shutter
from medviewer.dicom.frames import DecodedImage
from medviewer.gui.viewports.images_source import ImagesSource
from medviewer.gui.viewports.source import Picture
from medviewer.imaging.arrangement import Arrangement, presented_voi, whole_range

Array = NDArray[np.generic]


class PresentedImages(ImagesSource):
    """Images through the presentation state the display has, where it is for them; as they are otherwise."""

    _made: tuple[Hashable, Picture, Arrangement] | None = None

    def state(self) -> PresentationState | None:
        """The state that holds for the image on display."""
        state = self._display.presentation
        return state if state is not None and state.is_for(self._image_key()) else None

    def key(self) -> Hashable:
        """The image, and the state that holds for it."""
        return super().key(), id(self.state())

    def picture(self) -> Picture | None:
        """The image, cut, turned and in the grey the state asks for."""
        state, image = self.state(), self._images.image(self._index)
        if state is None or image is None:
            return super().picture()
        key = self.key()
        if self._made is None or self._made[0] != key:
            plain = super().picture()
            assert plain is not None
            self._made = key, *_presented(plain, image, state, self._image_key())
        return self._made[1]

    def layer(self, array: Array, geometry: Geometry) -> Array | None:
        """A layer on the image's stored pixels, cut and turned as the image is."""
        plane, arrangement = super().layer(array, geometry), self.arrangement()
        return arrangement.array(plane) if plane is not None and arrangement is not None else plane

    def shown_points(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places on the stored pixels as places on the picture."""
        points, arrangement = super().shown_points(points_px), self.arrangement()
        return arrangement.points(points) if arrangement is not None else points

    def arrangement(self) -> Arrangement | None:
        """How the image is cut and turned, or None where it isn't."""
        self.picture()
        return self._made[2] if self._made is not None and self._made[0] == self.key() else None

    def _image_key(self) -> ImageKey:
        ref = self._images.stack.images[self._index]
        return ref.sop_instance_uid, ref.frame


def _presented(plain: Picture, image: DecodedImage, state: PresentationState, key: ImageKey) -> tuple[Picture, Arrangement]:
    picture = plain
    if not picture.is_colour:
        picture = presented_grey(picture, image, state, key)
    shape = (picture.pixels.shape[0], picture.pixels.shape[1])
    cover = state.cover(shape, image.spacing_mm) if state.cover is not None else None
    if cover is not None:
        picture = replace(picture, shutter=Shutter(*cover))
    area = state.area_for(key)
    if area is not None and area.aspect is not None and picture.frame is None and not picture.is_calibrated:
        picture = replace(picture, step=(1.0, area.aspect))
    if area is not None:
        picture = replace(picture, scale=_scale(area, picture.step[0], mm_known=picture.is_calibrated))
    arrangement = Arrangement.of(shape, area, state.rotation_deg, state.flipped)
    return (picture if arrangement.changes_nothing else _arranged(picture, arrangement)), arrangement


def _scale(area: DisplayedArea, step: float, *, mm_known: bool) -> float | None:
    """Screen pixels for a unit of the picture's step, or None to fit it (PS3.3 C.10.4, Presentation Size Mode)."""
    if area.mode == "MAGNIFY" and area.magnification and area.magnification > 0:
        return area.magnification / step
    screen = QGuiApplication.primaryScreen()
    wide = area.column_mm or (step if mm_known else None)
    if area.mode == "TRUE SIZE" and wide is not None and screen is not None and screen.physicalDotsPerInch() > 0:
        return screen.physicalDotsPerInch() / 25.4 * wide / step
    return None


def presented_grey(picture: Picture, image: DecodedImage, state: PresentationState, key: ImageKey) -> Picture:
    """Modality, values of interest and presentation in that order; polarity is the state's alone (PS3.4 N.2).

    Where a state names no modality or no values of interest, the standard means none; states that only draw or turn leave
    them out, so the image's own hold then.
    """
    pixels, rescale, bits = picture.pixels, picture.rescale or Rescale(), image.stored_bits
    if isinstance(state.modality, LookUpTable) and not image.through_table:
        pixels, rescale, bits = state.modality.apply(pixels), Rescale(), state.modality.bits
    elif isinstance(state.modality, Rescale) and not image.through_table:
        rescale = Rescale(state.modality.slope, state.modality.intercept, rescale.unit)
    voi = state.voi_for(key) or picture.voi
    low = high = 0.0
    if voi is None or state.table is not None:  # otherwise nobody asks for the ends, and large images are spared the search
        low, high = sorted(float(end) * rescale.slope + rescale.intercept for end in (pixels.min(), pixels.max()))
    shown = presented_voi(state, voi or whole_range(low, high, bits), low, high)
    return replace(picture, pixels=pixels, rescale=rescale, inverted=state.inverted, voi=shown, choices=(shown,), supplement=None)


def _arranged(picture: Picture, arrangement: Arrangement) -> Picture:
    inside = picture.inside if picture.inside is not None else np.ones(arrangement.shape, np.bool_)
    inside_now = arrangement.array(inside, False).astype(np.bool_, copy=False)
    shutter = picture.shutter
    if shutter is not None:
        shutter = Shutter(arrangement.array(shutter.open, True).astype(np.bool_, copy=False), shutter.grey)
    return replace(
        picture,
        pixels=np.ascontiguousarray(arrangement.array(picture.pixels)),
        frame=arrangement.frame(picture.frame) if picture.frame is not None else None,
        step=arrangement.step(picture.step),
        inside=None if inside_now.all() else inside_now,
        shutter=shutter,
        regions=() if arrangement.turns or arrangement.mirrored or arrangement.left or arrangement.top else picture.regions,
        view=replace(picture.view, rightward="", downward="") if arrangement.turns or arrangement.mirrored else picture.view,
        overlays=tuple(_arranged_plane(plane, arrangement) for plane in picture.overlays),
    )


def _arranged_plane(plane: OverlayPlane, arrangement: Arrangement) -> OverlayPlane:
    """An overlay plane as one over the whole arranged picture."""
    whole = np.zeros(arrangement.shape, np.bool_)
    rows, columns = np.nonzero(plane.bits)
    rows, columns = rows + plane.origin[0], columns + plane.origin[1]
    there = (rows >= 0) & (rows < arrangement.shape[0]) & (columns >= 0) & (columns < arrangement.shape[1])
    whole[rows[there], columns[there]] = True
    return replace(plane, bits=arrangement.array(whole, False).astype(np.bool_, copy=False), origin=(0, 0))
