"""A program with one defect of each kind after the other, to see that the campaign notices them; stands in for `program`."""

from __future__ import annotations

import os
from pathlib import Path

from .sentences import Said


def use(path: Path, *, further: bool) -> list[Said]:
    mark = Path("planted")  # in the worker's folder, as the process may not live to remember
    number = int(mark.read_text()) if mark.exists() else 0
    mark.write_text(str(number + 1))
    match number:
        case 0:
            raise KeyError("planted")
        case 1:
            os.abort()
        case 2:
            while True:
                pass
        case 3:
            raise MemoryError
        case 4:
            return [Said("refused", "invalid literal for int()", whole=False)]
    return []
