"""Decoders run where a crash, a hang or a bomb costs one frame; the program goes on, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from medviewer.dicom.codecs import limits
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.pool import DecoderPool
from medviewer.dicom.codecs.samples import samples
from medviewer.dicom.codecs.table import CannotDecompress

HOSTILE = """
import ctypes, os, sys, time
import numpy as np
from medviewer.dicom.codecs import child, table

def crash(data, form):
    ctypes.string_at(0)

def hang(data, form):
    ctypes.PyDLL(None).sleep(600)  # PyDLL keeps the interpreter lock, as a codec that hangs may

def allocate(data, form):
    blocks = []
    while True:
        blocks.append(np.ones(1 << 24, np.uint8))

def number(data, form):
    return np.full(form.shape, os.getpid() % 60000, form.dtype)

def poison(data, form):
    table._TABLE["test.number"] = (crash,)
    return number(data, form)

def chatter(data, form):
    os.write(1, b"libjpeg: a warning\\n")
    return number(data, form)

for name in ("crash", "hang", "allocate", "number", "poison", "chatter"):
    table._TABLE["test." + name] = (globals()[name],)
if "unlimited" in sys.argv:
    child._limit_memory = lambda limit: None
child.main(sys.argv[-1])
"""
FORM = PixelForm(8, 8)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "hostile.py"
    path.write_text(HOSTILE, encoding="utf-8")
    return path


@pytest.fixture
def pool(script: Path) -> Iterator[DecoderPool]:
    with DecoderPool(1, [sys.executable, str(script)]) as pool:
        yield pool


def decode(pool: DecoderPool, what: str) -> np.ndarray:
    return pool.decode([b"x"], FORM, f"test.{what}")


def decodes_right(pool: DecoderPool) -> None:
    for sample in samples():
        values = pool.decode([bytes(sample.encode(sample.image))], sample.form, sample.transfer_syntax)
        assert np.abs(values.astype(int) - sample.image).max() <= sample.tolerance


def test_crash_costs_one_frame_and_the_next_is_decoded(pool: DecoderPool) -> None:
    with pytest.raises(CannotDecompress, match=r"the decoder crashed on it \(signal 11\)" if os.name == "posix" else "crashed"):
        decode(pool, "crash")
    decodes_right(pool)


def test_frame_after_one_that_damaged_the_process_is_decoded_in_a_fresh_one(pool: DecoderPool) -> None:
    first = decode(pool, "poison")[0, 0]
    assert decode(pool, "number")[0, 0] != first


def test_hang_costs_one_frame_even_if_it_holds_the_interpreter(pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SHORTEST_S", 1.0)
    with pytest.raises(CannotDecompress, match="hung on it and was stopped after 1 s"):
        decode(pool, "hang")
    decodes_right(pool)


@pytest.mark.parametrize("own_limit", [True, False], ids=["limited by the system", "watched by the parent"])
def test_bomb_costs_one_frame(script: Path, own_limit: bool) -> None:
    if own_limit and sys.platform != "linux":
        pytest.skip("only Linux limits address space dependably")
    command = [sys.executable, str(script), *([] if own_limit else ["unlimited"])]
    with DecoderPool(1, command) as pool:
        with pytest.raises(CannotDecompress, match="more than the 268 MB of memory"):
            decode(pool, "allocate")
        decodes_right(pool)


def test_what_a_codec_prints_is_no_answer(pool: DecoderPool) -> None:
    assert decode(pool, "chatter").shape == (8, 8)


def test_limits_grow_with_honest_frames_only() -> None:
    mammogram = PixelForm(4096, 3328)
    assert limits.limits(10, FORM).time_s < 5.1
    assert limits.limits(12_000_000, mammogram).time_s > 17
    bomb = PixelForm(60000, 30000)
    assert limits.limits(10_000, bomb).memory_bytes == 2 << 30
    assert limits.limits(100_000_000, bomb).memory_bytes > bomb.native_bytes(1) * 8


def test_frame_is_decoded_into_the_place_it_is_meant_for(pool: DecoderPool) -> None:
    sample = next(s for s in samples() if s.name == "JPEG-LS")
    volume = np.zeros((3, *sample.form.shape), sample.form.dtype)
    data = bytes(sample.encode(sample.image))
    pool.decode([data[:100], data[100:]], sample.form, sample.transfer_syntax, volume[1])
    np.testing.assert_array_equal(volume[1], sample.image)
    assert not volume[[0, 2]].any()


def test_frames_decode_in_several_processes_at_a_time(script: Path) -> None:
    with DecoderPool(2, [sys.executable, str(script)]) as pool:
        pool.prestart()
        assert len(pool.pids) == 2
        seen: set[int] = set()
        threads = [threading.Thread(target=lambda: seen.add(int(decode(pool, "number")[0, 0]))) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen <= {pid % 60000 for pid in pool.pids}


def gone(pids: list[int]) -> bool:
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            continue
    return True


def wait_until_gone(pids: list[int]) -> None:
    end = time.monotonic() + 60
    while not gone(pids):
        assert time.monotonic() < end, "a decoder was left behind"
        time.sleep(0.05)


def test_closing_ends_every_process_even_those_at_work(script: Path) -> None:
    pool = DecoderPool(2, [sys.executable, str(script)])
    pool.prestart()
    pids, refused = pool.pids, []

    def work() -> None:
        try:
            decode(pool, "hang")
        except CannotDecompress as error:
            refused.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    while not pool._busy():
        time.sleep(0.01)
    pool.close()
    thread.join()
    assert refused == ["the program is closing"]
    wait_until_gone(pids)
    with pytest.raises(CannotDecompress, match="closing"):
        decode(pool, "number")


ORPHANS = """
import os, sys, threading, time
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.pool import DecoderPool, decoders
if sys.argv[1] == "exit":
    pool = decoders()
