"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory):
    """No test reads or writes the settings, decisions or logs of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDVIEWER_HOME", str(tmp_path_factory.mktemp("medviewer-home")))
        patch.delenv("MEDVIEWER_MODELS", raising=False)
        yield


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real scans that ``MEDVIEWER_TEST_DATA`` names."""
    folder = os.environ.get("MEDVIEWER_TEST_DATA")
    if not folder:
        if os.environ.get("MEDVIEWER_TEST_DATA_REQUIRED"):
            pytest.fail("MEDVIEWER_TEST_DATA must name the folder of real scans here")
        pytest.skip("MEDVIEWER_TEST_DATA names no folder of real scans")
    path = Path(folder)
    assert path.is_dir(), f"MEDVIEWER_TEST_DATA={folder} is not a folder"
    return path
