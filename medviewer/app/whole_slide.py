"""Tiles of one file shown as the image they are tiles of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from medviewer.app.jobs import Jobs
from medviewer.app.stack_images import StackImages
from medviewer.core.study import ImageRef, Stack
from medviewer.dicom.frames import DecodedImage, ImageReader
from medviewer.dicom.tile_matrix import tile_matrix
from medviewer.dicom.whole_image import put_together

TILES_TOGETHER = "tiles-together"
"""Notice of a stack whose tiles can be put together."""


class WholeSlide(StackImages):
    """A stack of a single image, put together from the tiles of another stack."""

    def __init__(self, tiles: Stack, jobs: Jobs, on_image: Callable[[int], None]) -> None:
        super().__init__(replace(tiles, images=tiles.images[:1]), jobs, on_image)
        self._tiles = tuple(sorted(tiles.images, key=lambda ref: ref.frame))
        self._placed: tuple[tuple[ImageRef, tuple[int, int]], ...] = ()

    @property
    def tiles(self) -> tuple[tuple[ImageRef, tuple[int, int]], ...]:
        """The tiles and where they lie, once the image is there."""
        return self._placed

    def _read_one(self, reader: ImageReader, index: int) -> DecodedImage:
        del index
        header = reader.header(self._tiles[0])
        matrix = tile_matrix(header.elements, len(self._tiles))
        if matrix is None:
            return reader.read(self._tiles[0])
        image = put_together(reader, self._tiles, matrix)
        self._placed = tuple(zip(self._tiles, matrix.places, strict=True))
        return image


def stack_images(stack: Stack, jobs: Jobs, on_image: Callable[[int], None]) -> StackImages:
    """The images of a stack that makes no volume; tiles of one image as that image, where that can be held."""
    together = any(notice.code == TILES_TOGETHER for notice in stack.warnings) and len(stack.files) == 1
    return WholeSlide(stack, jobs, on_image) if together else StackImages(stack, jobs, on_image)
