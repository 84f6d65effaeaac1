"""How long the main thread is held up while a study of 1,000 slices loads: python tests/benchmarks/responsiveness.py

The study is opened in the real window, drawn off screen, once with plain and once with compressed pixels. A timer should fire every
5 ms; how much later it does is how long the window would not have answered. Also given is the processor time the main thread itself
used in those gaps: where the two differ, it waited for the interpreter or for a processor. --blockers prints what ran in long gaps.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

import numpy as np  # noqa: E402 - where to find things comes first

BEAT_MS = 5
LONG_S = 0.08
AFTER_S = 1.0
BEGIN, END = "<!-- responsiveness: begin -->", "<!-- responsiveness: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--only", action="append", help="a syntax as load.py names it")
    parser.add_argument("--blockers", action="store_true")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(options.measure, show_blockers=options.blockers)
        return
    from load import insert_between, machine

    columns = ["pixels", "loaded in, s", "beats", "late: median, ms", "99th percentile", "most", "own work: 99th percentile, ms", "most"]
    rows = [
        f"{options.slices} x {options.size} x {options.size} voxels. {machine()}.",
        "",
        f"| {' | '.join(columns)} |",
        f"| {' | '.join(['---'] * len(columns))} |",
    ]
    for name in options.only or ["raw", "JPEG-LS"]:
        rows.append(in_a_process(name, options.slices, options.size, blockers=options.blockers))
        print(rows[-1], flush=True)
    text = "\n".join(rows)
    if options.write is not None:
        insert_between(options.write, BEGIN, END, text)


def in_a_process(name: str, slices: int, size: int, *, blockers: bool) -> str:
    from support.ct_series import ct_volume, write_ct_series

    with tempfile.TemporaryDirectory() as folder:
        write_ct_series(Path(folder) / "study", np.tile(ct_volume(min(slices, 50), size), (-(-slices // 50), 1, 1))[:slices], name)
        command = [sys.executable, __file__, "--measure", folder, *(["--blockers"] if blockers else [])]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    *blocked, last = done.stdout.splitlines()
    print("\n".join(blocked))
    found = json.loads(last)
    return f"| {name} | {found['seconds']:.1f} | {found['beats']} | " + " | ".join(f"{value:.1f}" for value in found["ms"]) + " |"


def measure(folder: Path, *, show_blockers: bool) -> None:
    """Open the study and look at every beat until a moment after all of it is there."""
    os.environ["MEDVIEWER_HOME"] = str(folder / "home")
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from medviewer.app.session import Session, start_decoders
    from medviewer.gui.application import open_window
    from medviewer.gui.desk import Wanted
    from medviewer.gui.theme.style import apply_theme
    from medviewer.models.catalogue import Catalogue

    application = QApplication(sys.argv[:1])
    apply_theme(application)
    window = open_window(Session(catalogue=Catalogue([folder / "no models"])), None, Wanted())
    window.resize(1600, 1000)
    window.show()
    start_decoders()
    until = time.perf_counter() + 2
    while time.perf_counter() < until:
        application.processEvents()
        time.sleep(0.005)

    beats: list[tuple[float, float]] = []
    timer = QTimer(window, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: beats.append((time.perf_counter(), time.thread_time())))
    watch = Blockers(beats) if show_blockers else None
    began = time.perf_counter()
    ended: list[float] = []

    def look() -> None:
        if window.desk.display.reader is not None and window.desk.display.is_complete:
            if not ended:
                ended.append(time.perf_counter())
            if time.perf_counter() > ended[0] + AFTER_S:
                application.quit()

    poll = QTimer(window, interval=50)
    poll.timeout.connect(look)
    timer.start()
    poll.start()
    window.desk.open_paths([folder / "study"])
    application.exec()
    timer.stop()
    if watch is not None:
        watch.report()
    window.close()
    gaps = np.diff(np.array(beats), axis=0)
    late = np.maximum(gaps[:, 0] * 1000 - BEAT_MS, 0)
    own = gaps[:, 1] * 1000
    figures = [np.median(late), np.percentile(late, 99), late.max(), np.percentile(own, 99), own.max()]
    print(json.dumps({"seconds": ended[0] - began, "beats": len(beats), "ms": [float(value) for value in figures]}))


class Blockers:
    """Looks what the main thread is doing while a beat is overdue."""

    def __init__(self, beats: list[tuple[float, float]]) -> None:
        self._beats, self._main = beats, threading.main_thread().ident
        self._seen: collections.Counter[str] = collections.Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(0.01):
            if self._beats and time.perf_counter() - self._beats[-1][0] > LONG_S and self._main is not None:
                frame = sys._current_frames()[self._main]
                stack = [f"{Path(entry.filename).name}:{entry.lineno} {entry.name}" for entry in traceback.extract_stack(frame)]
                self._seen[" < ".join(reversed(stack[-6:]))] += 1

    def report(self) -> None:
        self._stop.set()
        self._thread.join()
        for stack, count in self._seen.most_common(15):
            print(f"{count:4} x {stack}")


if __name__ == "__main__":
    main()
