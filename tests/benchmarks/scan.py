"""How fast headers are read: python tests/benchmarks/scan.py [--files 1000] [--rounds 5]

A thousand CT files with headers as scanners write them (about 190 elements: private groups, sequences) and with the bare
minimum are scanned by this program, by pydicom file by file, and by SimpleITK. Each run is a fresh process that reads files that
are in the page cache; the readers take turns, and the ratios are of medians. Prints JSON last.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY)]

READERS = {
    "medviewer": """
from pathlib import Path
from medviewer.core.progress import Progress
from medviewer.dicom.scan import scan
began = time.perf_counter()
found = scan([Path(folder)], Progress(), seen.append)
spent = time.perf_counter() - began
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        results = {name: measure(Path(root) / name, make, options.files, options.rounds) for name, make in HEADERS.items()}
    print(json.dumps(results, indent=1))


def measure(folder: Path, make: Callable[[Path, int], None], count: int, rounds: int) -> dict[str, float]:
    folder.mkdir()
    make(folder, count)
    spent: dict[str, list[float]] = {reader: [] for reader in READERS}
    for _ in range(rounds):
        for reader, code in READERS.items():
            spent[reader].append(run(code, folder, count))
    medians = {reader: statistics.median(times) for reader, times in spent.items()}
    size = sum(path.stat().st_size for path in folder.iterdir()) / count
    print(f"{folder.name}: {count} files of {size / 1000:.1f} kB")
    for reader, median in medians.items():
        print(f"  {reader:10} {median / count * 1000:.3f} ms a file; medviewer takes {medians['medviewer'] / median:.3f} of it")
    return {reader: round(median / count * 1000, 4) for reader, median in medians.items()}


def run(code: str, folder: Path, count: int) -> float:
    prepared = f"import sys, time\nsys.path.insert(0, {str(REPOSITORY)!r})\nfolder, count, seen = {str(folder)!r}, {count}, []\n"
    program = f"{prepared}{code}\nprint(spent)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(done.stdout)


def write_small(folder: Path, count: int) -> None:
    from support.phantoms import write_phantom

    write_phantom(folder, shape_kji=(count, 16, 16), modality="CT")


def write_scanner_like(folder: Path, count: int) -> None:
    from support.scanner_headers import write_scanner_series

    write_scanner_series(folder, count)


HEADERS = {"as scanners write them": write_scanner_like, "small": write_small}

if __name__ == "__main__":
    main()
