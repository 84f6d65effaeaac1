"""What the program does with an input, from finding files to showing pixels; collects every sentence it says."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from medviewer.app.inspect import inspect_paths
from medviewer.core.errors import Cancelled, MedviewerError
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Scan, Stack, printable
from medviewer.dicom.description import attributes
from medviewer.dicom.element_values import Elements
from medviewer.dicom.frames import DecodedImage, read_image
from medviewer.dicom.header import BadHeader, NotDicom, read_header
from medviewer.dicom.headers import source_datasets
from medviewer.dicom.layouts import Layouts
from medviewer.dicom.objects.data_set import read_data_set
from medviewer.dicom.objects.tag_search import TagIndex
from medviewer.dicom.objects.tag_tree import as_text
from medviewer.dicom.scan import scan
from medviewer.dicom.sources.files import Archives
from medviewer.dicom.thumbnails import displayed, thumbnail
from medviewer.dicom.volumes import VolumeReader

from .program_objects import steps_of
from .sentences import Said

MOST_STACKS = 8
"""Stacks of one case that are looked at: a mutated series may fall into many."""
MOST_REPORTS = 40
MOST_FRAMES = 60
"""Frames of one case that are decoded at all; of more, the first, the middle and the last are."""


def use(path: Path, *, further: bool) -> list[Said]:
    """Open a file or folder as the window and the command line do; whatever is raised that isn't expected is a defect."""
    said: list[Said] = []
    found = scan([path], Progress())
    _account(found)
    said += [Said(f"refused {entry.code}", entry.reason, whole=False) for entry in found.refused]
    for stack in found.stacks()[:MOST_STACKS]:
        said += [Said(f"notice {notice.code}", notice.message, whole=False) for notice in stack.warnings]
        if stack.why_not is not None:
            said.append(Said("why not", stack.why_not, whole=False))
        for step in (*_steps(stack), *steps_of(found, stack)):
            try:
                step()
            except MedviewerError as error:
                said.append(Said(type(error).__name__, str(error), whole=True, names=_names(stack)))
    if path.is_dir():
        _alike(path)
    if further:
        said += _tags(found)
        document = json.loads(inspect_paths([path], decode=_frames(found) <= MOST_FRAMES, progress=Progress()).to_json())
        said += [Said("inspect refused", entry["reason"], whole=False) for entry in document["refused"]]
        said += [Said("inspect error", text, whole=False) for text in _errors(document)]
    return said


class Patience(Progress):
    """A person who gives up the search of a tree of tens of thousands of lines, which is made for that."""

    def report(self, fraction: float | None, text: str = "") -> None:
        super().report(fraction, text)
        self.reports = getattr(self, "reports", 0) + 1
        if self.reports > MOST_REPORTS:
            self.cancel()


def _frames(found: Scan) -> int:
    return sum(len(stack.images) for stack in found.stacks())


def _tags(found: Scan) -> list[Said]:
    """All tags of the first file of each stack and of refused files, as a person can ask for them."""
    said = []
    locations = [stack.images[0].file for stack in found.stacks()] + [entry.file for entry in found.refused]
    for location in [place for place in locations if place.member or place.path.is_file()][:MOST_STACKS]:
        try:
            read = read_data_set(location)
            for line in TagIndex(read, Patience()).find("0010").top[:2]:
                as_text(line)
        except Cancelled:
            continue
        except MedviewerError as error:
            said.append(Said(type(error).__name__, str(error), whole=True, names=(printable(location.path.name),)))
    return said


def _alike(folder: Path) -> None:
    """What files of a series share is read once; that must not change what any of them says."""
    layouts = Layouts()
    for path in sorted(path for path in folder.rglob("*") if path.is_file())[:MOST_STACKS]:
        alone, together = (_values(path, each) for each in (None, layouts))
        assert alone == together, f"{path.name} says something else among others"


def _values(path: Path, layouts: Layouts | None) -> object:
    with path.open("rb") as file:
        try:
            header = read_header(file, path.stat().st_size, layouts)
        except (BadHeader, NotDicom) as error:
            return type(error), str(error)
        return _plain(header.elements), header.pixels, header.transfer_syntax


def _plain(elements: Elements) -> dict[int, object]:
    return {tag: [_plain(item) for item in value] if isinstance(value, list) else value for tag, value in elements.values.items()}


def _account(found: Scan) -> None:
    """Every file ends up in a stack, among the refused, or among those that are no DICOM."""
    opened = {location for stack in found.stacks() for location in stack.files}
    listed = len(opened) + len(found.refused) + len(found.not_dicom)
    assert found.files == listed, f"{found.files} files were found and {listed} are accounted for"


def _names(stack: Stack) -> tuple[str, ...]:
    """What a sentence about a stack may name."""
    files: set[FileLocation] = set(stack.files)
    return tuple({printable(location.path.name) for location in files} | {stack.series_uid or "Series"})


def _errors(document: dict) -> Iterator[str]:  # type: ignore[type-arg]
    for patient in document["patients"]:
        for study in patient["studies"]:
            for series in study["series"]:
                for entry in series.get("decoded") or []:
                    if entry.get("error"):
                        yield entry["error"]


def _steps(stack: Stack) -> Iterator[Callable[[], object]]:
    """Each costs only itself when it is refused."""
    yield lambda: attributes(stack)
    yield lambda: source_datasets(stack)
    yield lambda: thumbnail(stack)
    if stack.kind.has_images:
        count = len(stack.images)
        for index in sorted({0, count // 2, count - 1}):
            yield lambda ref=stack.images[index]: _show(ref)  # type: ignore[misc]
    if stack.geometry is not None and len(stack.images) > MOST_FRAMES:
        yield lambda: VolumeReader(stack)
    elif stack.geometry is not None:
        yield lambda: _volume(stack)


def _show(ref: ImageRef) -> None:
    with Archives() as archives:
        image = read_image(ref, archives)
    _check(image)
    displayed(image)


def _check(image: DecodedImage) -> None:
    """What a viewport relies on."""
    assert image.pixels.ndim == 2 or (image.pixels.ndim == 3 and image.pixels.shape[2] == 3), f"pixels are {image.pixels.shape}"
    assert math.isfinite(image.rescale.slope), "the slope is no number"
    assert math.isfinite(image.rescale.intercept), "the intercept is no number"
    assert all(math.isfinite(value) for window in image.windows for value in window), "a window is no number"
    if image.spacing_mm is not None:
        assert all(math.isfinite(value) and value > 0 for value in image.spacing_mm), "the spacing is no length"


def _volume(stack: Stack) -> None:
    geometry = stack.geometry
    assert geometry is not None
    assert np.isfinite(geometry.index_to_lps).all(), "the geometry is no number"
    assert np.isfinite(geometry.directions).all(), "directions are no numbers"
    assert all(math.isfinite(value) and value > 0 for value in geometry.spacing_ijk), "the spacing is no length"
    assert np.isfinite(geometry.to_index(geometry.to_lps([[1, 1, 1]]))).all(), "the geometry can't be inverted"
    volume = VolumeReader(stack).read(Progress())
    volume.real_slice(volume.stored.shape[0] // 2)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("decode-")], "a decoding thread is left"
