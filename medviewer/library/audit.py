"""The audit trail: one JSON line for every decision and every object written, without patient names."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from medviewer.library.paths import home_folder


def pseudonym(uid: str) -> str:
    """A short stand-in for a UID, the same each time, that doesn't give the UID away by itself."""
    return hashlib.sha256(uid.encode()).hexdigest()[:16]


def record(event: str, **facts: str) -> None:
    """Append one line to ``audit.jsonl``: the event, the time (UTC) and the facts. UIDs must come as pseudonyms."""
    line = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, **facts}
    with (home_folder() / "audit.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
