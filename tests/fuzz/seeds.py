"""The sound files that are mutated: by name, with their content, and where it is possible as trees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from .tree import NotSound, Tree, parse

LARGEST_PACKAGED = 160_000
LARGEST_REAL = 600_000
"""Bytes above which a file isn't taken: the campaign lives from many cases a second."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One input as a person would open it: a file, or a folder of files, by relative path."""

    name: str
    files: dict[str, bytes]
    trees: dict[str, Tree] = field(default_factory=dict)

    @property
    def is_single(self) -> bool:
        return len(self.files) == 1

    def tree(self, name: str) -> Tree | None:
        """A copy of a file's tree, or None when it has none."""
        return self.trees[name].copy() if name in self.trees else None


def write_seeds(folder: Path, real: Path | None) -> str:
    """Make all seeds below a folder, one folder a seed. Returns a digest of their content."""
    from .seed_images import compressed_images, native_images
    from .seed_objects import folders, objects
    from .seed_videos import videos

    seeds = {name: {name: content} for make in (native_images, compressed_images, objects, videos) for name, content in make()}
    seeds |= dict(folders())
    seeds |= _packaged()
    if real is not None:
        seeds |= _real(real)
    digest = hashlib.sha256()
    for name, files in sorted(seeds.items()):
        for inside, content in sorted(files.items()):
            path = folder / name / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            digest.update(f"{name}/{inside}".encode() + content)
    return digest.hexdigest()[:12]


def read_seeds(folder: Path) -> list[Seed]:
    """What `write_seeds` made, by name."""
    found = []
    for place in sorted(folder.iterdir()):
        files = {path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}
        trees = {}
        for name, content in files.items():
            try:
                trees[name] = parse(content)
            except NotSound:
                continue
        found.append(Seed(place.name, files, trees))
    return found


def _packaged() -> dict[str, dict[str, bytes]]:
    """pydicom's own test files, as far as they come with the package."""
    import pydicom.data

    root = Path(pydicom.data.__file__).parent
    found: dict[str, dict[str, bytes]] = {}
    for folder in (root / "test_files", root / "charset_files", root / "palettes"):
        for path in sorted(folder.glob("*.dcm")):
            if path.stat().st_size <= LARGEST_PACKAGED:
                found[f"pydicom-{path.name}"] = {path.name: path.read_bytes()}
    directory = root / "test_files" / "dicomdirtests"
    names = [directory / "DICOMDIR", *sorted((directory / "77654033").rglob("*"))]
    found["pydicom-dicomdir"] = {path.relative_to(directory).as_posix(): path.read_bytes() for path in names if path.is_file()}
    return found


def _real(root: Path) -> dict[str, dict[str, bytes]]:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and path.stat().st_size <= LARGEST_REAL]
    files = [path for path in files if _is_dicom(path)]
    return {f"real-{path.relative_to(root).as_posix().replace('/', '-')}": {path.name: path.read_bytes()} for path in files}


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(132)
    return head[128:] == b"DICM" or head[:2] in (b"\x08\0", b"\x02\0")
