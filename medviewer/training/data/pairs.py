"""Images with label maps of the same name."""

from __future__ import annotations

from pathlib import Path

from medviewer.training.data.cases import Case, Listing
from medviewer.training.data.sources import require_folder, subject_of
from medviewer.training.data.volume_file import NIFTI


def pairs(folder: Path, images: str, labels: str, subject: str | None) -> Listing:
    """Every entry of ``folder/images`` (NIfTI, a DICOM file, or a folder of them) with the label map of its name, if there is one.

    Label maps whose image is missing are left out, and so said.
    """
    require_folder(folder / images)
    require_folder(folder / labels)
    maps = {bare_name(path): path for path in sorted((folder / labels).iterdir()) if not path.name.startswith(".")}
    cases = []
    for path in sorted((folder / images).iterdir()):
        if path.name.startswith("."):
            continue
        name = f"{images}/{path.name}"
        cases.append(Case(name, path, labels=maps.pop(bare_name(path), None), subject=subject_of(path.name, subject) or name))
    return Listing(tuple(cases), tuple((f"{labels}/{path.name}", "there is no image of its name") for path in maps.values()))


def bare_name(path: Path) -> str:
    """A file's name without what says its kind."""
    name = path.name
    for ending in (*reversed(NIFTI), ".seg.dcm", ".dcm"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name
