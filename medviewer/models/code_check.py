"""Whether a code can be what its scheme says it is; nothing is looked up."""

from __future__ import annotations

_PERMUTE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def code_complaint(code: str) -> str | None:
    """What is wrong with ``SCHEME:value``, None if nothing is known to be.

    A SNOMED CT identifier has 6 to 18 digits, the last of which is a Verhoeff check digit (SNOMED CT Release File
    Specifications, 2.4 and appendix D), and a concept's last three are 00 or 10 and the check digit.
    """
    scheme, _, value = code.partition(":")
    if scheme != "SCT":
        return None
    if not value.isdigit() or not 6 <= len(value) <= 18 or value[0] == "0":
        return f"{code} is no SNOMED CT identifier: those have 6 to 18 digits"
    if value[-3:-1] not in ("00", "10"):
        return f"{code} is no SNOMED CT concept: the two digits before the last are 00 or 10 in those"
    if not _has_check_digit(value):
        return f"{code} is no SNOMED CT identifier: its check digit is wrong, so at least one digit is"
    return None


def _has_check_digit(digits: str) -> bool:
    """Verhoeff's check over the dihedral group of order ten."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        for _ in range(place % 8):
            number = _PERMUTE[number]
        state = _multiply(state, number)
    return state == 0


def _multiply(a: int, b: int) -> int:
    """The product of two of the ten symmetries of a pentagon: 0-4 are turns, 5-9 reflections."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5
