"""Decoding the tiles of one large image into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medviewer.core.errors import CannotDecode
from medviewer.core.study import ImageRef
from medviewer.dicom.frames import DecodedImage, ImageReader
from medviewer.dicom.tile_matrix import TileMatrix


def put_together(reader: ImageReader, refs: tuple[ImageRef, ...], matrix: TileMatrix) -> DecodedImage:
    """The whole image, decoded tile by tile; black where there is none. Raises `CannotDecode`.

    refs : in the order of frames.
    """
    first = reader.read(refs[0])
    whole = np.zeros((matrix.rows, matrix.columns, *first.pixels.shape[2:]), first.pixels.dtype)
    for ref, (row, column) in zip(refs, matrix.places, strict=True):
        tile = first.pixels if ref is refs[0] else reader.read(ref).pixels
        part = whole[row : row + tile.shape[0], column : column + tile.shape[1]]
        if tile.shape[2:] != part.shape[2:]:
            raise CannotDecode(str(ref.file), "its tiles are of different kinds")
        part[...] = tile[: part.shape[0], : part.shape[1]]
    return replace(first, pixels=whole, geometry=None, overlays=(), shutter=None)
