"""Objects that are drawn on images, read from their files."""

from __future__ import annotations

from medviewer.core.overlay import GraphicsOverlay, KeyImages, OverlayKind, ScalarOverlay, SegmentationOverlay, StructureOverlay
from medviewer.core.presentation import PresentationState
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation

Overlay = SegmentationOverlay | StructureOverlay | ScalarOverlay | GraphicsOverlay | KeyImages | PresentationState


def read_overlay(kind: OverlayKind, file: FileLocation, progress: Progress) -> Overlay:
    """The whole object. Raises `CannotDecode`, `Cancelled`."""
    from medviewer.dicom.objects.datasets import damage_told

    with damage_told(file, "a part of it can't be read"):
        return _read(kind, file, progress)


def _read(kind: OverlayKind, file: FileLocation, progress: Progress) -> Overlay:
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
        case OverlayKind.PRESENTATION:
            from medviewer.dicom.objects.presentation import read_presentation

            return read_presentation(file, progress)
        case OverlayKind.PARAMETRIC_MAP:
            from medviewer.dicom.objects.parametric import read_map

            return read_map(file, progress)
