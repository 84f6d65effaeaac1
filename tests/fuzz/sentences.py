"""Whether what the program says about bad input can be read by a person: one sentence, no innards of the program."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LETTERS = 700
INNARDS = re.compile(
    r"NoneType|Traceback|\bb'|\bb\"|object at 0x|<class|Errno|\bself\b|\bstruct\b|unpack_|unpack requires|_from"
    r"|reshape|broadcast|ndarray|dtype|numpy"
    r"|list index|tuple|out of range|positional|argument|attribute '|has no attribute|codec can't|invalid literal|could not convert"
    r"|KeyError|ValueError|IndexError|TypeError|OverflowError|MemoryError|AssertionError|RecursionError|UnicodeDecodeError|Error\("
    r"|buffer is smaller|buffer size|must be |not supported between|unhashable|object is not|cannot be interpreted|\bnan\b"
    r"|\[[^\]]*\]\(|\.py\b|\bNone\b"
)
"""What betrays that an exception of Python or of a library was passed on as it came."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the program. ``whole``: with capital letter and full stop, and naming one of ``names``; else a clause."""

    kind: str
    text: str
    whole: bool
    names: tuple[str, ...] = ()

    def fault(self, planted: tuple[str, ...]) -> str | None:
        """What is wrong with it, or None."""
        text = self.text
        for name in self.names:  # what a person called a file isn't the program's fault
            text = text.replace(name, "FILE")
        if found := INNARDS.search(text):
            return f"shows its innards ({found.group()})"
        if not text.strip() or len(text) > MOST_LETTERS:
            return f"is {len(text)} letters long"
        if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in text):
            return "holds control characters or half ones"
        if any(name in text for name in planted):
            return "names the patient"
        if self.whole and not text.endswith("."):
            return "is no whole sentence"
        if self.whole and self.names and "FILE" not in text:
            return "names neither file nor series"
        return None
