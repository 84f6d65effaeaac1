"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real scans that ``MEDVIEWER_TEST_DATA`` names."""
    folder = os.environ.get("MEDVIEWER_TEST_DATA")
    if not folder:
        pytest.skip("MEDVIEWER_TEST_DATA names no folder of real scans")
    path = Path(folder)
    assert path.is_dir(), f"MEDVIEWER_TEST_DATA={folder} is not a folder"
    return path
