"""Single images of DICOM files as a model of pictures takes them: one slice of brightness, as it is displayed."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.study import ImageRef, Stack
from medviewer.core.voi import is_padding
from medviewer.core.volume import Volume, VolumeSource
from medviewer.dicom.display.spacing import Where
from medviewer.dicom.frames import DecodedImage, found_window, read_image
from medviewer.imaging.picture_colour import brightness, is_colourful
from medviewer.imaging.picture_plane import picture_geometry, steps_of_letters
from medviewer.imaging.window import has_table

WHITE = 255


def read_dicom_picture(stack: Stack, ref: ImageRef) -> Volume:
    """Decode one image of a stack as a picture; raises `CannotDecode`, also for an image of which a part is missing."""
    image = read_image(ref)
    if image.missing:
        raise CannotDecode(str(ref.file), f"{image.missing}, and a model must not judge a part for the whole", "truncated")
    return picture_of(image, stack, ref)


def picture_of(image: DecodedImage, stack: Stack, ref: ImageRef) -> Volume:
    """An image as a volume of one slice in its own plane, ``[1, row, column]`` brightness 0..255 on the stored pixels.

    float32 (uint8 of images in colour), shown as its file suggests: modality, values of interest, polarity, padding and
    what a shutter covers. Patient Orientation turns the geometry, not the pixels (`imaging.picture_plane`).
    """
    if image.is_colour:
        rgb = image.pixels.view(np.uint8)
        grey: NDArray[np.uint8] | NDArray[np.float32] = brightness(rgb)
        colourful = is_colourful(rgb)
    else:
        grey, colourful = _as_shown(image), False
    if image.shutter is not None:
        grey = np.where(image.shutter.open, grey, grey.dtype.type(image.shutter.grey))
    spacing = image.spacing
    spacing_mm = (spacing.rows, spacing.columns) if spacing is not None and spacing.where is not Where.NOWHERE else None
    steps = steps_of_letters(image.view.rightward, image.view.downward)
    frames = Counter(other.sop_instance_uid for other in stack.images)[ref.sop_instance_uid]
    source = VolumeSource(
        path=str(ref.file),
        study_uid=stack.study_uid,
        series_uid=stack.series_uid,
        modality=stack.modality,
        body_part=stack.body_part,
        description=stack.description,
        sop_class_uid=stack.sop_class_uid,
        sop_instance_uids=(ref.sop_instance_uid,),
        frames=(ref.frame if frames > 1 or ref.frame > 1 else 0,),
        view=image.view.name,
        orientation=f"{image.view.rightward}\\{image.view.downward}" if image.view.rightward and image.view.downward else "",
        is_colourful=colourful,
    )
    return Volume(grey[None], picture_geometry((grey.shape[0], grey.shape[1]), steps, spacing_mm), source=source)


def _as_shown(image: DecodedImage) -> NDArray[np.float32]:
    """Brightness 0..255 in the standard's order (PS3.3 C.11.1, C.11.2), not rounded; padding is black either way."""
    pixels = image.pixels
    if has_table(pixels.dtype) and pixels.size > 1 << (8 * pixels.dtype.itemsize):
        unsigned = np.arange(1 << (8 * pixels.dtype.itemsize), dtype=f"u{pixels.dtype.itemsize}")
        table = _shown(unsigned.view(pixels.dtype), image)
        grey = np.take(table, pixels.view(unsigned.dtype), mode="clip")
    else:
        grey = _shown(pixels, image)
    if image.empty is not None:
        grey[image.empty] = 0
    return grey


def _shown(stored: NDArray[np.generic], image: DecodedImage) -> NDArray[np.float32]:
    rescale = image.rescale
    real = stored.astype(np.float32) * np.float32(rescale.slope) + np.float32(rescale.intercept)
    voi = image.voi[0] if image.voi else found_window(image)
    grey = np.nan_to_num(voi.grey(real)) * np.float32(WHITE)
    if image.inverted:
        grey = WHITE - grey
    empty = is_padding(stored, image.padding_range)
    if empty is not None:
        grey[empty] = 0
    return np.asarray(grey, np.float32)