else:
    pool = DecoderPool(2, sys.argv[2:])
pool.prestart()
print(*pool.pids, flush=True)
if sys.argv[1] == "killed at work":
    threading.Thread(target=lambda: pool.decode([b"x"], PixelForm(8, 8), "test.number")).start()
    time.sleep(0.2)
if sys.argv[1] != "exit":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("how", ["exit", "killed", "killed at work"])
def test_no_process_outlives_the_program(script: Path, how: str) -> None:
    if os.name != "posix" and how != "exit":
        pytest.skip("signals of POSIX")
    done = subprocess.run([sys.executable, "-c", ORPHANS, how, sys.executable, str(script)], capture_output=True, text=True, check=False)
    pids = [int(word) for word in done.stdout.split()]
    assert pids, done.stderr
    wait_until_gone(pids)


def test_missing_decoder_program_is_said(tmp_path: Path) -> None:
    with DecoderPool(1, [str(tmp_path / "nothing")]) as pool, pytest.raises(CannotDecompress, match="no decoder could be started"):
        decode(pool, "number")


def test_parts_of_a_frame_may_be_larger_than_a_pipe(pool: DecoderPool) -> None:
    image = np.random.default_rng(1).integers(0, 4096, (512, 512), dtype=np.uint16)
    import imagecodecs

    form = PixelForm(512, 512, stored=12, high_bit=11)
    data = bytes(imagecodecs.jpegls_encode(image))
    np.testing.assert_array_equal(pool.decode([data], form, "1.2.840.10008.1.2.4.80"), image)


@pytest.mark.parametrize("frozen", [False, True])
def test_frozen_program_starts_itself_as_a_decoder(monkeypatch: pytest.MonkeyPatch, frozen: bool) -> None:
    from medviewer.core.child_process import child_command

    if frozen:
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert child_command("medviewer.x", "--decoder") == [sys.executable, *(["--decoder"] if frozen else ["-m", "medviewer.x"])]
    code = "import sys; sys.argv = ['medviewer', '--decoder', sys.argv[1]]; from medviewer.cli import main; main()"
    with DecoderPool(1, [sys.executable, "-c", code]) as pool:
        decodes_right(pool)
