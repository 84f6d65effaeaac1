"""Which objects of a scan belong on which images, and whether they may be drawn there."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import OverlayKind
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Scan, Stack
from medviewer.dicom import tags
from medviewer.dicom.elements import BadHeader
from medviewer.dicom.header import NotDicom, read_header
from medviewer.dicom.objects.companion_header import CompanionHeader, overlay_kind, read_companion_header
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives

BY_PLACE = frozenset(
    {OverlayKind.SEGMENTATION, OverlayKind.STRUCTURES, OverlayKind.DOSE, OverlayKind.PARAMETRIC_MAP, OverlayKind.ANNOTATIONS}
)
"""Kinds that can lie on images they don't name, by their place in the patient."""


@dataclass(frozen=True, slots=True)
class Relation:
    """How an object relates to a stack.

    refers : it names images of the stack. in_patient : both are in the same frame of reference, so that it may be drawn by
        its place in the patient. why_not : why it isn't drawn, as a sentence, or None where it is.
    """

    refers: bool
    in_patient: bool
    why_not: str | None = None

    @property
    def applies(self) -> bool:
        """Whether it belongs on the stack's images."""
        return self.why_not is None


@dataclass(frozen=True, slots=True)
class Companion:
    """An object that belongs on the images on display, or the reason why it isn't drawn on them.

    stack : its own row in the tree. unreadable : why its header can't be read, else empty.
    """

    stack: Stack
    header: CompanionHeader | None
    relation: Relation
    unreadable: str = ""

    @property
    def file(self) -> FileLocation:
        """Where it is; identifies it."""
        return self.stack.images[0].file

    @property
    def kind(self) -> OverlayKind:
        """What it is."""
        return overlay_kind(self.stack.sop_class_uid) or OverlayKind.ANNOTATIONS

    @property
    def title(self) -> str:
        """What it calls itself."""
        return self.header.title if self.header is not None else self.stack.description or self.kind.value.capitalize()


class Companions:
    """Finds what belongs together in a scan; headers are read once. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._headers: dict[FileLocation, CompanionHeader | str] = {}
        self._frames: dict[tuple[str, int], str | None] = {}

    def of(self, scan: Scan, stack: Stack, progress: Progress) -> tuple[Companion, ...]:
        """What belongs on a stack's images, and what of the same study refers to them without belonging there.

        Objects are looked for among all of the patient's. One whose header can't be read costs only itself.
        """
        candidates = [other for other in _same_patient(scan, stack) if is_companion(other)]
        found = []
        frame = self.frame_of_reference(stack)
        uids = frozenset(image.sop_instance_uid for image in stack.images)
        for other in progress.each(candidates, len(candidates), "Looking for what belongs on these images"):
            header = self._header(other.images[0].file)
            if isinstance(header, str):
                if other.study_uid == stack.study_uid:
                    found.append(Companion(other, None, Relation(False, False, header), header))
                continue
            own = other.key == stack.key and header.kind in BY_PLACE  # shown without its images, on a grid of its own
            relation = Relation(True, True) if own else relate(header, uids, stack.series_uid, frame)
            if header.draws and (relation.applies or relation.refers):
                found.append(Companion(other, header, relation))
        return tuple(found)

    def images_for(self, scan: Scan, companion: Stack, progress: Progress) -> Stack | None:
        """The stack of images that an object belongs on: the one it names most images of, else the largest in its frame of reference."""
        progress.report(None, "Looking for its images")
        header = self._header(companion.images[0].file)
        if isinstance(header, str):
            raise CannotDecode(str(companion.images[0].file), header, "damaged")
        best: tuple[tuple[int, int, int], Stack] | None = None
        for stack in _same_patient(scan, companion):
            if not stack.kind.has_images or stack.key == companion.key or is_companion(stack):
                continue
            progress.check()
            uids = frozenset(image.sop_instance_uid for image in stack.images)
            if relate(header, uids, stack.series_uid, self.frame_of_reference(stack)).applies:
                rank = len(uids & header.images), int(stack.makes_volume), len(stack.images)
                if best is None or rank > best[0]:
                    best = rank, stack
        return best[1] if best is not None else None

    def frame_of_reference(self, stack: Stack) -> str | None:
        """The frame of reference of a stack's images, which share one."""
        if stack.geometry is not None:
            return stack.geometry.frame_of_reference
        if stack.key not in self._frames:
            self._frames[stack.key] = _read_frame_of_reference(stack.images[0].file)
        return self._frames[stack.key]

    def _header(self, file: FileLocation) -> CompanionHeader | str:
        with self._lock:
            known = self._headers.get(file)
        if known is None:
            try:
                known = read_companion_header(file)
            except CannotDecode as error:
                known = error.why
            with self._lock:
                self._headers[file] = known
        return known


def is_companion(stack: Stack) -> bool:
    """Whether a stack is an object that is drawn on other images."""
    return overlay_kind(stack.sop_class_uid) is not None and bool(stack.images)


def relate(header: CompanionHeader, sop_instance_uids: frozenset[str], series_uid: str, frame_of_reference: str | None) -> Relation:
    """Whether an object belongs on images.

    Anything placed in the patient is drawn only where both sides name the same frame of reference: what differs, or is missing,
    could lie anywhere. Without one, an object may still name the very images its pixels were made on.
    """
    refers = bool(header.images & sop_instance_uids) or (not header.images and series_uid in header.series)
    own = header.frames_of_reference
    same = bool(frame_of_reference) and frame_of_reference in own
    if header.kind not in BY_PLACE:
        return Relation(refers, False, None if refers else "It refers to other images.")
    if same:
        return Relation(refers, True)
    if own and frame_of_reference and header.kind is not OverlayKind.ANNOTATIONS:
        return Relation(refers, False, "It lies in another frame of reference than these images, so it is not drawn on them.")
    if header.kind in (OverlayKind.STRUCTURES, OverlayKind.DOSE):
        whose = "These images have" if own else "It has"
        return Relation(refers, False, f"{whose} no frame of reference, so nobody knows where it lies on the images; it is not drawn.")
    return Relation(refers, False, None if refers else "It refers to other images.")


def _same_patient(scan: Scan, stack: Stack) -> list[Stack]:
    patient = next((p for p in scan.patients if any(study.study_uid == stack.study_uid for study in p.studies)), None)
    return [other for study in patient.studies for other in study.stacks] if patient is not None else []


def _read_frame_of_reference(file: FileLocation) -> str | None:
    try:
        with Archives() as archives:
            stream, size = archives.open(file)
            with stream:
                return read_header(stream, size).elements.text(tags.FRAME_OF_REFERENCE_UID) or None
    except (OSError, BadHeader, NotDicom, KeyError, *ZIP_ERRORS):
        return None
