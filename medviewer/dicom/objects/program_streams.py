"""The video inside MPEG-2 transport and program streams (ISO 13818-1), found without copying it.

Players seek in these by guessing from clock references, and land pictures away; the video alone, parted into
pictures, can be sought exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.progress import Progress
from medviewer.dicom.objects.byte_pieces import Bytes, Stretches

PACKET, CHUNK = 188, 188 << 14
CLOCK_HZ = 90_000
_PACK, _SYSTEM, _END = 0xBA, 0xBB, 0xB9


@dataclass(frozen=True, slots=True, eq=False)
class InnerVideo:
    """The video stream. times : when its units are to be shown, in ticks of 90 kHz, in no order; empty when none are given."""

    stream: Stretches
    times: NDArray[np.int64]


def in_transport_stream(source: Bytes, progress: Progress) -> InnerVideo | None:
    """The first video of a transport stream (2.4.3), None when there is none."""
    pid: int | None = None
    offsets: list[NDArray[np.int64]] = []
    lengths: list[NDArray[np.int64]] = []
    times: list[NDArray[np.int64]] = []
    for base in range(0, source.size, CHUNK):
        progress.report(base / source.size, "Looking for the pictures of the video")
        raw = np.frombuffer(source.read(base, CHUNK), np.uint8)
        packets = raw[: len(raw) // PACKET * PACKET].reshape(-1, PACKET).astype(np.int64)
        found = _video_packets(packets, pid)
        if found is None:
            continue
        pid, rows, begins, stamps = found
        offsets.append(base + rows * PACKET + begins)
        lengths.append(PACKET - begins)
        times.append(stamps)
    if pid is None:
        return None
    return InnerVideo(Stretches(source, np.concatenate(offsets), np.concatenate(lengths)), np.concatenate(times))


_Found = tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _video_packets(packets: NDArray[np.int64], pid: int | None) -> _Found | None:
    """The video's number, its packets, where in each the video's bytes begin, and the times they give."""
    pids = (packets[:, 1] & 0x1F) << 8 | packets[:, 2]
    control = packets[:, 3] >> 4 & 3
    begins = 4 + np.where(control & 2, 1 + packets[:, 4], 0)
    good = (packets[:, 0] == 0x47) & (control & 1 == 1) & (begins < PACKET)
    starts = good & (packets[:, 1] & 0x40 != 0) & (begins <= PACKET - 19)
    rows = np.flatnonzero(starts)
    head = packets[rows[:, None], begins[rows, None] + np.arange(19)]
    is_video = (head[:, 0] == 0) & (head[:, 1] == 0) & (head[:, 2] == 1) & (head[:, 3] >= 0xE0) & (head[:, 3] <= 0xEF)
    if pid is None:
        if not is_video.any():
            return None
        pid = int(pids[rows[is_video][0]])
    mine = is_video & (pids[rows] == pid)
    begins[rows[mine]] += 9 + head[mine, 8]
    kept = np.flatnonzero(good & (pids == pid) & (begins < PACKET))
    return pid, kept, begins[kept], _stamps(head[mine])


def _stamps(heads: NDArray[np.int64]) -> NDArray[np.int64]:
    """The presentation times of packet heads that have one (2.4.3.7)."""
    have = heads[heads[:, 7] & 0x80 != 0]
    return (have[:, 9] >> 1 & 7) << 30 | have[:, 10] << 22 | (have[:, 11] >> 1) << 15 | have[:, 12] << 7 | have[:, 13] >> 1


def in_program_stream(source: Bytes, progress: Progress) -> InnerVideo | None:
    """The video of a program stream (2.5.3), up to where it is damaged; None when there is none."""
    offsets: list[int] = []
    lengths: list[int] = []
    stamps: list[int] = []
    at = 0
    while at + 6 <= source.size:
        if len(offsets) % 1024 == 0:
            progress.report(at / source.size, "Looking for the pictures of the video")
        head = source.read(at, 32).ljust(32, b"\0")
        if head[:3] != b"\0\0\1" or head[3] == _END:
            break
        kind, size = head[3], 6 + (head[4] << 8 | head[5])
        if kind == _PACK:
            size = 14 + (head[13] & 7) if head[4] & 0xC0 == 0x40 else 12
        elif 0xE0 <= kind <= 0xEF:
            begin, stamp = _unit_head(head)
            offsets.append(at + begin)
            lengths.append(max(min(size, source.size - at) - begin, 0))
            stamps += stamp
        at += size
    if not offsets:
        return None
    stream = Stretches(source, np.array(offsets, np.int64), np.array(lengths, np.int64))
    return InnerVideo(stream, np.array(stamps, np.int64))


def _unit_head(head: bytes) -> tuple[int, list[int]]:
    """Where a unit's video begins, and its presentation time if it has one; MPEG-1's heads (ISO 11172-1 2.4.3.3) are other ones."""
    if head[6] & 0xC0 == 0x80:
        return 9 + head[8], _stamps(np.frombuffer(head[:19], np.uint8)[None].astype(np.int64)).tolist()
    at = 6
    while at < 22 and head[at] == 0xFF:
        at += 1
    at += 2 if head[at] & 0xC0 == 0x40 else 0
    if head[at] >> 4 not in (2, 3) or at + 5 > len(head):
        return at + 1, []
    fields = np.frombuffer(head, np.uint8)[at : at + 5].astype(np.int64)
    stamp = (fields[0] >> 1 & 7) << 30 | fields[1] << 22 | (fields[2] >> 1) << 15 | fields[3] << 7 | fields[4] >> 1
    return at + (10 if head[at] >> 4 == 3 else 5), [int(stamp)]


def rate_by_times(times: NDArray[np.int64], pictures: int) -> float | None:
    """Pictures a second as the presentation times say, None when they say nothing sensible."""
    if len(times) < 2 or len(times) > pictures:
        return None
    each = np.median(np.diff(np.sort(times)))
    rate = CLOCK_HZ / float(each) if each > 0 and len(times) == pictures else 0.0
    return rate if 0.5 < rate < 500 else None
