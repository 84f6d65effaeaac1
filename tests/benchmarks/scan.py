"""How fast headers are read: python tests/benchmarks/scan.py [--files 1000] [--rounds 5] [--write docs/performance.md]

A thousand CT files with headers as scanners write them (about 190 elements: private groups, sequences), the same in implicit VR, and
with the bare minimum are scanned and grouped by this program, read by pydicom file by file, and sorted by SimpleITK. Each run is a fresh
process that reads files that are in the page cache; the readers take turns, and the ratios are of medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY), str(Path(__file__).parent)]
BEGIN, END = "<!-- scan: begin -->", "<!-- scan: end -->"
TARGET = 0.25
"""Of pydicom's time."""

READERS = {
    "medviewer": """
from pathlib import Path
from medviewer.core.progress import Progress
from medviewer.dicom.scan import scan
began = time.perf_counter()
found = scan([Path(folder)], Progress(), lambda found: seen.append(time.perf_counter() - began))
spent = time.perf_counter() - began
seen.append(spent)
assert sum(len(stack.files) for stack in found.stacks()) == count, "files went missing"
""",
    "pydicom": """
from pathlib import Path
from pydicom import dcmread
began = time.perf_counter()
for path in sorted(Path(folder).iterdir()):
    ds = dcmread(path, stop_before_pixels=True)
    ds.SeriesInstanceUID, ds.ImagePositionPatient
spent = time.perf_counter() - began
""",
    "SimpleITK": """
import SimpleITK
began = time.perf_counter()
names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(folder)
spent = time.perf_counter() - began
assert len(names) == count
""",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of one kind of header, in seconds for all files; ``first`` is this program's first update of the tree."""

    name: str
    size: float
    seconds: dict[str, float]
    first: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="put the table between the markers of this page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        results = [measure(name, Path(root) / name, make, options.files, options.rounds) for name, make in HEADERS.items()]
    text = page(results, options.files, options.rounds)
    print(text)
    if options.write is not None:
        from load import insert_between

        insert_between(options.write, BEGIN, END, text)


def measure(name: str, folder: Path, make: Callable[[Path, int], None], count: int, rounds: int) -> Measured:
    folder.mkdir()
    make(folder, count)
    spent: dict[str, list[float]] = {reader: [] for reader in READERS}
    first = []
    for _ in range(rounds):
        for reader, code in READERS.items():
            seconds, update = run(code, folder, count)
            spent[reader].append(seconds)
            if update is not None:
                first.append(update)
    size = sum(path.stat().st_size for path in folder.iterdir()) / count
    return Measured(name, size, {reader: statistics.median(times) for reader, times in spent.items()}, statistics.median(first))


def run(code: str, folder: Path, count: int) -> tuple[float, float | None]:
    """Seconds of one run, and until the first update."""
    prepared = f"import sys, time\nsys.path.insert(0, {str(REPOSITORY)!r})\nfolder, count, seen = {str(folder)!r}, {count}, []\n"
    program = f"{prepared}{code}\nprint(spent, seen[0] if seen else '')"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    seconds, _, update = done.stdout.strip().partition(" ")
    return float(seconds), float(update) if update else None


def page(results: list[Measured], count: int, rounds: int) -> str:
    """The table with machine and versions."""
    from load import machine

    columns = ["headers", "medviewer, ms a file", "pydicom", "SimpleITK", "of pydicom", "target", "of SimpleITK", "first update, s"]
    lines = [
        f"{count} files, medians of {rounds} rounds. {machine()}.",
        "",
        f"| {' | '.join(columns)} |",
        f"| {' | '.join(['---'] * len(columns))} |",
    ]
    for found in results:
        ours, theirs, itk = (found.seconds[reader] for reader in ("medviewer", "pydicom", "SimpleITK"))
        each = [f"{seconds / count * 1000:.3f}" for seconds in (ours, theirs, itk)]
        ratios = [f"{ours / theirs:.2f}", f"{TARGET:.2f}", f"{ours / itk:.2f}"]
        lines.append(f"| {' | '.join([f'{found.name} ({found.size / 1000:.1f} kB)', *each, *ratios, f'{found.first:.2f}'])} |")
    return "\n".join(lines)


def write_small(folder: Path, count: int) -> None:
    from support.phantoms import write_phantom

    write_phantom(folder, shape_kji=(count, 16, 16), modality="CT")


def write_scanner_like(folder: Path, count: int) -> None:
    from support.scanner_headers import write_scanner_series

    write_scanner_series(folder, count)


def write_implicit(folder: Path, count: int) -> None:
    from support.scanner_headers import write_scanner_series

    write_scanner_series(folder, count, implicit=True)


HEADERS = {"as scanners write them": write_scanner_like, "the same in implicit VR": write_implicit, "small": write_small}

if __name__ == "__main__":
    main()
