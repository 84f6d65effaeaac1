"""When which frame is due, from what files say of their frames' times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.images import write_image

from medviewer.app.cine import Cine, stack_timing
from medviewer.core.progress import Progress
from medviewer.dicom.cine_timing import CineTiming, Playback
from medviewer.dicom.scan import scan


def timing(tmp_path: Path, frames: int = 5, **attributes: object) -> CineTiming:
    path = write_image(tmp_path / "clip.dcm", np.zeros((frames, 8, 8), np.uint8), Modality="US", **attributes)
    (stack,) = scan([path], Progress()).stacks()
    return stack_timing(stack)


@pytest.mark.parametrize(
    ("attributes", "durations", "source"),
    [
        ({"FrameTime": "40"}, [40] * 5, "FrameTime"),
        ({"CineRate": "20"}, [50] * 5, "CineRate"),
        ({"FrameTime": "40", "CineRate": "20"}, [40] * 5, "FrameTime"),
        ({"FrameTime": "40", "RecommendedDisplayFrameRate": "10"}, [100] * 5, "RecommendedDisplayFrameRate"),
        ({"FrameTimeVector": ["0", "10", "20", "30", "40"]}, [10, 20, 30, 40, 40], "FrameTimeVector"),
        ({"FrameTimeVector": ["0", "10"], "FrameTime": "40"}, [40] * 5, "FrameTime"),
        ({"FrameTime": "0"}, [1000 / 15] * 5, ""),
        ({"FrameTime": "0.033"}, [1000 / 15] * 5, ""),
        ({}, [1000 / 15] * 5, ""),
    ],
)
def test_frame_times_come_from_what_the_file_has(tmp_path, attributes, durations, source):
    found = timing(tmp_path, **attributes)
    assert list(found.durations_ms) == pytest.approx(durations)
    assert found.source == source
    assert found.rate == pytest.approx(5000 / sum(durations))


def test_trims_and_the_preferred_order(tmp_path):
    found = timing(tmp_path, FrameTime="40", StartTrim="2", StopTrim="4", PreferredPlaybackSequencing=1)
    assert (found.first, found.last, found.playback) == (1, 3, Playback.BOUNCE)
    wrong = timing(tmp_path, FrameTime="40", StartTrim="4", StopTrim="9")
    assert (wrong.first, wrong.last, wrong.playback) == (0, 4, Playback.LOOP)


EVEN = CineTiming((100.0,) * 4, 0, 3, Playback.LOOP, "FrameTime")


def played(cine: Cine, times_ms) -> list[int]:
    return [cine.due(t / 1000).index for t in times_ms]


def test_round_and_round():
    assert played(Cine(EVEN, Playback.LOOP, 1.0, 0, 0.0), range(50, 950, 100)) == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def test_back_and_forth_shows_the_ends_once():
    cine = Cine(EVEN, Playback.BOUNCE, 1.0, 0, 0.0)
    assert played(cine, range(50, 1050, 100)) == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    assert [cine.due(t / 1000).direction for t in range(50, 650, 100)] == [1, 1, 1, -1, -1, -1]


def test_from_where_it_stands_and_at_another_speed():
    assert played(Cine(EVEN, Playback.LOOP, 2.0, 2, 5.0), range(5025, 5225, 50)) == [2, 3, 0, 1]


def test_a_late_look_skips_and_never_lags():
    assert played(Cine(EVEN, Playback.LOOP, 1.0, 0, 0.0), [10, 1234, 100_050]) == [0, 0, 0]
    assert played(Cine(EVEN, Playback.LOOP, 1.0, 0, 0.0), [10, 1334, 100_150]) == [0, 1, 1]


def test_frames_of_different_length():
    uneven = CineTiming((10.0, 20.0, 30.0), 0, 2, Playback.LOOP, "FrameTimeVector")
    assert played(Cine(uneven, Playback.LOOP, 1.0, 0, 0.0), [5, 15, 29, 31, 59, 61]) == [0, 1, 1, 2, 2, 0]


def test_only_between_the_trims():
    trimmed = CineTiming((100.0,) * 6, 2, 4, Playback.LOOP, "FrameTime")
    assert played(Cine(trimmed, Playback.LOOP, 1.0, 0, 0.0), range(50, 550, 100)) == [2, 3, 4, 2, 3]
