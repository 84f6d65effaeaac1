"""docs/reading.md lists every word that ``inspect`` has for what it finds, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from support.source_trees import parsed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
ROOMS = (".", "sources", "stacks", "display")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / "medviewer" / "dicom" / room).glob("*.py"))]
SOURCES += sorted((ROOT / "medviewer" / "app").glob("repair*.py"))
CODE = re.compile(r"^[a-z]+(-[a-z0-9]+)*$")
PLACE = {"Notice": 0, "Split": 1, "Refused": 1, "BadHeader": 1}
"""Which argument of a call is a code."""


def documented(title: str) -> set[str]:
    """The codes in the first column of the table below a title."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}


def constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.match(node.value) else None


def begins(node: ast.expr) -> str:
    """The first characters of a string or f-string."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]  # type: ignore[assignment]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def codes(tree: ast.AST, name: str) -> Iterator[str]:
    """Codes in calls of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            arguments = [*node.args[PLACE[name] : PLACE[name] + 1], *(k.value for k in node.keywords if k.arg == "code")]
            yield from filter(None, map(constant, arguments))


def pairs(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(code, sentence) tuples."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and (code := constant(node.elts[0])) and " " in begins(node.elts[1]):
            yield code, begins(node.elts[1])


def test_warnings_are_those_on_the_page() -> None:
    used: set[str] = set()
    for path in SOURCES:
        tree = parsed(path.read_text(encoding="utf-8"))
        used |= {*codes(tree, "Notice"), *codes(tree, "Split")} | {code for code, text in pairs(tree) if text[0].isupper()}
    used |= {"mosaic", "tiles", "tiles-together", "for-processing"}  # their sentences are put together
    assert used == documented("Warnings of a stack")


def test_reasons_to_refuse_are_those_on_the_page() -> None:
    used: set[str] = set()
    for path in SOURCES:
        tree = parsed(path.read_text(encoding="utf-8"))
        used |= {*codes(tree, "Refused"), *codes(tree, "BadHeader")} | {code for code, text in pairs(tree) if text[0].islower()}
    assert used <= documented("Reasons to refuse a file") | {"no-pixels"}
    assert documented("Reasons to refuse a file") <= used | {"damaged"}  # what BadHeader says when it isn't told otherwise
