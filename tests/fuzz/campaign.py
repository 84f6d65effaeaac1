"""Runs many cases in watched worker processes, and keeps what went wrong."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Self

import psutil

from .cases import make_case, place
from .seeds import Seed, read_seeds, write_seeds

TIME_LIMIT_S = 5.0
"""Of processor time, or of waiting: a case that takes longer hangs."""
PATIENCE_S = 60.0
"""Wall-clock limit for a case that neither ends nor works, and for one that waits for a busy machine's processor."""
CHUNK = 250
PROGRAM = "fuzz.program"
FAILURES = ("DEFECT", "CRASH", "HANG", "MEMORY")
VERDICTS = ("fine", "refused", *FAILURES)
Row = dict[str, Any]
SHORT = ("mutator", "verdict", "cpu", "bytes")
"""What is kept of a case that went well."""


@dataclass(slots=True)
class Tally:
    """Verdicts by mutator, and the most that a case took."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: float = 0.0
    slowest_s: float = 0.0
    largest_bytes: int = 0
    failures: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.counts.setdefault(row["mutator"], Counter())[row["verdict"]] += 1
        self.slowest_s = max(self.slowest_s, row.get("cpu", 0.0))
        self.largest_bytes = max(self.largest_bytes, row.get("bytes", 0))
        if row["verdict"] in FAILURES:
            self.failures.append(row)

    @property
    def total(self) -> Counter[str]:
        return sum(self.counts.values(), Counter())

    def table(self) -> str:
        lines = [f"{'mutator':<14}" + "".join(f"{name:>9}" for name in VERDICTS)]
        lines += [f"{name:<14}" + "".join(f"{counter[v]:>9}" for v in VERDICTS) for name, counter in sorted(self.counts.items())]
        lines.append(f"{'all':<14}" + "".join(f"{self.total[v]:>9}" for v in VERDICTS))
        return "\n".join(lines)


class _Worker:
    """A child process that runs cases; replaced when it dies or hangs."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tests = Path(__file__).parents[1]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tests), str(tests.parent))), "MEDVIEWER_HOME": str(folder / "home")}
        self._errors = (folder / "stderr").open("w+b")
        command = [sys.executable, "-m", "fuzz.worker", arguments[0], str(folder), *arguments[1:]]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=environment, cwd=folder
        )
        self._text = b""

    def start(self) -> None:
        """Wait until it has imported the program."""
        if self._line(120.0) != "ready":
            raise RuntimeError(f"a worker didn't start: {self.last_words()}")

    def run(self, first: int, last: int) -> Iterator[Row | None]:
        """A row for each number; None, and no more, when the process died or had to be killed."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{first} {last}\n".encode())
        self._process.stdin.flush()
        for _ in range(first, last):
            line = self._line(PATIENCE_S)
            yield None if line is None else json.loads(line)
            if line is None:
                return

    def _line(self, limit_s: float) -> str | None:
        """The next line, or None when the process has ended or works or waits for too long."""
        assert self._process.stdout is not None
        began, worked = time.monotonic(), self._worked()
        while b"\n" not in self._text:
            ready, _, _ = select.select([self._process.stdout], [], [], 0.25)
            if ready:
                more = os.read(self._process.stdout.fileno(), 1 << 16)
                if not more:
                    self._process.wait()
                    return None
                self._text += more
            elif time.monotonic() - began > limit_s or (limit_s == PATIENCE_S and self._worked() - worked > TIME_LIMIT_S):
                return None
        line, self._text = self._text.split(b"\n", 1)
        return line.decode()

    def _worked(self) -> float:
        """Processor time of the worker, and of its own children, so far."""
        try:
            process = psutil.Process(self._process.pid)
            times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        except psutil.Error:
            return 0.0
        return sum(spent.user + spent.system for spent in times)

    def how_it_ended(self) -> Row:
        """The verdict about the case that was running."""
        if self._process.poll() is None:
            self._process.send_signal(6)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
            return {"verdict": "HANG", "error": f"took more than {TIME_LIMIT_S:g} s", "trace": self.last_words()}
        if self._process.returncode > 0:  # not by a signal
            raise RuntimeError(f"the worker itself has a defect:\n{self.last_words()}")
        return {"verdict": "CRASH", "error": f"the process ended with {self._process.returncode}", "trace": self.last_words()}

    def last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-6000:].decode(errors="replace")

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()


class Campaign:
    """Cases ``0 .. cases`` of one seed. ``kept`` gets failing inputs and the state that lets it go on later."""

    def __init__(
        self, seed: int, *, only: tuple[str, ...] = (), kept: Path | None = None, real: Path | None = None, program: str = PROGRAM
    ) -> None:
        self.seed, self._only, self._kept, self._program = seed, only, kept, program
        fast = Path("/dev/shm")
        self._folder = Path(tempfile.mkdtemp(prefix="medviewer-fuzz-", dir=fast if fast.is_dir() and os.access(fast, os.W_OK) else None))
        self.digest = write_seeds(self._folder / "seeds", real)
        self._seeds: list[Seed] = read_seeds(self._folder / "seeds")
        self.tally, self._lock = Tally(), Lock()
        self._done: set[int] = set()
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
            self._resume(kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def seed_files(self) -> int:
        return len(self._seeds)

    def run(self, cases: int, jobs: int, on_chunk: Callable[[Tally], None] = lambda _: None) -> Tally:
        """Run what hasn't been run; chunks of numbers are shared out among ``jobs`` processes."""
        began = time.monotonic()
        chunks = iter([first for first in range(0, cases, CHUNK) if first not in self._done])
        with ThreadPoolExecutor(jobs) as threads:
            for future in [threads.submit(self._work, f"worker-{n}", chunks, cases, on_chunk) for n in range(jobs)]:
                future.result()
        self.tally.seconds += time.monotonic() - began
        return self.tally

    def _work(self, name: str, chunks: Iterator[int], cases: int, on_chunk: Callable[[Tally], None]) -> None:
        worker: _Worker | None = None
        try:
            while True:
                with self._lock:
                    first = next(chunks, None)
                if first is None:
                    return
                rows = []
                at, last = first, min(first + CHUNK, cases)
                while at < last:
                    if worker is None:
                        worker = _Worker(self._arguments(), self._folder / name)
                        worker.start()
                    for row in worker.run(at, last):
                        rows.append(row or self._lost(worker, at))
                        at += 1
                        if row is None:
                            worker.close()
                            worker = None
                self._finish(first, last, rows)
                on_chunk(self.tally)
        finally:
            if worker is not None:
                worker.close()

    def _arguments(self) -> list[str]:
        return [str(self._folder / "seeds"), str(self.seed), ",".join(self._only), self._program]

    def _lost(self, worker: _Worker, number: int) -> Row:
        case = make_case(self._seeds, self.seed, number, self._only)
        return {"number": number, "mutator": case.mutator, "seed": case.seed_name, "what": case.what, **worker.how_it_ended()}

    def _finish(self, first: int, last: int, rows: list[Row]) -> None:
        with self._lock:
            for row in rows:
                self.tally.add(row)
            if self._kept is None:
                return
            for row in rows:
                if row["verdict"] in FAILURES:
                    self._keep(self._kept, row)
            if last - first == CHUNK:
                short = [row if row["verdict"] in FAILURES else {key: row[key] for key in SHORT} for row in rows]
                with (self._kept / "chunks.jsonl").open("a") as file:
                    file.write(
                        json.dumps({"seed": self.seed, "only": self._only, "digest": self.digest, "first": first, "rows": short}) + "\n"
                    )

    def _keep(self, kept: Path, row: Row) -> None:
        case = make_case(self._seeds, self.seed, row["number"], self._only)
        folder = kept / f"{row['verdict']}-{row['mutator']}-{row['number']}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        place(case, folder)
        (folder / "case.json").write_text(json.dumps(row, indent=2))
        (folder / "trace.txt").write_text(f"{row.get('error', '')}\n{row.get('trace', '')}")

    def _resume(self, kept: Path) -> None:
        """Chunks that an earlier run with the same seed, mutators and seed files has finished."""
        path = kept / "chunks.jsonl"
        if not path.exists():
            return
        for line in path.read_text().splitlines():
            chunk = json.loads(line)
            if (chunk["seed"], tuple(chunk["only"]), chunk["digest"]) == (self.seed, self._only, self.digest):
                self._done.add(chunk["first"])
                for row in chunk["rows"]:
                    self.tally.add(row)
