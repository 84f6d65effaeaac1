"""A named person's acceptance of a result: the only thing that turns it from unverified to verified."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_NOT_IN_A_NAME = re.compile(r"[\\=\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted a result, when (with its time zone), and for which organisation.

    Raises ``ValueError`` when the name is blank or the time has no zone.
    """

    person_name: str
    when: datetime
    organisation: str = ""

    def __post_init__(self) -> None:
        if not _NOT_IN_A_NAME.sub("", self.person_name).strip(" ^"):
            raise ValueError("an acceptance needs the name of a person")
        if self.when.tzinfo is None:
            raise ValueError("an acceptance needs a time with its time zone")

    @property
    def dicom_name(self) -> str:
        """The name as PN (PS3.5 6.2.1): as typed when it has components, else all of it as the first one, 64 characters at most."""
        name = _NOT_IN_A_NAME.sub(" ", self.person_name).strip()
        return name[:64] if "^" in name else f"{name[:63]}^"

    @property
    def dicom_time(self) -> str:
        """The time as DT with its offset from UTC, to the second."""
        return self.when.strftime("%Y%m%d%H%M%S%z")
