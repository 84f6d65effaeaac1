"""Writing the manifest of a package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Table = Mapping[str, Any]


def inline(value: Any) -> str:
    """A value as TOML on one line; text as a basic string, whose escapes are JSON's."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case int() | float():
            return repr(value)
        case Mapping():
            return "{" + ", ".join(f"{key} = {inline(item)}" for key, item in value.items() if item is not None) + "}"
    return "[" + ", ".join(inline(item) for item in value) + "]"


def document(tables: Mapping[str, Any]) -> str:
    """A document of plain values, tables, and lists of tables, in their order; what is None is left out.

    A list of tables inside a table is written one a line.
    """
    parts = [f"{key} = {inline(value)}" for key, value in tables.items() if not _is_tables(value) and not isinstance(value, Mapping)]
    text = "\n".join(parts) + "\n"
    for key, value in tables.items():
        if isinstance(value, Mapping):
            text += f"\n[{key}]\n{_body(value)}"
        elif _is_tables(value):
            text += "".join(f"\n[[{key}]]\n{_body(item)}" for item in value)
    return text


def _body(table: Table) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _value(value: Any) -> str:
    if _is_tables(value) and len(value) > 1:
        return "[\n" + "".join(f"    {inline(item)},\n" for item in value) + "]"
    return inline(value)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(item, Mapping) for item in value)
