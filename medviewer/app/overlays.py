"""Objects that are drawn on images, read from their files."""

from __future__ import annotations

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import GraphicsOverlay, KeyImages, OverlayKind, ScalarOverlay, SegmentationOverlay, StructureOverlay
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation

Overlay = SegmentationOverlay | StructureOverlay | ScalarOverlay | GraphicsOverlay | KeyImages


def read_overlay(kind: OverlayKind, file: FileLocation, progress: Progress) -> Overlay:
    """The whole object. Raises `CannotDecode`, `Cancelled`."""
    match kind:
        case OverlayKind.SEGMENTATION:
            from medviewer.dicom.objects.segmentation_layers import read_segmentation

            return read_segmentation(file, progress)
        case OverlayKind.STRUCTURES:
            from medviewer.dicom.objects.rt_structures import read_structures

            return read_structures(file, progress)
        case OverlayKind.DOSE:
            from medviewer.dicom.objects.rt_dose import read_dose

            return read_dose(file, progress)
        case OverlayKind.ANNOTATIONS:
            from medviewer.dicom.objects.sr_annotations import read_annotations

            return read_annotations(file, progress)
        case OverlayKind.KEY_IMAGES:
            from medviewer.dicom.objects.sr_annotations import read_key_images

            return read_key_images(file, progress)
    raise CannotDecode(str(file), f"a {kind.value} can't be drawn yet", "not-supported")
