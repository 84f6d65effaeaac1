"""Sentences for the reader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a message matters."""

    INFO = "info"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence that stays until dismissed, or goes by itself if it only informs."""

    level: Level
    text: str
    detail: str = ""
