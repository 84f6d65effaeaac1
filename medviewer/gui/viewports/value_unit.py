"""The unit in which values are shown: as the files have it, or uptake."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.core.study import Stack
from medviewer.core.suv import SuvKind
from medviewer.core.voi import LookUpTable, Voi
from medviewer.core.volume import Rescale
from medviewer.dicom.kinds import PET_CLASSES
from medviewer.dicom.suv import STORED_UNITS


@dataclass(frozen=True, slots=True)
class ValueUnit:
    """``factor`` times the files' own real-world value; ``kind`` None for those themselves."""

    kind: SuvKind | None = None
    factor: float = 1.0

    def rescaled(self, rescale: Rescale) -> Rescale:
        """From stored values to this unit, with its name."""
        if self.kind is None:
            return Rescale(rescale.slope, rescale.intercept, STORED_UNITS.get(rescale.unit, rescale.unit))
        return Rescale(rescale.slope * self.factor, rescale.intercept * self.factor, self.kind.value)

    def choices(self, found: tuple[Voi, ...]) -> tuple[Voi, ...]:
        """What the file suggests, in this unit; its tables hold only for its own."""
        if self.kind is None:
            return found
        return tuple(voi.scaled(self.factor) for voi in found if not isinstance(voi, LookUpTable))


AS_STORED = ValueUnit()


def dark_means_much(stack: Stack) -> bool:
    """Whether a stack is first shown with black and white swapped, as readers of PET are used to."""
    return stack.sop_class_uid in PET_CLASSES
