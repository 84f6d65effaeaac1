"""Series as pictures: one PNG a slice, windowed as its file suggests."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.core.voi import Window, grey8, is_padding
from medviewer.core.volume import Volume


def write_slices(volume: Volume, base: Path, unread: Collection[int]) -> list[Path]:
    """The slices of a volume but the unread ones, as ``NAME-0001.png`` and on."""
    read = (k for k in range(len(volume.stored)) if k not in unread)
    return [_write_png(base.with_name(f"{base.name}-{k + 1:04d}.png"), _shown(volume, k)) for k in read]


def write_images(stack: Stack, base: Path, progress: Progress, files: list[Path]) -> list[tuple[str, str]]:
    """Images of a stack that makes no volume, adding each file as it is there; returns those that can't be decoded."""
    from medviewer.dicom.frames import ImageReader
    from medviewer.dicom.thumbnails import displayed

    failed = []
    with ImageReader() as reader:
        for number, ref in enumerate(progress.each(stack.images, len(stack.images), "Writing pictures"), start=1):
            try:
                image = reader.read(ref)
            except CannotDecode as error:
                failed.append((str(ref.file), error.why))
                continue
            if image.missing is not None:
                failed.append((str(ref.file), image.missing))
                continue
            files.append(_write_png(base.with_name(f"{base.name}-{number:04d}.png"), displayed(image)))
    return failed


def _shown(volume: Volume, k: int) -> NDArray[np.uint8]:
    """A slice as the file suggests to show it, or over its whole range."""
    real = volume.real_slice(k)
    voi = volume.voi[0] if volume.voi else Window.between(float(real.min()), float(real.max()))
    return grey8(real, voi, inverted=volume.inverted, empty=is_padding(volume.stored[k], volume.padding_range))


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> Path:
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG")
    return path
