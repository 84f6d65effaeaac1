"""Where the program keeps its own files."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """Settings, decisions and logs: ``MEDVIEWER_HOME`` or the platform's folder for user data. Created if needed."""
    named = os.environ.get("MEDVIEWER_HOME")
    if named:
        folder = Path(named)
    else:
        from platformdirs import user_data_path

        folder = user_data_path("medviewer", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def model_folders() -> tuple[Path, ...]:
    """Folders with the user's own models: ``models`` under the home folder and those of ``MEDVIEWER_MODELS``."""
    extra = os.environ.get("MEDVIEWER_MODELS", "")
    return (home_folder() / "models", *(Path(part) for part in extra.split(os.pathsep) if part))


def log_file() -> Path:
    """The log file; it names no patient."""
    return home_folder() / "medviewer.log"
