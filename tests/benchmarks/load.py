"""How fast whole series are read: python tests/benchmarks/load.py [--write docs/performance.md]

A CT series of 300 x 512 x 512 in each transfer syntax is read from folder to volume, directory scan included, by this program,
by SimpleITK's series reader, by pydicom slice by slice, and by dicomsdl where it is installed. Every run is a fresh process on files
in the page cache, with its libraries imported (and this program's decoder processes started, as after the window's first paint) before
the clock begins; the readers take turns, and the ratios are of medians. What was read is compared with what was written.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY)]
READERS = Path(__file__).with_name("load_readers.py")
MOST_LOSS = 120
"""Grey levels, of 4096, that a pixel of a lossy series may be off."""
BEGIN, END = "<!-- load: begin -->", "<!-- load: end -->"
TARGETS = {
    "raw": "1.0, better 0.6",
    "RLE": "0.1",
    "JPEG lossless SV1": "0.6",
    "JPEG-LS": "0.6",
    "HTJ2K lossless": "0.6",
    "JPEG 2000 lossless": "0.95, better 0.6",
}


@dataclass(frozen=True)
class Measured:
    """Medians in seconds by reader; ``first_s`` until the first wanted slice, ``memory`` above idle in bytes (None: not measured)."""

    name: str
    seconds: dict[str, float]
    first_s: float
    memory: int | None
    volume: int

    def ratio(self, other: str) -> float | None:
        return self.seconds["medviewer"] / self.seconds[other] if other in self.seconds else None


def main() -> None:
    from support.ct_series import SYNTAXES, ct_volume, write_ct_series

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=SYNTAXES, help="one syntax; may be given several times")
    parser.add_argument("--write", type=Path, help="put the table between the markers of this page")
    options = parser.parse_args()
    import numpy as np

    results = []
    with tempfile.TemporaryDirectory() as root:
        volume = ct_volume(options.slices, options.size)
        truth = Path(root) / "truth.npy"
        np.save(truth, volume)
        for name in options.only or SYNTAXES:
            folder = write_ct_series(Path(root) / "series", volume, name)
            results.append(measure(name, folder, truth, options.rounds))
            print(line(results[-1]), flush=True)
            for path in folder.iterdir():
                path.unlink()
    text = page(results, volume.shape, options.rounds)
    print(text)
    if options.write is not None:
        insert_between(options.write, BEGIN, END, text)


def measure(name: str, folder: Path, truth: Path, rounds: int) -> Measured:
    from support.ct_series import LOSSY

    loss = MOST_LOSS if name in LOSSY else 0
    readers = ["medviewer", "SimpleITK", "pydicom", *(["dicomsdl"] if util.find_spec("dicomsdl") else [])]
    seconds: dict[str, list[float]] = {reader: [] for reader in readers}
    first: list[float] = []
    for _ in range(rounds):
        for reader in readers:
            said = run(reader, folder, truth, loss)
            if "seconds" in said:
                seconds[reader].append(said["seconds"])
            if "first" in said:
                first.append(said["first"])
    medians = {reader: statistics.median(times) for reader, times in seconds.items() if times}
    return Measured(name, medians, statistics.median(first), peak_memory(folder), truth.stat().st_size // (2 if "8 bits" in name else 1))


def run(reader: str, folder: Path, truth: Path, loss: int) -> dict[str, float]:
    command = [sys.executable, str(READERS), reader, str(folder), str(truth), str(loss)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{reader}: {done.stderr}")
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def peak_memory(folder: Path) -> int | None:
    """Proportional set size of program and decoders at their peak, less that before the series was opened."""
    if sys.platform != "linux":
        return None
    import psutil

    with subprocess.Popen(
        [sys.executable, str(READERS), "waiting", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdout.readline()
        family = [psutil.Process(program.pid), *psutil.Process(program.pid).children(recursive=True)]
        idle = peak = sum(process.memory_full_info().pss for process in family)
        program.stdin.write("go\n")
        program.stdin.flush()
        os.set_blocking(program.stdout.fileno(), False)
        while not program.stdout.readline():
            peak = max(peak, sum(process.memory_full_info().pss for process in family))
            time.sleep(0.002)
        peak = max(peak, sum(process.memory_full_info().pss for process in family))
        program.stdin.write("end\n")
        program.stdin.flush()
    return int(peak - idle)


def line(found: Measured) -> str:
    """A row of the table."""

    def number(value: float | None, digits: int = 2) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    cells = [
        found.name,
        number(found.seconds["medviewer"], 3),
        number(found.seconds.get("SimpleITK"), 3),
        number(found.ratio("SimpleITK")),
        TARGETS.get(found.name, "-"),
        number(found.ratio("pydicom")),
        number(found.first_s, 3),
        number(found.first_s / found.seconds["medviewer"]),
        number(found.memory / found.volume if found.memory is not None else None),
    ]
    return f"| {' | '.join(cells)} |"


def page(results: list[Measured], shape: tuple[int, ...], rounds: int) -> str:
    """The table with machine and versions."""
    size = " x ".join(map(str, shape))
    columns = ["syntax", "medviewer, s", "SimpleITK, s", "ratio", "target", "ratio to pydicom", "first slice, s", "first / all", "memory"]
    head = [
        f"{size} voxels of 12 bits in 16, medians of {rounds} rounds. {machine()}.",
        "",
        f"| {' | '.join(columns)} |",
        f"| {' | '.join(['---'] * len(columns))} |",
    ]
    return "\n".join([*head, *map(line, results)])


def machine() -> str:
    """Processor, system and versions."""
    import psutil

    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("imagecodecs", "numpy", "pydicom", "PySide6-Essentials", "SimpleITK")
    )
    hardware = f"{processor()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()}"
    return f"{hardware}; Python {platform.python_version()}, {versions}"


def processor() -> str:
    """What the system calls the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((entry.split(":", 1)[1].strip() for entry in lines if entry.startswith("model name")), platform.machine())


def insert_between(page_path: Path, begin: str, end: str, text: str) -> None:
    """Put the text between the markers."""
    before, rest = page_path.read_text(encoding="utf-8").split(begin)
    page_path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
