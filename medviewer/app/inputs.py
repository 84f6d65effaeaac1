"""What was given on the command line, as volumes to analyse or export."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from medviewer.core.errors import NothingReadable
from medviewer.core.progress import Progress
from medviewer.core.study import Notice, Refused, Scan, Stack
from medviewer.core.volume import Volume

if TYPE_CHECKING:
    from medviewer.app.repair import Repair, ResampledReader
    from medviewer.imaging.nifti import NiftiGrid

NIFTI_SUFFIXES = (".nii", ".nii.gz")


def is_nifti(path: Path) -> bool:
    """Whether a name says NIfTI."""
    return path.name.lower().endswith(NIFTI_SUFFIXES)


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to analyse: a stack of DICOM images, a NIfTI file, or a single picture (a file, or the one image of ``stack``).

    time_point : which of a 4D stack's, in words. is_resampled : the stack's slices have to be brought onto its grid.
    """

    path: Path
    stack: Stack | None = None
    time_point: str = ""
    is_resampled: bool = False
    is_picture: bool = False

    @property
    def kind(self) -> Literal["dicom", "nifti", "image"]:
        """What the files are."""
        if self.stack is not None:
            return "dicom"
        return "image" if self.is_picture else "nifti"


@dataclass(frozen=True, slots=True)
class Found:
    """Everything the paths hold."""

    sources: tuple[Source, ...]
    scan: Scan


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A source in memory. ``grid`` is the NIfTI file's own; ``seconds`` is how long reading took.

    skipped : files of slices that could not be decoded; unread : their places (array index k), filled with the lowest value.
    acquired : how many slices there are to read.
    """

    volume: Volume
    grid: NiftiGrid | None
    skipped: tuple[Refused, ...]
    seconds: float
    unread: tuple[int, ...] = ()
    acquired: int = 0

    @property
    def has_hole(self) -> bool:
        """Whether an unread slice lies between slices that were read."""
        read = sorted(set(range(self.volume.geometry.shape_kji[0])) - set(self.unread))
        return bool(read) and any(read[0] < k < read[-1] for k in self.unread)


def find_sources(paths: Sequence[Path], progress: Progress, series_uid: str | None = None, *, pictures: bool = False) -> Found:
    """Scan the paths; with ``series_uid``, only that series. pictures : whether JPEG and PNG files are inputs.

    Raises `NothingReadable` when nothing can be opened or the named series isn't there.
    """
    for path in paths:
        if not path.exists():
            raise NothingReadable(path, "there is no such file or folder")
    nifti = [path for path in paths if is_nifti(path) and path.is_file()]
    shown = picture_files(paths) if pictures else []
    others = [path for path in paths if path not in nifti and path not in shown]
    found = Scan()
    if others:
        from medviewer.dicom.scan import scan

        found = scan(others, progress)
        plain = [file.path for file in found.not_dicom if file.member is None]
        inside = [path for path in plain if is_nifti(path)]
        pictured = picture_files(plain) if pictures else []
        nifti, shown = nifti + inside, shown + pictured
        taken = {*inside, *pictured}
        found = replace(found, not_dicom=tuple(file for file in found.not_dicom if file.member is not None or file.path not in taken))
    stacks = [s for s in found.stacks() if series_uid is None or s.series_uid == series_uid]
    where = paths[0] if len(paths) == 1 else "the given paths"
    if series_uid is not None and not stacks:
        raise NothingReadable(where, f"series {series_uid} is not there")
    sources = [Source(others[0], stack) for stack in stacks]
    if series_uid is None:
        sources = [Source(path) for path in nifti] + [Source(path, is_picture=True) for path in shown] + sources
    if not sources:
        raise NothingReadable(where, _why_nothing(found, "DICOM, NIfTI or a picture" if pictures else "DICOM or NIfTI"))
    return Found(tuple(sources), found)


def picture_files(paths: Sequence[Path]) -> list[Path]:
    """Those of the paths that are pictures, damaged ones too."""
    from medviewer.imaging.picture_file import is_picture_file

    return [path for path in paths if is_picture_file(path) and path.is_file()]


def each_picture(found: Found, modalities: Collection[str]) -> Found:
    """The same with every image of the stacks of these modalities as a picture of its own; other stacks stay whole."""
    return replace(found, sources=tuple(one for source in found.sources for one in _pictures(source, modalities)))


def _pictures(source: Source, modalities: Collection[str]) -> list[Source]:
    stack = source.stack
    if stack is None or not stack.kind.has_images or (stack.modality and stack.modality.upper() not in modalities):
        return [source]
    return [Source(source.path, replace(stack, images=(image,), times=()), is_picture=True) for image in stack.images]


def each_time_point(found: Found) -> Found:
    """The same with every time point of a 4D stack as a source of its own."""
    return replace(found, sources=tuple(one for source in found.sources for one in _time_points(source)))


def repaired(found: Found, repair: Repair | None) -> Found:
    """The same with every stack that this repair helps repaired by it; nothing is read yet."""
    if repair is None:
        return found
    return replace(found, sources=tuple(one for source in found.sources for one in _repaired(source, repair)))


def _repaired(source: Source, repair: Repair) -> list[Source]:
    from medviewer.app.repair import Repair, offers, resampled_stack, split_stack

    stack = source.stack
    if stack is None or repair not in [offer.repair for offer in offers(stack)]:
        return [source]
    if repair is Repair.RESAMPLE:
        return [replace(source, stack=resampled_stack(stack), is_resampled=True)]
    return [replace(source, stack=part) for part in split_stack(stack, stack.number)]


def _time_points(source: Source) -> list[Source]:
    stack = source.stack
    if stack is None or not stack.times:
        return [source]
    count = len(stack.times)
    return [Source(source.path, stack.at_time(n), f"{n + 1} of {count}, {point.label}") for n, point in enumerate(stack.times)]


def _why_nothing(found: Scan, wanted: str) -> str:
    failed = [refused for refused in found.refused if refused.is_failure]
    if failed:
        first = failed[0]
        return f"{len(failed)} damaged or unsupported files, the first {first.file}: {first.reason}"
    return f"{len(found.not_dicom)} files, none of them {wanted}"


def load(source: Source, progress: Progress) -> Loaded:
    """Read a source into memory; raises `NoVolume` or `CannotDecode` when it isn't a volume."""
    began = time.monotonic()
    if source.is_picture:
        return Loaded(_picture(source), None, (), time.monotonic() - began, acquired=1)
    if source.stack is None:
        from medviewer.imaging.nifti import looks_like_hu, read_nifti

        volume, grid = read_nifti(source.path)
        if not volume.rescale.unit and looks_like_hu(volume):
            volume = replace(volume, rescale=replace(volume.rescale, unit="HU"))
            words = "The values look like Hounsfield units, so the file is taken for a CT."
            grid = replace(grid, notices=(*grid.notices, Notice("taken-for-ct", words, "info")))
        return Loaded(volume, grid, (), time.monotonic() - began, acquired=len(volume.stored))
    from medviewer.core.errors import NoVolume
    from medviewer.dicom.volumes import VolumeReader

    if source.stack.geometry is None:
        name = source.stack.series_uid or source.stack.description or "without a UID"
        raise NoVolume(name, source.stack.why_not or "its images don't form one regular stack")
    reader: VolumeReader | ResampledReader
    if source.is_resampled:
        from medviewer.app.repair import ResampledReader

        reader = ResampledReader(source.stack)
    else:
        reader = VolumeReader(source.stack)
    volume = reader.read(progress)
    unread = tuple(sorted(reader.failures))
    return Loaded(volume, None, tuple(reader.skipped), time.monotonic() - began, unread, len(source.stack.images))


def _picture(source: Source) -> Volume:
    if source.stack is None:
        from medviewer.imaging.picture_file import read_picture

        return read_picture(source.path)
    from medviewer.app.pictures import read_dicom_picture

    return read_dicom_picture(source.stack, source.stack.images[0])
