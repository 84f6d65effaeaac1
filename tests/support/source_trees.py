"""Syntax trees of source files, for tests that look at code."""

from __future__ import annotations

import ast
import gc


def parsed(source: str) -> ast.Module:
    """The tree of a file, made while no garbage is collected.

    A collection in the middle may run a finaliser that fails, and the traceback that pytest keeps of it parses a line too. Python 3.11
    counts the depth of both in one place and gives up with `SystemError` (python/cpython#106905 has the same message).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if was_on:
            gc.enable()
