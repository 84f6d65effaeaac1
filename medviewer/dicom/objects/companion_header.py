"""What an object that belongs on images says about those images: read from its header alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import OverlayKind
from medviewer.core.study import FileLocation
from medviewer.dicom.elements import DEEPEST
from medviewer.dicom.kinds import STORAGE
from medviewer.dicom.objects.datasets import damage_told, items, read_dataset, text

_KINDS = {
    "66.4": OverlayKind.SEGMENTATION,
    "66.7": OverlayKind.SEGMENTATION,
    "481.3": OverlayKind.STRUCTURES,
    "481.2": OverlayKind.DOSE,
    "30": OverlayKind.PARAMETRIC_MAP,
    "88.59": OverlayKind.KEY_IMAGES,
}
_FAMILIES = {"88.": OverlayKind.ANNOTATIONS, "11.": OverlayKind.PRESENTATION}
_BULKY = frozenset({"PerFrameFunctionalGroupsSequence", "ROIContourSequence", "SegmentSequence"})


@dataclass(frozen=True, slots=True)
class CompanionHeader:
    """An object that may be drawn on images.

    images, series : SOP Instance and Series Instance UIDs it refers to.
    frames_of_reference : those its coordinates are in; empty when it has none of its own.
    draws : whether there is anything to draw; most reports are words alone.
    """

    file: FileLocation
    kind: OverlayKind
    title: str
    sop_instance_uid: str
    images: frozenset[str]
    series: frozenset[str]
    frames_of_reference: frozenset[str]
    draws: bool = True


def overlay_kind(sop_class_uid: str) -> OverlayKind | None:
    """What kind of overlay a SOP class is, or None when it is none (PS3.4 B.5)."""
    if not sop_class_uid.startswith(STORAGE):
        return None
    tail = sop_class_uid[len(STORAGE) :]
    if tail in _KINDS:
        return _KINDS[tail]
    return next((kind for family, kind in _FAMILIES.items() if tail.startswith(family)), None)


def read_companion_header(location: FileLocation) -> CompanionHeader:
    """The object's kind, title and references. Raises `CannotDecode`."""
    ds = read_dataset(location)
    with damage_told(location, "its references can't be read"):
        kind = overlay_kind(str(ds.SOPClassUID))
        if kind is None:
            raise CannotDecode(str(location), "it is no object that is drawn on images", "not-supported")
        found = _Found()
        found.look_into(ds, 0)
        if kind is OverlayKind.SEGMENTATION and not found.images:
            for group in items(ds, "PerFrameFunctionalGroupsSequence"):
                found.look_into(group, 1)
        return CompanionHeader(
            location,
            kind,
            _title(ds, kind),
            text(ds, "SOPInstanceUID"),
            frozenset(found.images),
            frozenset(found.series),
            frozenset({*found.frames_of_reference, text(ds, "FrameOfReferenceUID")} - {""}),
            found.draws or kind is not OverlayKind.ANNOTATIONS,
        )


@dataclass(slots=True)
class _Found:
    """UIDs wherever they stand outside the bulky sequences."""

    images: set[str] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    frames_of_reference: set[str] = field(default_factory=set)
    draws: bool = False

    def look_into(self, ds: Dataset, depth: int) -> None:
        """Collect from the sequences of a data set or item."""
        for tag in list(ds.keys()):
            raw = ds.get_item(tag)
            if raw is None or (raw.VR is not None and raw.VR not in ("SQ", "UN")):
                continue
            element = ds[tag]
            if element.VR != "SQ" or (depth == 0 and element.keyword in _BULKY):
                continue
            for part in element.value or ():
                self._take(part)
                if depth < DEEPEST:
                    self.look_into(part, depth + 1)

    def _take(self, part: Dataset) -> None:
        self.images |= {text(part, "ReferencedSOPInstanceUID")} - {""}
        self.series |= {text(part, "SeriesInstanceUID")} - {""}
        self.frames_of_reference |= {text(part, "FrameOfReferenceUID"), text(part, "ReferencedFrameOfReferenceUID")} - {""}
        self.draws |= "GraphicData" in part


def _title(ds: Dataset, kind: OverlayKind) -> str:
    """What the file calls itself, most telling first."""
    names = {
        OverlayKind.STRUCTURES: ("StructureSetLabel", "StructureSetName", "SeriesDescription"),
        OverlayKind.DOSE: ("DoseComment", "SeriesDescription"),
        OverlayKind.PRESENTATION: ("ContentDescription", "ContentLabel", "SeriesDescription"),
    }.get(kind, ("SeriesDescription", "ContentDescription", "ContentLabel"))
    concept = items(ds, "ConceptNameCodeSequence")
    found = [*(text(ds, name) for name in names), text(concept[0], "CodeMeaning") if concept else ""]
    if kind is OverlayKind.SEGMENTATION:
        found.append(_segment_names([text(part, "SegmentLabel") for part in items(ds, "SegmentSequence") if part.get("SegmentNumber")]))
    if kind is OverlayKind.DOSE:
        found.append(f"Dose of a {text(ds, 'DoseSummationType').lower()}" if text(ds, "DoseSummationType") else "")
    return next((name for name in found if name and not name.startswith("ISO_IR")), kind.value.capitalize())


def _segment_names(names: list[str]) -> str:
    """The first segment's name, and how many more there are."""
    if not names or not names[0]:
        return ""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
