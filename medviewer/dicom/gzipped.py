"""Single DICOM files that were compressed with gzip, as research folders hold them, read without unpacking them to disk."""

from __future__ import annotations

import io
import zlib
from typing import IO

from medviewer.dicom.beginning import NotDicom, begin_of

LARGEST_INFLATED = 1 << 30
BEGINNING = 4096
_GZIP = 16 + zlib.MAX_WBITS


def inflated_gzip(file: IO[bytes], size: int) -> tuple[IO[bytes], int]:
    """The content of a gzip file in memory and its size, when that begins as DICOM does; else the file as it is.

    Of anything else, such as NIfTI, no more is inflated than its beginning. Raises ``zlib.error`` for damaged files,
    ``EOFError`` for ones that end too early or grow beyond `LARGEST_INFLATED`.
    """
    inflate = zlib.decompressobj(_GZIP)
    packed = file.read(BEGINNING)
    try:
        data = inflate.decompress(packed, BEGINNING)
        begin_of(data)
    except (zlib.error, NotDicom):
        file.seek(0)
        return file, size
    packed = inflate.unconsumed_tail + file.read()
    file.close()
    data += inflate.decompress(packed, LARGEST_INFLATED)
    if inflate.unconsumed_tail:
        raise EOFError(f"its content grows beyond {LARGEST_INFLATED} bytes")
    if not inflate.eof:
        raise EOFError("its compressed content ends too early")
    return io.BytesIO(data), len(data)
