"""Packages as ZIP files: taken apart without trusting them, and made the same from the same files every time."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from medviewer.core.errors import BadPackage, CannotWrite
from medviewer.core.files import new_file
from medviewer.models.manifest import MANIFEST_NAME

MOST_FILES = 1_000
MOST_BYTES = 4 << 30
"""Of a whole package, unpacked."""
_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP can hold; a package says nothing about when it was packed."""
_LONGEST_NAME = 200


def unpack(archive: Path, folder: Path) -> Path:
    """Take a package's ZIP apart into ``folder`` (created, must not be there); returns the folder with the manifest.

    Nothing is written outside ``folder``: members with absolute names, ``..``, backslashes, drive letters, links,
    passwords, or the same name twice are refused, and so is what is larger than `MOST_BYTES` or `MOST_FILES`
    (counted as it is unpacked, whatever the ZIP says). Raises `BadPackage` and `CannotWrite`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _refuse_members(archive, members)
            folder.mkdir(parents=True)
            _extract(opened, members, folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise BadPackage(f"{archive} is no ZIP that can be read: {error}.") from error
    except OSError as error:
        raise CannotWrite(f"{archive} can't be unpacked into {folder}: {error.strerror or error}.") from error
    return _root(archive, folder)


def _refuse_members(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_FILES:
        raise BadPackage(f"{archive} was not opened: it holds {len(members)} files, and a package has at most {MOST_FILES}.")
    if sum(member.file_size for member in members) > MOST_BYTES:
        raise BadPackage(f"{archive} was not opened: unpacked it would be larger than {MOST_BYTES >> 30} GB.")
    seen = set()
    for member in members:
        reason = _reason_against(member)
        if reason is None and member.filename.casefold() in seen:
            reason = "is there twice"
        if reason is not None:
            raise BadPackage(f"{archive} was not opened: {member.filename[:_LONGEST_NAME]!r} {reason}.")
        seen.add(member.filename.casefold())


def _reason_against(member: zipfile.ZipInfo) -> str | None:
    name = member.filename
    if not name or len(name) > _LONGEST_NAME or any(ord(letter) < 32 for letter in name):
        return "has a name that no file of a package may have"
    if "\\" in name or ":" in name or PurePosixPath(name).is_absolute() or any(part in ("", ".", "..") for part in name.split("/")):
        return "leads out of the package"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, and a package has none"
    if member.flag_bits & 1:
        return "has a password"
    return None


def _extract(opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path) -> None:
    left = MOST_BYTES
    for member in members:
        target = folder.joinpath(*member.filename.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(member) as source, target.open("xb") as written:
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise BadPackage(f"{opened.filename} was not opened: unpacked it is larger than {MOST_BYTES >> 30} GB.")
                written.write(chunk)


def _root(archive: Path, folder: Path) -> Path:
    """The folder with the manifest: the ZIP's own top, or the one folder in it."""
    inside = [folder, *sorted(sub for sub in folder.iterdir() if sub.is_dir())]
    found = [sub for sub in inside if (sub / MANIFEST_NAME).is_file()]
    if len(found) != 1 or (found[0] != folder and len(list(folder.iterdir())) > 1):
        raise BadPackage(f"{archive} is no model package: it should hold one {MANIFEST_NAME}, at its top or in its only folder.")
    return found[0]


def copy_package(source: Path, folder: Path) -> Path:
    """Copy a package's plain files into ``folder`` (created, must not be there).

    Hidden files are left out; links and anything that isn't a file are refused. Raises `BadPackage` and `CannotWrite`.
    """
    files = package_files(source)
    try:
        folder.mkdir(parents=True)
        for inside in files:
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / inside, target)
    except OSError as error:
        raise CannotWrite(f"{source} can't be copied to {folder}: {error.strerror or error}.") from error
    return folder


def package_files(folder: Path) -> list[Path]:
    """The files of a package, relative to it, in the order of their names; hidden ones are left out.

    Raises `BadPackage` for links, for what is neither file nor folder, and for too much of it.
    """
    found, total = [], 0
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise BadPackage(f"{folder} is no model package: {inside} is a link or no plain file.")
        if path.is_file():
            found.append(inside)
            total += path.stat().st_size
        if len(found) > MOST_FILES or total > MOST_BYTES:
            raise BadPackage(f"{folder} is no model package: it holds more than {MOST_FILES} files or {MOST_BYTES >> 30} GB.")
    return found


def write_archive(folder: Path, archive: Path) -> None:
    """Write a package's files into a new ZIP: the same bytes for the same files, on every machine.

    Files are stored, not compressed: weights hardly shrink, and compressors differ. Raises `CannotWrite`, `BadPackage`.
    """
    files = package_files(folder)
    with new_file(archive) as part, zipfile.ZipFile(part, "x", zipfile.ZIP_STORED) as opened:
        for inside in files:
            entry = zipfile.ZipInfo(inside.as_posix(), _EPOCH)
            entry.create_system = 3  # Unix, on every machine
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            with (folder / inside).open("rb") as source, opened.open(entry, "w") as written:
                shutil.copyfileobj(source, written, _CHUNK)
