"""Values out of pydicom data sets, for objects of which every corner matters."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from medviewer.core.errors import CannotDecode
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.data_set import read_data_set

BAD_VALUES: tuple[type[Exception], ...] = (
    AttributeError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    OSError,
    EOFError,
    struct.error,
    RecursionError,
    NotImplementedError,
    BytesLengthException,
)
"""What reading the elements of a malformed data set raises."""
LARGEST_NUMBER = 1e30


def read_dataset(location: FileLocation) -> Dataset:
    """A whole file or ZIP member as a data set, without its pixel data.

    Raises `CannotDecode`, also for one that can be read only in part: what is drawn must not lack a piece that nobody told of.
    """
    found = read_data_set(location)
    if found.notes:
        raise CannotDecode(str(location), "the file is damaged, so something could be missing", "damaged")
    if "SOPClassUID" not in found.ds:
        raise CannotDecode(str(location), "it doesn't say what kind of object it is (SOPClassUID)", "damaged")
    return found.ds


@contextmanager
def damage_told(location: FileLocation, words: str) -> Iterator[None]:
    """Whatever a malformed data set provokes inside becomes a `CannotDecode` that begins with ``words``."""
    try:
        yield
    except BAD_VALUES as error:
        raise CannotDecode(str(location), f"{words}{in_brackets(error)}", "damaged") from error


class BadValue(ValueError):
    """A value of an object is missing or wrong; the text says which, without a full stop."""


def in_brackets(error: Exception) -> str:
    """What an error of reading an object says to a person: of what is missing its name, of what Python says nothing."""
    if isinstance(error, BadValue):
        return f" ({error})"
    missing = error.name if isinstance(error, AttributeError) else None
    return f" ({missing} is missing)" if missing and tag_for_keyword(missing) is not None else ""


def items(ds: Dataset | None, keyword: str) -> list[Dataset]:
    """The items of a sequence; empty when it is absent, empty, or no sequence."""
    value = ds.get(keyword) if ds is not None else None
    return list(value) if value is not None and not isinstance(value, str | bytes) else []


def item(ds: Dataset | None, keyword: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    found = items(ds, keyword)
    return found[0] if found else None


def text(ds: Dataset | None, keyword: str) -> str:
    """A value as text, empty when absent; several values are joined by spaces."""
    value = ds.get(keyword) if ds is not None else None
    if value is None:
        return ""
    return " ".join(str(part) for part in value).strip() if isinstance(value, list | tuple) else str(value).strip()


def numbers(ds: Dataset | None, keyword: str) -> list[float]:
    """Values as floats; empty when absent. Raises ``ValueError`` for what is no number, or far from any."""
    value = ds.get(keyword) if ds is not None else None
    if value is None or value == "":
        return []
    parts = value if isinstance(value, list | tuple) or (hasattr(value, "__iter__") and not isinstance(value, str | bytes)) else [value]
    found = [float(part) for part in parts]
    if not all(abs(number) <= LARGEST_NUMBER for number in found):
        raise BadValue(f"{keyword} is no number that can be")
    return found
