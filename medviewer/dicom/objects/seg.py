"""DICOM Segmentation: label maps out and in (PS3.3 A.51)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medviewer.core.errors import CannotWrite
from medviewer.core.progress import Progress

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from medviewer.core.geometry import Geometry
    from medviewer.core.segmentation import Segmentation
    from medviewer.dicom.objects.acceptance import Acceptance
    from medviewer.dicom.objects.writing import WrittenObject

SERIES_NUMBER = 9101


def write_seg(
    segmentation: Segmentation,
    sources: Sequence[Dataset],
    path: Path,
    *,
    acceptance: Acceptance | None = None,
    series_description: str = "",
    series_number: int = SERIES_NUMBER,
    progress: Progress | None = None,
) -> WrittenObject:
    """Write a label map as a BINARY Segmentation, read it back, compare it, and only then give it its name.

    segmentation : on any grid in the sources' frame of reference; frames refer to the source images they coincide with.
        Of a single image that lies in no patient space (CR, DX) it is ``(1, rows, columns)`` on the stored pixels.
    sources : headers of all source images (one series), pixel data not needed.
    acceptance : who stands behind it; without one the series says that nobody reviewed it.

    Labels without a voxel get no segment, empty frames are left out. Segment numbers are consecutive as the
    standard demands; the label value is kept in Segment Description and in the answer's ``segment_numbers``.
    Raises `CannotWrite` when there is nothing to write, slices have no frame of reference, the name is taken
    or the file read back differs; `Cancelled` leaves nothing behind.
    """
    from medviewer.dicom.objects.seg_building import build_seg, compare_seg
    from medviewer.dicom.objects.writing import write_checked

    progress = progress or Progress()
    progress.report(0.0, "Writing the segmentation")
    if path.exists():
        raise CannotWrite(f"{path} is there already, and nothing is ever overwritten. Choose another name.")
    ds, numbers = build_seg(segmentation, sources, acceptance, series_description, series_number, progress.part(0.0, 0.7))

    def compare(part: Path) -> list[str]:
        progress.report(0.8, "Reading the segmentation back")
        differences = compare_seg(part, segmentation, ds, sources)
        progress.check()
        return differences

    written = write_checked(ds, path, "seg", compare, numbers)
    progress.report(1.0)
    return written


def read_seg(path: Path, onto: Geometry | None = None) -> Segmentation:
    """Read a Segmentation whose segments don't overlap as one label map.

    The grid reaches from the first to the last stored frame, in the order of the normal; with ``onto`` the labels
    are placed on that grid, which must have the same voxels. Frames that only name the image they were made on have
    that image's pixels for a grid: columns along x, rows along y, 1 apart. Label values are the segment numbers, or for our own
    files the values they were written from. Raises `CannotDecode` for anything that is no such label map.
    """
    from medviewer.dicom.objects.seg_reading import read_label_map

    return read_label_map(path, onto)
