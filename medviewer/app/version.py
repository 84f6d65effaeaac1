"""Which program this is."""

from __future__ import annotations

from pathlib import Path

import medviewer


def program_version() -> str:
    """The version as released."""
    return medviewer.__version__


def program_commit() -> str | None:
    """The commit of a checkout, read from ``.git`` without running git; None for an installed program."""
    root = Path(medviewer.__file__).resolve().parent.parent
    try:
        head = (root / ".git" / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = root / ".git" / name
        if loose.exists():
            return loose.read_text(encoding="ascii").strip()
        for line in (root / ".git" / "packed-refs").read_text(encoding="ascii").splitlines():
            if line.endswith(f" {name}"):
                return line.split()[0]
    except OSError:
        return None
    return None
