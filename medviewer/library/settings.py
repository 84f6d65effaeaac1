"""Settings: typed, described, kept as one JSON file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from medviewer.library.paths import home_folder

log = logging.getLogger(__name__)


class Settings(BaseModel):
    """What a person can choose. Unknown fields of a newer version are kept."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    reader_name: str = Field("", max_length=64, description="Name of the person who decides on findings, written into saved objects.")
    organisation: str = Field("", max_length=64, description="Where that person works, written into saved objects.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where models run.")
    left_drag: Literal["window", "scroll"] = Field("window", description="What dragging with the left button does.")
    window_geometry: str = Field("", description="Place and size of the window (base64).")
    window_state: str = Field("", description="Arrangement of the panels (base64).")


def settings_file() -> Path:
    """Where the settings are kept."""
    return home_folder() / "settings.json"


def load_settings() -> Settings:
    """Read the settings; a file that can't be read is set aside as ``settings.broken.json`` and defaults are used."""
    path = settings_file()
    if not path.exists():
        return Settings()  # type: ignore[call-arg]
    try:
        return Settings.model_validate_json(path.read_bytes())
    except (ValidationError, OSError):
        log.warning("The settings file was not readable and has been set aside")
        path.replace(path.with_suffix(".broken.json"))
        return Settings()  # type: ignore[call-arg]


def save_settings(settings: Settings) -> None:
    """Write the settings to a temporary name and move them into place."""
    path = settings_file()
    part = path.with_suffix(".part")
    part.write_text(settings.model_dump_json(indent=2), encoding="utf-8")
    part.replace(path)
