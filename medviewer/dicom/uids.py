"""Unique identifiers for what the program writes (PS3.5 B.2: UUIDs under 2.25, no registered root needed)."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid4, uuid5


def new_uid() -> str:
    """A UID nothing else has."""
    return f"2.25.{uuid4().int}"


def stable_uid(name: str) -> str:
    """The same UID for the same name on every machine, for things that aren't instances: devices, implementations."""
    return f"2.25.{uuid5(NAMESPACE_URL, f'medviewer:{name}').int}"
