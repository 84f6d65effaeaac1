"""The benchmarks run and write their tables; what they measure is no test's business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def benchmark(script: str, page: Path, *options: str) -> str:
    page.write_text((ROOT / "docs/performance.md").read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, str(ROOT / "tests/benchmarks" / script), *options, "--write", str(page)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return page.read_text(encoding="utf-8")


def test_load_compares_readers_and_writes_its_table(tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    syntaxes = ("raw", "JPEG-LS", "JPEG 2000 lossy")
    only = [word for name in syntaxes for word in ("--only", name)]
    text = benchmark("load.py", tmp_path / "page.md", "--slices", "4", "--size", "32", "--rounds", "1", *only)
    table = text.split("<!-- load: begin -->")[1].split("<!-- load: end -->")[0]
    assert "4 x 32 x 32 voxels" in table
    assert [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines() if row.startswith("| ")][2:] == list(syntaxes)
    assert "<!-- responsiveness: begin -->" in text


def test_responsiveness_opens_the_window_and_writes_its_table(tmp_path: Path) -> None:
    text = benchmark("responsiveness.py", tmp_path / "page.md", "--slices", "12", "--size", "32", "--only", "raw")
    table = text.split("<!-- responsiveness: begin -->")[1].split("<!-- responsiveness: end -->")[0]
    assert "12 x 32 x 32 voxels" in table
    assert "| raw | " in table
