"""Packed data: everything a training needs in one compressed file, or in several where one would be too large."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.training.errors import BadTrainingData

MOST_BYTES = 56_000_000
"""No file of a pack is meant to be larger."""
_ABOUT = "about"
Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """about : plain values, among them ``kind`` and the ``recipe``. identity : SHA-256 of all of it."""

    about: dict[str, Any]
    arrays: dict[str, Array]
    identity: str


def write_pack(target: Path, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Path, ...]:
    """Write ``target``, or ``target-1.npz``, ``target-2.npz``... so that none is larger than `MOST_BYTES`; returns what was written.

    An array goes into one file; what is large is best given as several arrays.
    """
    identity = _identity(about, arrays)
    groups: list[list[str]] = [[]]
    filled = 0
    for name, array in arrays.items():
        size = _packed_bytes(array)
        if filled and filled + size > MOST_BYTES:
            groups.append([])
            filled = 0
        groups[-1].append(name)
        filled += size
    paths = []
    for number, names in enumerate(groups, start=1):
        path = target if len(groups) == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
        said = {**about, "identity": identity, "part": number, "parts": len(groups)}
        np.savez_compressed(path, allow_pickle=False, **{_ABOUT: np.array(json.dumps(said))}, **{name: arrays[name] for name in names})
        paths.append(path)
    return tuple(paths)


def read_pack(paths: Sequence[Path]) -> Pack:
    """Read all files of a pack, in any order; raises `BadTrainingData` if one is missing, damaged or of another pack."""
    arrays: dict[str, Array] = {}
    found: dict[int, dict[str, Any]] = {}
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as stored:
                about = json.loads(str(stored[_ABOUT]))
                arrays |= {name: stored[name] for name in stored.files if name != _ABOUT}
        except (OSError, ValueError, KeyError) as error:
            raise BadTrainingData(f"{path} can't be read as packed data ({error}). Pack it again.") from error
        found[about.pop("part")] = about
    first = next(iter(found.values()))
    if any(about != first for about in found.values()):
        raise BadTrainingData(f"{', '.join(map(str, paths))} belong to different packs.")
    missing = sorted(set(range(1, first["parts"] + 1)) - set(found))
    if missing:
        raise BadTrainingData(f"The pack has {first['parts']} files; number {', '.join(map(str, missing))} is missing.")
    identity, _ = first.pop("identity"), first.pop("parts")
    if _identity(first, arrays) != identity:
        raise BadTrainingData(f"{', '.join(map(str, paths))}: the content isn't what was packed. Pack it again.")
    return Pack(first, arrays, identity)


def _packed_bytes(array: Array) -> int:
    """A guess from a sample of the array, on the large side."""
    import zlib

    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    sample = np.concatenate([flat[start : start + 200_000] for start in range(0, flat.size, max(200_000, flat.size // 10))])
    return int(1.1 * flat.size * len(zlib.compress(sample.tobytes(), 6)) / max(sample.size, 1)) if flat.size else 0


def _identity(about: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def plain(value: Any) -> Any:
    """A recipe from its JSON, for machines without pydantic: tables become objects with attributes, lists tuples."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: plain(part) for name, part in value.items()})
    if isinstance(value, list):
        return tuple(plain(part) for part in value)
    return value
