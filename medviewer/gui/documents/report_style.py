"""How a report's HTML looks, and the small parts it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from medviewer.gui.theme import colours


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of a page: for the screen, or for paper."""

    text: str = colours.INK
    soft: str = colours.SOFT
    dim: str = colours.DIM
    link: str = colours.ACCENT
    line: str = colours.LINE
    good: str = colours.GOOD
    warn: str = colours.WARN
    bad: str = colours.BAD


PAPER = Ink("#000000", "#333333", "#666666", "#000000", "#bbbbbb", "#000000", "#000000", "#000000")


@dataclass(frozen=True, slots=True)
class Style:
    """How to write a report.

    where : what an instance's frame is among what is open, in words, so that its link leads somewhere; None when it isn't open.
    closed : positions of containers whose content isn't shown. codes : write code values beside their meanings.
    pictures : put a small picture beside each image that is open. links : for paper there are none.
    """

    where: Callable[[str, int], str | None] = lambda _uid, _frame: None
    closed: frozenset[str] = frozenset()
    codes: bool = False
    pictures: bool = False
    links: bool = True
    ink: Ink = Ink()


def table(rows: list[tuple[str, str]], ink: Ink) -> str:
    """Labels at the left, values at the right; both are HTML already."""
    cells = "".join(
        f"<tr><td width='200' style='color:{ink.soft};padding:3px 12px 3px 0'>{label}</td><td style='padding:3px 0'>{value}</td></tr>"
        for label, value in rows
    )
    return f"<table width='100%' cellspacing='0' cellpadding='0'>{cells}</table>" if rows else ""


def lines_html(text: str) -> str:
    """Plain text, its lines kept."""
    return "<br>".join(escape(line) for line in re.split(r"\r\n|\n|\r", text.strip("\r\n")))


def coloured(words: str, colour: str) -> str:
    """Plain text in a colour."""
    return f"<span style='color:{colour}'>{escape(words)}</span>"
