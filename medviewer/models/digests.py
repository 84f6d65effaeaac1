"""Filling in the sizes and digests that a manifest states of its files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from medviewer.core.errors import BadPackage
from medviewer.models.manifest import MANIFEST_NAME, Manifest, read_manifest
from medviewer.models.manifest_entries import FileEntry
from medviewer.models.toml_lines import lines_of

NOT_FILLED_IN = "0" * 64
"""What a skeleton states of files that aren't there yet."""


def unfilled(manifest: Manifest) -> list[str]:
    """The listed files whose digest hasn't been filled in."""
    return [entry.path for entry in manifest.files.listed() if entry.sha256 == NOT_FILLED_IN]


def fill_digests(folder: Path) -> list[str]:
    """Write the sizes and digests of the listed files into the manifest; returns the paths that weren't there.

    Only the numbers change: comments and order stay. Raises `BadPackage`.
    """
    path = folder / MANIFEST_NAME
    manifest = read_manifest(path)
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    where = lines_of(text)
    missing = []
    for name in type(manifest.files).model_fields:
        entry = getattr(manifest.files, name)
        if not isinstance(entry, FileEntry):
            continue
        file = folder / entry.path
        if not file.is_file():
            missing.append(entry.path)
            continue
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        _set(lines, where.get(("files", name, "sha256")), r'(sha256\s*=\s*")[0-9a-f]{64}', digest)
        _set(lines, where.get(("files", name, "bytes")), r"(bytes\s*=\s*)[0-9_]+", str(file.stat().st_size))
    path.write_text("".join(lines), encoding="utf-8")
    left = [path for path in unfilled(read_manifest(path)) if path not in missing]
    if left:
        raise BadPackage(f"{path}: the digests of {', '.join(left)} could not be filled in. Write each [files] entry on a line of its own.")
    return missing


def _set(lines: list[str], number: int | None, pattern: str, value: str) -> None:
    """Replace the number or digest in one line; the ones before stay as they are."""
    if number is not None:
        lines[number - 1] = re.sub(pattern, lambda found: found[1] + value, lines[number - 1], count=1)
