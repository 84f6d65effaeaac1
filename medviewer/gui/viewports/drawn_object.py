"""Objects of the scan that lie over the images on display, and how the reader wants to see them."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.app.overlays import Overlay
from medviewer.core.overlay import OverlayKind
from medviewer.core.study import FileLocation
from medviewer.imaging.contour_planes import RoiSections


@dataclass(frozen=True, slots=True)
class Look:
    """``opacity`` 0..1 of areas; ``hidden`` are members' numbers; ``lines`` whether outlines and isolines are drawn, ``fill`` areas."""

    opacity: float = 0.35
    hidden: frozenset[int] = frozenset()
    lines: bool = True
    fill: bool = True


FIRST_LOOKS = {OverlayKind.DOSE: Look(0.35), OverlayKind.PARAMETRIC_MAP: Look(0.6), OverlayKind.STRUCTURES: Look(0.12)}


@dataclass(frozen=True, slots=True, eq=False)
class DrawnObject:
    """An object that is drawn now.

    in_patient : whether it may be placed by its coordinates in the patient; otherwise only on images it names.
    sections : the structures of a structure set, prepared for being cut.
    """

    file: FileLocation
    kind: OverlayKind
    title: str
    overlay: Overlay
    in_patient: bool
    look: Look
    sections: tuple[RoiSections, ...] = ()

    @property
    def key(self) -> tuple[FileLocation, Look, int]:
        """Differs when it has to be painted anew."""
        return self.file, self.look, id(self.overlay)
