"""Single DICOM files that were compressed with gzip, as research folders hold them, read without unpacking them to disk."""

from __future__ import annotations

import zlib
from typing import IO

from medviewer.dicom.beginning import NotDicom, begin_of
from medviewer.dicom.inflating import GrowsTooFar, inflate

BEGINNING = 4096
_GZIP = 16 + zlib.MAX_WBITS


def inflated_gzip(file: IO[bytes], size: int) -> tuple[IO[bytes], int]:
    """The content of a gzip file in memory and its size, when that begins as DICOM does; else the file as it is.

    Of anything else, such as NIfTI, no more is inflated than its beginning. Raises ``zlib.error`` for damaged files,
    ``EOFError`` for ones that end too early or grow too far.
    """
    packed = file.read(BEGINNING)
    try:
        begin_of(zlib.decompressobj(_GZIP).decompress(packed, BEGINNING))
    except (zlib.error, NotDicom):
        file.seek(0)
        return file, size
    packed += file.read()
    file.close()
    inflater = zlib.decompressobj(_GZIP)
    try:
        stream = inflate(packed, inflater)
    except GrowsTooFar as error:
        raise EOFError(str(error)) from error
    if not inflater.eof:
        raise EOFError("its compressed content ends too early")
    return stream, stream.getbuffer().nbytes
