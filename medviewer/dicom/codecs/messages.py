"""What the program and a decoder process say to each other: JSON, one object a line, over pipes.

The frames themselves lie in a scratch file that both have open: the compressed bytes on the way there, the stored values
on the way back. Both sides read and write it, nothing maps it: a file that was cut short is then a short read, not a crash.
Plain dictionaries instead of pydantic's models: a decoder process should be small and there at once.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.limits import Limits

MAX_LINE = 1 << 16
MOST_WORDS = 2000


class BadLine(ValueError):
    """A line that isn't a message."""


@dataclass(frozen=True, slots=True)
class Request:
    """Decode the first ``size`` bytes of the scratch file."""

    syntax: str
    size: int
    form: PixelForm
    limits: Limits


@dataclass(frozen=True, slots=True)
class Answer:
    """Done (the scratch file begins with the frame), or refused with a reason without a full stop."""

    refused: str | None = None


def request_line(request: Request) -> bytes:
    """A request as a line."""
    return json.dumps(asdict(request)).encode() + b"\n"


def read_request(line: bytes) -> Request:
    """The request in a line; raises `BadLine`."""
    try:
        said = json.loads(line)
        return Request(str(said["syntax"]), int(said["size"]), PixelForm(**said["form"]), Limits(**said["limits"]))
    except (ValueError, TypeError, KeyError) as error:
        raise BadLine(str(error)) from error


def answer_line(answer: Answer) -> bytes:
    """An answer as a line."""
    return json.dumps({"refused": answer.refused[:MOST_WORDS] if answer.refused else answer.refused}).encode() + b"\n"


def read_answer(line: bytes) -> Answer:
    """The answer in a line; raises `BadLine` for all that isn't exactly one."""
    try:
        said = json.loads(line)
    except ValueError as error:
        raise BadLine(str(error)) from error
    if not isinstance(said, dict) or set(said) != {"refused"} or not isinstance(said["refused"], str | None):
        raise BadLine("not an answer")
    return Answer(said["refused"])
