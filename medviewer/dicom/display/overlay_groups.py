"""Whether a header has overlay planes at all."""

from __future__ import annotations

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements


def has_overlays(elements: Elements) -> bool:
    """Whether a header declares overlay planes."""
    return any(tags.overlay(group, tags.OVERLAY_ROWS) in elements for group in tags.OVERLAY_GROUPS)
