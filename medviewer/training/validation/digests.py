"""Which data a validation saw, as one digest that doesn't depend on where they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest_of(files: Iterable[Path]) -> str:
    """SHA-256 over the sorted SHA-256 of the files' contents, lower-case hex."""
    each = sorted({hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
    return hashlib.sha256("\n".join(each).encode()).hexdigest()
