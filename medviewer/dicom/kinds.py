"""Which kind of thing a SOP class is (PS3.4 B.5), and which transfer syntaxes are video."""

from __future__ import annotations

from medviewer.core.study import StackKind

STORAGE = "1.2.840.10008.5.1.4.1.1."
DICOMDIR_CLASS = "1.2.840.10008.1.3.10"
PET_CLASSES = frozenset(f"{STORAGE}{number}" for number in ("128", "128.1", "130"))
"""PET, legacy converted enhanced PET, enhanced PET: images in grey, which readers are used to see dark on white."""

_KINDS = {
    "66.4": StackKind.SEGMENTATION,
    "66.5": StackKind.SEGMENTATION,
    "66.7": StackKind.SEGMENTATION,
    "481.2": StackKind.DOSE,
    "481.3": StackKind.STRUCTURES,
    "77.1.1.1": StackKind.VIDEO,
    "77.1.2.1": StackKind.VIDEO,
    "77.1.4.1": StackKind.VIDEO,
}
_FAMILIES = {
    "88.": StackKind.REPORT,
    "11.": StackKind.PRESENTATION,
    "104.": StackKind.DOCUMENT,
    "9.": StackKind.WAVEFORM,
}
_NO_IMAGES = frozenset({
    "4.2", "8", "9", "10", "11", "66", "66.1", "66.2", "66.3", "66.6", "67", "68.1", "68.2", "77.1.5.3", "78.1", "78.2", "78.3",
    "78.4", "78.5", "78.6", "78.7", "78.8", "79.1", "80.1", "90.1", "91.1", "129", "131", "200.1", "200.2", "200.3", "200.7", "200.8",
    "201.1", "481.4", "481.5", "481.6", "481.7", "481.8", "481.9", "481.10", "481.11", "481.12", "481.13", "481.14", "481.15",
    "481.16", "481.17", "481.18", "481.19", "481.20", "481.21", "481.22", "481.25",
})  # fmt: skip
"""Storage classes without pixel data that have no kind of their own: registrations, plans, raw data, meshes, measurements, protocols."""
_VIDEO_SYNTAXES = "1.2.840.10008.1.2.4."
_VIDEO_NUMBERS = frozenset({"100", "101", "102", "103", "104", "105", "106", "107", "108"})


def kind_of(sop_class_uid: str) -> StackKind | None:
    """The kind a SOP class has by itself, or None when it is an image, or unknown."""
    if not sop_class_uid.startswith(STORAGE):
        return None
    tail = sop_class_uid[len(STORAGE) :]
    if tail in _KINDS:
        return _KINDS[tail]
    for family, kind in _FAMILIES.items():
        if tail.startswith(family):
            return kind
    return StackKind.OTHER if tail in _NO_IMAGES else None


def is_image_class(sop_class_uid: str) -> bool:
    """Whether objects of a class must have pixel data: a storage class that has no other kind."""
    return sop_class_uid.startswith(STORAGE) and kind_of(sop_class_uid) in (None, StackKind.SEGMENTATION, StackKind.VIDEO)


def is_video(transfer_syntax: str) -> bool:
    """Whether pixel data is a video stream, fragmentable variants included (PS3.5 8.2.5 to 8.2.13)."""
    if not transfer_syntax.startswith(_VIDEO_SYNTAXES):
        return False
    return transfer_syntax[len(_VIDEO_SYNTAXES) :].split(".")[0] in _VIDEO_NUMBERS
