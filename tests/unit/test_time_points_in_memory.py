"""Which time points of a 4D stack are in memory: the wanted one first, then its neighbours, never more than fit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.series import STEP, write_repeats

from medviewer.app.jobs import Jobs
from medviewer.app.time_series import TimeSeries
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.dicom.scan import scan

SHAPE = (7, 16, 12)
BYTES = 7 * 16 * 12 * 2
LIMIT_S = 20.0


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    found = Jobs()
    yield found
    found.close()


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    def at(number: int):
        return lambda ds, _: setattr(ds, "TemporalPositionIdentifier", number)

    write_repeats(tmp_path, [at(number) for number in range(1, 9)], shape_kji=SHAPE)
    (found,) = scan([tmp_path], Progress()).stacks()
    return found


def wait_until(condition) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_everything_is_read_when_it_fits(stack: Stack, jobs: Jobs) -> None:
    order: list[int] = []
    series = TimeSeries(stack, jobs, lambda *_: None, order.append, budget_bytes=100 * BYTES)
    reader = series.reader(3)
    wait_until(lambda: all(job.status.is_over for job in jobs.all()))  # the last is loaded a moment before it is told of
    assert all(series.loaded())
    assert order[0] == 3
    assert sorted(order) == list(range(8))
    assert reader.volume.stored.max() == 1000 + 3 * STEP


def test_one_whose_last_slice_arrives_as_another_is_asked_for_is_announced_too(stack: Stack, jobs: Jobs) -> None:
    order: list[int] = []
    arrived: set[int] = set()

    def asked_at_the_last(time: int, k: int) -> None:
        if time == 0:
            arrived.add(k)
            if len(arrived) == SHAPE[0]:
                series.reader(5)

    series = TimeSeries(stack, jobs, asked_at_the_last, order.append, budget_bytes=100 * BYTES)
    series.reader(0)
    wait_until(lambda: all(series.loaded()) and all(job.status.is_over for job in jobs.all()))
    assert sorted(order) == list(range(8))


def test_no_more_than_fit_are_kept_and_they_are_the_nearest(stack: Stack, jobs: Jobs) -> None:
    series = TimeSeries(stack, jobs, lambda *_: None, lambda _: None, budget_bytes=3 * BYTES)
    series.reader(0)
    wait_until(lambda: series.loaded() == [True] * 3 + [False] * 5)
    series.reader(6)
    wait_until(lambda: series.loaded() == [False] * 5 + [True] * 3)


def test_the_wanted_one_is_read_even_when_nothing_fits(stack: Stack, jobs: Jobs) -> None:
    series = TimeSeries(stack, jobs, lambda *_: None, lambda _: None, budget_bytes=1)
    for number in (5, 2):
        reader = series.reader(number)
        wait_until(lambda number=number: series.loaded()[number])
        assert int(np.count_nonzero(series.loaded())) == 1
        assert reader.volume.stored.max() == 1000 + number * STEP


def test_resting_reads_no_further_and_asking_again_goes_on(stack: Stack, jobs: Jobs) -> None:
    series = TimeSeries(stack, jobs, lambda time, _: series.rest() if time == 1 else None, lambda _: None, budget_bytes=100 * BYTES)
    series.reader(0)
    wait_until(lambda: all(job.status.is_over for job in jobs.all()))
    assert series.loaded() == [True, True] + [False] * 6
    series.reader(7)
    wait_until(lambda: series.loaded()[7])
