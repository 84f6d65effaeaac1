"""Our NIfTI export beside dcm2niix': every folder of DICOM files below a folder, as a table.

    python tests/support/dcm2niix.py FOLDER

Needs dcm2niix (Debian package of that name). Both results are brought to the same order of axes first, because
dcm2niix stores rows from the bottom up; then voxels and affine are compared.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

AFFINE_TOLERANCE_MM = 1e-3


@dataclass(frozen=True)
class Row:
    """One volume of one of the two: what the other made of it.

    verdict : ``same``, ``differs``, ``only ours`` or ``only dcm2niix``.
    """

    folder: str
    ours: str
    theirs: str
    verdict: str
    affine_mm: float | None = None
    values: float | None = None

    def line(self) -> str:
        numbers = "" if self.affine_mm is None else f"affine {self.affine_mm:.6f} mm, values {self.values:g}"
        return f"{self.folder} | {self.ours or '-'} | {self.theirs or '-'} | {self.verdict} | {numbers}"


def compare(folder: Path, work: Path, *options: str) -> list[Row]:
    """Both converters on the files of one folder (not those below it)."""
    ours, theirs = _ours(folder, work / "ours"), _theirs(folder, work / "theirs", *options)
    rows = []
    left = dict(theirs)
    for name, image in ours.items():
        fitting = [other for other, found in left.items() if found.shape == image.shape]
        if not fitting:
            rows.append(Row(folder.name, f"{name} {image.shape}", "", "only ours"))
            continue
        measured = {other: _difference(image, left[other]) for other in fitting}
        best = min(measured, key=lambda other: sum(measured[other]))
        affine, values = measured[best]
        same = affine <= AFFINE_TOLERANCE_MM and values <= _rounding(image)
        rows.append(Row(folder.name, f"{name} {image.shape}", best, "same" if same else "differs", affine, values))
        del left[best]
    rows += [Row(folder.name, "", f"{other} {found.shape}", "only dcm2niix") for other, found in left.items()]
    return rows


def folders_with_dicom(root: Path) -> Iterator[Path]:
    """Folders that hold files themselves."""
    for folder in sorted([root, *(p for p in root.rglob("*") if p.is_dir())]):
        if any(path.is_file() for path in folder.iterdir()):
            yield folder


def _ours(folder: Path, out: Path) -> dict[str, nib.Nifti1Image]:
    from medviewer.app.export import export
    from medviewer.core.errors import MedviewerError
    from medviewer.core.progress import Progress

    try:
        exported = export(
            [path for path in sorted(folder.iterdir()) if path.is_file() and ".nii" not in path.name], out, "nifti", Progress()
        )
    except MedviewerError:
        return {}
    return {path.name: _canonical(path) for path in exported.files}


def _theirs(folder: Path, out: Path, *options: str) -> dict[str, nib.Nifti1Image]:
    out.mkdir(parents=True)
    command = ["dcm2niix", "-b", "n", "-z", "n", "-d", "0", "-f", "%s_%d", *options, "-o", str(out), str(folder)]
    subprocess.run(command, check=False, capture_output=True, timeout=300)
    found = {}
    for path in sorted(out.glob("*.nii")):
        try:
            found[path.name] = _canonical(path)
        except (nib.spatialimages.HeaderDataError, TypeError, ValueError):  # colour, and affines of images without a place
            continue
    return found


def _canonical(path: Path) -> nib.Nifti1Image:
    image = nib.as_closest_canonical(nib.load(path))
    data = np.asanyarray(image.dataobj)
    if data.ndim == 4 and data.shape[3] == 1:
        data = data[..., 0]
    return nib.Nifti1Image(data.astype(np.float64), image.affine)


def _difference(ours: nib.Nifti1Image, theirs: nib.Nifti1Image) -> tuple[float, float]:
    """Largest distance of a corner in mm, and of a value."""
    i, j, k = (n - 1 for n in ours.shape[:3])
    corners = np.array([(a, b, c, 1) for a in (0, i) for b in (0, j) for c in (0, k)])
    affine = float(np.linalg.norm(corners @ (ours.affine - theirs.affine).T, axis=1).max())
    return affine, float(np.abs(ours.get_fdata() - theirs.get_fdata()).max())


def _rounding(image: nib.Nifti1Image) -> float:
    """Slope and intercept are single-precision numbers in a NIfTI file."""
    return float(np.abs(image.get_fdata()).max()) * 1e-6


def main() -> None:
    for folder in folders_with_dicom(Path(sys.argv[1])):
        with tempfile.TemporaryDirectory() as work:
            for row in compare(folder, Path(work), *sys.argv[2:]):
                print(row.line(), flush=True)


if __name__ == "__main__":
    main()
