"""The viewer's own accepted results as training data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import SegmentationStorage

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.dicom.objects.coded import code_of, side_of
from medviewer.training.data.cases import Case, Listing
from medviewer.training.data.cleaning import Decoded, pixel_digest
from medviewer.training.data.sources import files_below, require_folder
from medviewer.training.data.volume_file import Bytes, LabelledVolume, numbered, prepared_volume, read_label_values
from medviewer.training.recipe_kinds.segmentation import StructureTable, VolumeInput

NOT_ACCEPTED = "no report beside it, verified by a named person, refers to it"
NO_IMAGES = "the images it was drawn on are not in the folder"


@dataclass(frozen=True, slots=True)
class AcceptedResult:
    """A segmentation, the stack it lies on, and the segment numbers that verified findings refer to."""

    case: Case
    stack: Stack
    segments: frozenset[int]


def accepted_results(folder: Path) -> tuple[list[AcceptedResult], Listing]:
    """Saved segmentations below ``folder`` whose findings a person accepted, with their images.

    What a person didn't verify (``analyze`` without a window writes such) is left out, and so said. The subject is the
    patient's ID.
    """
    from medviewer.dicom.scan import scan

    require_folder(folder)
    found = scan([folder], Progress())
    stacks = {stack.series_uid: stack for stack in found.stacks() if stack.makes_volume}
    patients = {stack.series_uid: patient.id for patient in found.patients for study in patient.studies for stack in study.stacks}
    files = [path for path in files_below(folder) if path.suffix.lower() == ".dcm"]
    segments = _verified_segments(files)
    results, left_out = [], []
    for path in files:
        seg = _seg_header(path)
        if seg is None:
            continue
        name = path.relative_to(folder).as_posix()
        uid, series = seg
        if uid not in segments:
            left_out.append((name, NOT_ACCEPTED))
        elif series not in stacks:
            left_out.append((name, NO_IMAGES))
        else:
            case = Case(name, path, labels=path, subject=patients[series] or name)
            results.append(AcceptedResult(case, stacks[series], frozenset(segments[uid])))
    return results, Listing(tuple(r.case for r in results), tuple(left_out))


def decoded_accepted(result: AcceptedResult, wanted: VolumeInput, structures: tuple[StructureTable, ...]) -> Decoded[LabelledVolume]:
    """The images and labels of an accepted result, prepared. Segments are the recipe's structures by code and side.

    Raises `CannotDecode` where a structure has no segment or no accepted finding refers to it: nobody said that it is right.
    """
    from medviewer.dicom.volumes import load_volume
    from medviewer.imaging.resample import resample_labels

    volume = load_volume(result.stack.at_time(0), Progress())
    labels, geometry, segmentation = read_label_values(result.case.image, volume.geometry)
    assert segmentation is not None
    accepted = _accepted_concepts(result)
    numbers: dict[int, int] = {}
    for number, structure in enumerate(structures, start=1):
        scheme, value = structure.code.split(":", 1)
        concept = (scheme, value, structure.side)
        matching = [n for n, segment in segmentation.segments.items() if (segment.code.scheme, segment.code.value, segment.side) == concept]
        if not matching:
            raise CannotDecode(result.case.name, f"it has no segment for {structure.name}")
        if concept not in accepted:
            raise CannotDecode(result.case.name, f"no accepted finding refers to {structure.name}")
        numbers |= dict.fromkeys(matching, number)
    mapped: Bytes = numbered(labels, numbers)
    values, grid = prepared_volume(volume, wanted)
    constant = bool((volume.stored == volume.stored.flat[0]).all())
    content = LabelledVolume(values, resample_labels(mapped, geometry, grid))
    return Decoded(pixel_digest(volume.stored), constant, content, pixel_digest(mapped))


def _accepted_concepts(result: AcceptedResult) -> set[tuple[str, str, str | None]]:
    """Code and side of each segment that an accepted finding refers to."""
    concepts = set()
    for item in dcmread(result.case.image, specific_tags=["SegmentSequence"], stop_before_pixels=True).SegmentSequence:
        if int(item.SegmentNumber) in result.segments:
            kind = item.SegmentedPropertyTypeCodeSequence[0]
            sides = (side_of(code_of(code)) for code in kind.get("SegmentedPropertyTypeModifierCodeSequence", []))
            code = code_of(kind)
            concepts.add((code.scheme, code.value, next((side for side in sides if side), None)))
    return concepts


def _verified_segments(files: list[Path]) -> dict[str, set[int]]:
    from medviewer.dicom.objects.sr import read_report

    found: dict[str, set[int]] = defaultdict(set)
    for path in files:
        if _modality(path) != "SR":
            continue
        try:
            findings = read_report(path)
        except CannotDecode:
            continue  # a report of another kind accepts nothing
        for finding in findings:
            if finding.verified and finding.seg_uid:
                found[finding.seg_uid] |= set(finding.segment_numbers)
    return found


def _modality(path: Path) -> str:
    try:
        return str(dcmread(path, specific_tags=["Modality"], stop_before_pixels=True).get("Modality", ""))
    except (OSError, InvalidDicomError):
        return ""


def _seg_header(path: Path) -> tuple[str, str] | None:
    """SOP Instance UID of a segmentation, and the series it was drawn on; None for anything else."""
    try:
        ds = dcmread(path, specific_tags=["SOPClassUID", "SOPInstanceUID", "ReferencedSeriesSequence"], stop_before_pixels=True)
    except (OSError, InvalidDicomError):
        return None
    if ds.get("SOPClassUID") != SegmentationStorage:
        return None
    series = ds.get("ReferencedSeriesSequence") or ()
    return str(ds.SOPInstanceUID), str(series[0].SeriesInstanceUID) if series else ""
