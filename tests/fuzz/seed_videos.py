"""Small sound videos, bare and in containers, and slides of tiles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.sequence import Sequence
from support.videos import bare_stream, program_stream, transport_stream

from .seed_images import COLUMNS, ROWS, Pair, common, compressed, dataset, native, pixels

_SYNTAXES = {"mpeg2": ".4.100", "h264": ".4.102", "h265": ".4.107"}


def videos() -> Iterator[Pair]:
    for codec in _SYNTAXES:
        stream = bare_stream(codec)
        yield f"video-{codec}.dcm", _video(codec, stream)
        units = [len(stream) * n // 6 for n in range(6)]
        times = [90_000 + 3000 * n for n in range(6)]
        yield f"video-{codec}-transport.dcm", _video(codec, transport_stream(stream, times, units))
        yield f"video-{codec}-program.dcm", _video(codec, program_stream(stream, times, units))
    yield "slide-full.dcm", _slide(sparse=False)
    yield "slide-sparse.dcm", _slide(sparse=True)


def _video(codec: str, stream: bytes) -> bytes:
    ds = pixels(common(f"video {codec} {len(stream)}", "77.1.1.1", "ES"), 8, samples=3, photometric="YBR_PARTIAL_420", NumberOfFrames=12)
    ds.Rows, ds.Columns, ds.CineRate, ds.FrameTime = 64, 96, 25, "40"
    return compressed(ds, [stream], _SYNTAXES[codec], table=False)


def _slide(*, sparse: bool) -> bytes:
    ds = pixels(common(f"slide {sparse}", "77.1.6", "SM"), 8, samples=3, NumberOfFrames=4)
    ds.ImageType, ds.DimensionOrganizationType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], "TILED_SPARSE" if sparse else "TILED_FULL"
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = 2 * COLUMNS - 3, 2 * ROWS - 1
    ds.SharedFunctionalGroupsSequence = Sequence([dataset(PixelMeasuresSequence=Sequence([dataset(PixelSpacing=[0.0005, 0.0005])]))])
    if sparse:
        places = [(1 + ROWS * (n // 2), 1 + COLUMNS * (n % 2)) for n in range(4)]
        ds.PerFrameFunctionalGroupsSequence = Sequence(
            [
                dataset(
                    PlanePositionSlideSequence=Sequence(
                        [dataset(RowPositionInTotalImagePixelMatrix=row, ColumnPositionInTotalImagePixelMatrix=column)]
                    )
                )
                for row, column in places
            ]
        )
    data = np.arange(4 * ROWS * COLUMNS * 3, dtype=np.uint8)
    return native(ds, data.tobytes(), vr="OB")
