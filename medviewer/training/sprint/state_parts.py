"""Checkpoints in files small enough to be carried about, replaced whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import torch

from medviewer.training.errors import CannotResume

PART_BYTES = 15_000_000


def save_state(folder: Path, name: str, state: dict[str, Any]) -> None:
    """Write ``name.json`` and the parts it lists.

    New parts have new names and the list is moved into place last, so a kill at any moment leaves the old state or the new.
    """
    stream = io.BytesIO()
    torch.save(state, stream)
    content = stream.getbuffer()
    digest = hashlib.sha256(content).hexdigest()
    listing = folder / f"{name}.json"
    if listing.exists() and json.loads(listing.read_text(encoding="utf-8"))["sha256"] == digest:
        return
    parts: list[str] = []
    for number, start in enumerate(range(0, len(content), PART_BYTES), start=1):
        parts.append(f"{name}-{digest[:8]}-{number}.part")
        _write(folder / parts[-1], content[start : start + PART_BYTES])
    fresh = folder / f"{name}.json.new"
    _write(fresh, json.dumps({"sha256": digest, "parts": parts}).encode())
    fresh.replace(listing)
    for old in folder.glob(f"{name}-????????-*.part"):
        if old.name not in parts:
            old.unlink()


def load_state(folder: Path, name: str) -> dict[str, Any] | None:
    """The state, None where none was saved. Only tensors and plain values are read, never code.

    Raises `CannotResume` where parts are missing or damaged.
    """
    listing = folder / f"{name}.json"
    if not listing.exists():
        return None
    try:
        listed = json.loads(listing.read_text(encoding="utf-8"))
        content = b"".join((folder / part).read_bytes() for part in listed["parts"])
        if hashlib.sha256(content).hexdigest() != listed["sha256"]:
            raise ValueError("the parts aren't what was saved")
        state: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except (OSError, ValueError, KeyError) as error:
        raise CannotResume(f"{listing} can't be gone on from ({error}). Bring all its parts, or delete it to begin anew.") from error
    return state


def _write(path: Path, content: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
