"""How every object is written: temporary name, read back, compared, then named; never over another file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medviewer.core.errors import CannotWrite
from medviewer.core.files import new_file

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """An object on disk that was read back and found equal to what was meant.

    kind : ``seg`` or ``sr``.
    segment_numbers : for a SEG, the Segment Number of each label value (SEG numbers start at 1 and have no gaps).
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    sha256: str
    kind: str
    segment_numbers: Mapping[int, int] = field(default_factory=dict)


def write_checked(
    ds: Dataset, path: Path, kind: str, compare: Callable[[Path], list[str]], segment_numbers: Mapping[int, int] | None = None
) -> WrittenObject:
    """Write ``ds``, read it back through ``compare`` (which names every difference), and only then give it its name.

    Raises `CannotWrite` when the name is taken, the disk refuses, or anything differs; nothing is left then.
    """
    with new_file(path) as part:
        ds.save_as(part, enforce_file_format=True)
        differences = compare(part)
        if differences:
            raise CannotWrite(f"{path} was not saved: read back, it differs from what was meant ({'; '.join(differences[:3])}).")
        digest = hashlib.sha256(part.read_bytes()).hexdigest()
    return WrittenObject(
        path, str(ds.SOPClassUID), str(ds.SOPInstanceUID), str(ds.SeriesInstanceUID), digest, kind, dict(segment_numbers or {})
    )
