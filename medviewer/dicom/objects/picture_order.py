"""In which order pictures of a video stream are shown: MPEG-2 (ISO 13818-2), H.264 (8.2.1) and H.265 (8.3.1).

Each reader is fed the units of a stream (what stands behind a start code) and says which begin a picture and where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.dicom.objects.bits import Bits, BitsEnd, unescaped


@dataclass(frozen=True, slots=True)
class Picture:
    """A coded picture. order : (sequence, place in it): pictures are shown in this order. key : decoding can begin here.

    second : it is the second field of the picture before it.
    """

    order: tuple[int, int]
    key: bool
    second: bool = False


class _Counter:
    """A count of which a stream gives the low bits only, relative to the last one that others are predicted from."""

    def __init__(self) -> None:
        self.high = self.low = 0

    def full(self, low: int, period: int) -> tuple[int, int]:
        """The high part and the whole count."""
        high = self.high
        if low < self.low and self.low - low >= period // 2:
            high += period
        elif low > self.low and low - self.low > period // 2:
            high -= period
        return high, high + low

    def remember(self, high: int, low: int) -> None:
        self.high, self.low = high, low


class Mpeg2Order:
    """By temporal references, which begin anew with each group of pictures."""

    def __init__(self) -> None:
        self._sequence, self._count = 0, _Counter()
        self._field_of: tuple[int, int] | None = None
        self._last = (-1, -1)

    def take(self, unit: bytes) -> Picture | None:
        """A picture, when the unit begins one."""
        if unit[:1] == b"\xb8":
            self._sequence, self._count = self._sequence + 1, _Counter()
            return None
        if unit[:1] == b"\xb5" and len(unit) > 3 and unit[1] >> 4 == 8 and self._field_of is None:
            self._field_of = self._last if unit[3] & 3 in (1, 2) else None  # picture_structure: a field that waits for its other
            return None
        if unit[:1] != b"\0" or len(unit) < 3:
            return None
        low, kind = unit[1] << 2 | unit[2] >> 6, (unit[2] >> 3) & 7
        high, count = self._count.full(low, 1024)
        order = (self._sequence, count)
        second = order == self._field_of
        self._last, self._field_of = (-1, -1) if second else order, None
        if kind != 3:
            self._count.remember(high, low)
        return Picture(order, kind == 1, second)

    @staticmethod
    def leads(unit: bytes) -> bool:
        """Whether a unit stands before the picture it belongs to."""
        return unit[:1] in (b"\xb3", b"\xb8", b"\0")


class H264Order:
    """By picture order counts; streams that have none are shown as they are coded."""

    def __init__(self) -> None:
        self._sets: dict[int, tuple[int, int, bool, bool]] = {}
        self._pictures: dict[int, int] = {}
        self._sequence, self._coded, self._count = 0, 0, _Counter()
        self._field: tuple[int, bool] | None = None

    def take(self, unit: bytes) -> Picture | None:
        """A picture, when the unit is its first slice."""
        kind = unit[0] & 31 if unit else 0
        try:
            if kind == 7:
                self._sequence_set(Bits(unescaped(unit[4:])), unit[1] if len(unit) > 1 else 0)
            elif kind == 8:
                bits = Bits(unescaped(unit[1:]))
                self._pictures[bits.ue()] = bits.ue()
            elif kind in (1, 5) and len(unit) > 1 and unit[1] & 0x80:
                return self._slice(Bits(unescaped(unit[1:])), kind == 5, bool(unit[0] & 0x60))
        except BitsEnd:
            return None
        return None

    @staticmethod
    def leads(unit: bytes) -> bool:
        """Whether a unit stands before the picture it belongs to."""
        kind = unit[0] & 31 if unit else 0
        return kind in (6, 7, 8, 9, 14, 15, 16, 17, 18) or (kind in (1, 5) and len(unit) > 1 and bool(unit[1] & 0x80))

    def _sequence_set(self, bits: Bits, profile: int) -> None:
        number, planes = bits.ue(), False
        if profile in (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135):
            chroma = bits.ue()
            planes = chroma == 3 and bool(bits.take(1))
            bits.ue(), bits.ue(), bits.take(1)
            if bits.take(1):
                for n in range(12 if chroma == 3 else 8):
                    if bits.take(1):
                        _skip_scaling(bits, 16 if n < 6 else 64)
        frame_bits, kind, order_bits = bits.ue() + 4, bits.ue(), 0
        if kind == 0:
            order_bits = bits.ue() + 4
        elif kind == 1:
            bits.take(1), bits.se(), bits.se()
            for _ in range(min(bits.ue(), 255)):
                bits.se()
        bits.ue(), bits.take(1), bits.ue(), bits.ue()
        frames_only = bool(bits.take(1))
        self._sets[number] = frame_bits, order_bits, frames_only, planes

    def _slice(self, bits: Bits, fresh: bool, is_reference: bool) -> Picture:
        bits.ue(), bits.ue()
        found = self._sets.get(self._pictures.get(bits.ue(), -1))
        self._coded += 1
        if fresh and self._field is None:
            self._sequence, self._count = self._sequence + 1, _Counter()
        if found is None:
            return Picture((self._sequence, self._coded), fresh)
        frame_bits, order_bits, frames_only, planes = found
        if planes:
            bits.take(2)
        frame = bits.take(frame_bits)
        field = bottom = False
        if not frames_only:
            field = bool(bits.take(1))
            bottom = field and bool(bits.take(1))
        second = field and self._field == (frame, not bottom)
        self._field = (frame, bottom) if field and not second else None
        if fresh:
            bits.ue()
        if not order_bits:
            return Picture((self._sequence, self._coded), fresh, second)
        low = bits.take(order_bits)
        high, count = self._count.full(low, 1 << order_bits)
        if is_reference and not bottom:
            self._count.remember(high, low)
        return Picture((self._sequence, count), fresh, second)


class H265Order:
    """By picture order counts."""

    def __init__(self) -> None:
        self._sets: dict[int, tuple[int, bool]] = {}
        self._pictures: dict[int, tuple[int, bool, int]] = {}
        self._sequence, self._coded, self._count, self._begins = 0, 0, _Counter(), True

    def take(self, unit: bytes) -> Picture | None:
        """A picture, when the unit is its first slice segment."""
        kind = (unit[0] >> 1) & 63 if unit else 63
        try:
            if kind == 33:
                self._sequence_set(Bits(unescaped(unit[2:])))
            elif kind == 34:
                bits = Bits(unescaped(unit[2:]))
                number, of = bits.ue(), bits.ue()
                bits.take(1)
                self._pictures[number] = of, bool(bits.take(1)), bits.take(3)
            elif kind == 36:
                self._begins = True
            elif kind < 32 and len(unit) > 2 and unit[2] & 0x80:
                return self._slice(Bits(unescaped(unit[2:])), kind, (unit[1] & 7) - 1)
        except BitsEnd:
            return None
        return None

    @staticmethod
    def leads(unit: bytes) -> bool:
        """Whether a unit stands before the picture it belongs to."""
        kind = (unit[0] >> 1) & 63 if unit else 63
        first = kind < 32 and len(unit) > 2 and bool(unit[2] & 0x80)
        return first or kind in (32, 33, 34, 35, 39, 41, 42, 43, 44) or 48 <= kind <= 55

    def _sequence_set(self, bits: Bits) -> None:
        bits.take(4)
        layers = bits.take(3)
        bits.take(1), bits.take(96)
        present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
        if layers:
            bits.take(2 * (8 - layers))
        for profile, level in present:
            bits.take(88 * profile + 8 * level)
        number = bits.ue()
        planes = bits.ue() == 3 and bool(bits.take(1))
        bits.ue(), bits.ue()
        if bits.take(1):
            for _ in range(4):
                bits.ue()
        bits.ue(), bits.ue()
        self._sets[number] = bits.ue() + 4, planes

    def _slice(self, bits: Bits, kind: int, layer: int) -> Picture:
        bits.take(1)
        key = 16 <= kind <= 23
        if key:
            bits.take(1)
        of, has_output_flag, extra = self._pictures.get(bits.ue(), (-1, False, 0))
        order_bits, planes = self._sets.get(of, (0, False))
        self._coded += 1
        if kind in (16, 17, 18, 19, 20) or (key and self._begins):
            self._sequence, self._count = self._sequence + 1, _Counter()
        self._begins = False
        if not order_bits:
            return Picture((self._sequence, self._coded), key)
        bits.take(extra)
        bits.ue()
        bits.take(has_output_flag + 2 * planes)
        low = 0 if kind in (19, 20) else bits.take(order_bits)
        high, count = self._count.full(low, 1 << order_bits)
        if layer == 0 and not (kind <= 14 and kind % 2 == 0) and kind not in (6, 7, 8, 9):
            self._count.remember(high, low)
        return Picture((self._sequence, count), key)


def _skip_scaling(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last
