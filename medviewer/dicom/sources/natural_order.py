"""Names in the order in which people count."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"([0-9]+)")
_LONGEST = 300
"""Digits beyond which a number is no number (Python refuses to read some thousand of them)."""


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sorts ``IM2`` before ``IM10``."""
    parts = _DIGITS.split(text)
    return [(0, int(part), "") if n % 2 and len(part) < _LONGEST else (1, 0, part) for n, part in enumerate(parts) if part]
