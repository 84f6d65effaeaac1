"""Finding every file below the given paths, in a thread of its own so that reading can begin before the last is found."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from medviewer.core.study import FileLocation, Refused
from medviewer.dicom.sources import dicomdir
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, is_regular, why_unreadable
from medviewer.dicom.sources.natural_order import natural_key
from medviewer.dicom.sources.zips import is_zip, members


class Listing:
    """Files in natural order, folder by folder, members of ZIPs included; and what can't even be looked at.

    files : plain files and members, growing while `is_complete` is False. refused, special : grow with it; special files
    (pipes, devices, sockets) are never opened. current : the folder or file that is being looked at.
    """

    def __init__(self, paths: Sequence[Path], archives: Archives) -> None:
        self.files: list[FileLocation] = []
        self.refused: list[Refused] = []
        self.special: list[FileLocation] = []
        self.current: Path | None = None
        self._paths, self._archives = tuple(dict.fromkeys(paths)), archives
        self._known: set[FileLocation] | None = set() if len(self._paths) > 1 else None
        self._grown = threading.Condition()
        self._is_complete = self._is_stopped = False

    @property
    def is_complete(self) -> bool:
        """Whether all files have been found."""
        return self._is_complete

    def stop(self) -> None:
        """Find no more."""
        self._is_stopped = True

    def run(self) -> None:
        """Find all files; for the listing's thread."""
        try:
            for path in self._paths:
                self._root(path)
        finally:
            with self._grown:
                self._is_complete = True
                self._grown.notify_all()

    def each(self) -> Iterator[FileLocation]:
        """The files as they are found; waits for more until all are."""
        number = 0
        while True:
            while number < len(self.files):
                yield self.files[number]
                number += 1
            with self._grown:
                if number >= len(self.files):
                    if self._is_complete:
                        return
                    self._grown.wait(1.0)

    def _root(self, path: Path) -> None:
        self.current = path
        try:
            if path.is_dir():
                self._folder(path)
            elif not path.exists():
                self.refused.append(Refused(FileLocation(path), "not-found", "there is no such file or folder"))
            elif not is_regular(path):
                self.special.append(FileLocation(path))
            elif is_zip(path):
                self._zip(path)
            elif dicomdir.is_directory_file(path):
                self._directory(path)
            else:
                self._add([FileLocation(path)])
        except OSError as error:
            self.refused.append(Refused(FileLocation(path), "unreadable", f"it can't be read: {error.strerror or error}"))

    def _directory(self, path: Path) -> None:
        """The files a DICOMDIR names; everything in its folder where it is broken or some are missing."""
        named = dicomdir.files_of(path)
        if named is None or named[1]:
            self._folder(path.parent)
        else:
            self._add([FileLocation(path), *map(FileLocation, named[0])])

    def _folder(self, root: Path) -> None:
        """Files below a folder; links to folders are followed once each."""
        seen = {os.path.realpath(root)}
        folders = [root]
        while folders and not self._is_stopped:
            folder = folders.pop(0)
            self.current = folder
            inside = self._one_folder(folder)
            new = {real: path for path in inside if (real := os.path.realpath(path)) not in seen}
            seen.update(new)
            folders[:0] = new.values()

    def _one_folder(self, folder: Path) -> list[Path]:
        """Takes the files of a folder and returns the folders in it."""
        try:
            with os.scandir(folder) as entries:
                ordered = sorted(entries, key=lambda entry: natural_key(entry.name))
        except OSError as error:
            self.refused.append(Refused(FileLocation(folder), "unreadable", f"the folder can't be listed: {error.strerror or error}"))
            return []
        folders: list[Path] = []
        plain: list[FileLocation] = []
        for entry in ordered:
            path = Path(entry.path)
            try:
                if entry.is_file():
                    if entry.name[-4:].lower() == ".zip":
                        self._add(plain)
                        plain = []
                        self._zip(path)
                    else:
                        plain.append(FileLocation(path))
                elif entry.is_dir():
                    folders.append(path)
                elif path.exists():
                    self.special.append(FileLocation(path))
                else:
                    self.refused.append(Refused(FileLocation(path), "unreadable", "it is a link to a file that isn't there"))
            except OSError as error:
                self.refused.append(Refused(FileLocation(path), "unreadable", f"it can't be read: {error.strerror or error}"))
        self._add(plain)
        return folders

    def _zip(self, path: Path) -> None:
        self.current = path
        try:
            inside = members(path, self._archives.zip(path))
        except (OSError, ValueError, *ZIP_ERRORS) as error:
            self.refused.append(Refused(FileLocation(path), "damaged-zip", f"it is not a readable ZIP: {why_unreadable(error)}"))
            return
        self.refused.extend(inside.refused)
        self._add(inside.found)

    def _add(self, locations: Iterable[FileLocation]) -> None:
        if self._known is not None:
            locations = [location for location in locations if location not in self._known]
            self._known.update(locations)
        with self._grown:
            self.files.extend(locations)
            self._grown.notify_all()
