"""The bytes of a video for Qt's player, read where they lie; the player asks from a thread of its own."""

from __future__ import annotations

import logging

from PySide6.QtCore import QIODevice

from medviewer.dicom.objects.byte_pieces import Bytes
from medviewer.dicom.sources.files import ZIP_ERRORS

log = logging.getLogger(__name__)


class VideoDevice(QIODevice):
    """Reads a video's bytes; nothing is copied beforehand and nothing is written."""

    def __init__(self, content: Bytes) -> None:
        super().__init__()
        self._content = content
        self.open(QIODevice.OpenModeFlag.ReadOnly | QIODevice.OpenModeFlag.Unbuffered)

    def isSequential(self) -> bool:
        """Any place can be read."""
        return False

    def size(self) -> int:
        """All bytes."""
        return self._content.size

    def readData(self, maxlen: int) -> object:
        """Bytes at the present place; an error is an end."""
        try:
            return self._content.read(self.pos(), maxlen)
        except (OSError, ValueError, *ZIP_ERRORS) as error:
            log.info("A video ends early: %s", type(error).__name__)
            return b""

    def writeData(self, data: bytes | bytearray | memoryview[int], length: int) -> int:
        """Never."""
        del data, length
        return -1
