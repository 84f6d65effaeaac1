"""DICOMDIR: the directory of a disc or folder, and the files it names (PS3.3 F, PS3.10 section 8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from medviewer.core.study import FileLocation, printable
from medviewer.dicom import tags
from medviewer.dicom.elements import BadHeader, Elements
from medviewer.dicom.header import NotDicom, read_header
from medviewer.dicom.kinds import DICOMDIR_CLASS
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives

FileId = tuple[str, ...]
"""The folders and the name by which a directory names a file, from the directory's own folder on."""
INACTIVE = 0
MOST_NAMED = 5
LONGEST_NAME = 80
_PARTS = re.compile(r"[\\/]+")
_VERSION = re.compile(r";[0-9]+$")


def is_directory_file(path: Path) -> bool:
    """Whether a file says in its meta information that it is a directory; its name is not asked."""
    with path.open("rb") as file:
        return DICOMDIR_CLASS.encode() in file.read(512)


def named_files(elements: Elements) -> list[FileId]:
    """The files that the records in use name, in their order; names that lead out of the folder are left out."""
    found = []
    for record in elements.items(tags.DIRECTORY_RECORDS):
        parts = tuple(part.strip() for part in _PARTS.split(record.text(tags.REFERENCED_FILE_ID)) if part.strip(" ."))
        is_inside = all(":" not in part for part in parts)
        if parts and is_inside and record.short(tags.RECORD_IN_USE, 0xFFFF) != INACTIVE:
            found.append(parts)
    return list(dict.fromkeys(found))


def files_of(path: Path) -> tuple[list[Path], list[FileId]] | None:
    """Where the files that a directory names are, and those that aren't there; None when it can't be read or names none."""
    try:
        with Archives() as archives:
            file, size = archives.open(FileLocation(path))
            with file:
                names = named_files(read_header(file, size).elements)
    except (OSError, BadHeader, NotDicom, *ZIP_ERRORS):
        return None
    finder = Finder(path.parent)
    there = [(name, finder.find(name)) for name in names]
    return ([place for _, place in there if place is not None], [name for name, place in there if place is None]) if names else None


def account(elements: Elements, location: FileLocation, archives: Archives) -> tuple[str, str]:
    """What is said (code, sentence) about a directory that is among the files: whether all it names is there."""
    names = named_files(elements)
    if location.member is None:
        finder = Finder(location.path.parent)
        missing = [name for name in names if finder.find(name) is None]
    else:
        folder = location.member.rpartition("/")[0]
        inside = {_plain(name) for name in archives.zip(location.path).members}
        missing = [name for name in names if _plain("/".join(filter(None, (folder, *name)))) not in inside]
    if not missing:
        return "dicomdir", "it is a directory of other files and holds no images itself; those files are opened directly"
    some = ", ".join(_shown(name) for name in missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return "missing-files", f"it is a directory, and {len(missing)} of the {len(names)} files it names are not there: {some}{more}"


def _shown(name: FileId) -> str:
    text = printable("/".join(name))
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _plain(name: str) -> str:
    """A name without what discs and their copies change about it: case and the version of ISO 9660."""
    return _VERSION.sub("", name).rstrip(".").casefold()


class Finder:
    """Finds files below a folder by the names of a directory; folders are listed once each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lists: dict[Path, dict[str, str]] = {}

    def find(self, parts: Sequence[str]) -> Path | None:
        """The file, whatever happened to its name's case, version number or ending on the way; None when it isn't there."""
        place = self._folder
        for number, part in enumerate(parts):
            names = self._names(place)
            name = names.get(_plain(part))
            if name is None and number == len(parts) - 1:
                name = next((there for plain, there in names.items() if plain.rpartition(".")[0] == _plain(part)), None)
            if name is None:
                return None
            place /= name
        return place if place.is_file() else None

    def _names(self, folder: Path) -> dict[str, str]:
        found = self._lists.get(folder)
        if found is None:
            try:
                found = {_plain(path.name): path.name for path in sorted(folder.iterdir(), reverse=True)}
            except OSError:
                found = {}
            self._lists[folder] = found
        return found
