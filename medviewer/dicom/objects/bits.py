"""Bits of video headers, as MPEG writes them."""

from __future__ import annotations


class BitsEnd(Exception):
    """A header is shorter than it should be."""


class Bits:
    """Reads bits from the most significant one on. Raises `BitsEnd`."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """An unsigned number of that many bits."""
        if count > self._left:
            raise BitsEnd
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        """An unsigned Exp-Golomb number (ITU-T H.264 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise BitsEnd
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb number."""
        number = self.ue()
        return (number + 1) // 2 if number % 2 else -(number // 2)


def unescaped(data: bytes) -> bytes:
    """A NAL unit's bytes without the 3 after two zeros that keeps start codes out (H.264 7.4.1)."""
    return data.replace(b"\0\0\3", b"\0\0")
