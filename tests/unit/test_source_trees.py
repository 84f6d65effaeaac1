"""Reading source into trees doesn't depend on what garbage the tests before have left."""

from __future__ import annotations

import ast
import gc
from pathlib import Path

from support.source_trees import parsed


class Parsing:
    """Parses when it is collected, as the traceback of a failing finaliser does."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        ast.parse("a + b * (c - d)")


def test_garbage_that_parses_when_it_is_collected_does_no_harm() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_s*.py")))
    source = source.replace("from __future__ import annotations", "")
    before = gc.get_threshold()
    gc.set_threshold(200)
    try:
        for _ in range(20):
            for _ in range(60):
                Parsing()
            assert len(parsed(source).body) > 100
    finally:
        gc.set_threshold(*before)
    assert gc.isenabled()
