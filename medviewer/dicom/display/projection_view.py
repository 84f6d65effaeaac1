"""How a projection looks at the body: its side, its view, and where its edges point to (PS3.3 C.7.6.1.1.1, C.8.11.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
_DIRECTION = re.compile(r"^[LRAPHF]{1,3}$")
_SIDES = {"R": "Right", "L": "Left", "B": "Both sides"}


@dataclass(frozen=True, slots=True)
class View:
    """What the file says of an image without a place in the patient; empty where it says nothing.

    side : Right, Left or Both sides. name : of the view (MLO, PA). rightward, downward : what the right and the lower
        edge point to, in the letters of PatientOrientation: L, R, A, P, H (head), F (foot).
    """

    side: str = ""
    name: str = ""
    rightward: str = ""
    downward: str = ""

    @property
    def leftward(self) -> str:
        """What the left edge points to."""
        return opposite(self.rightward)

    @property
    def upward(self) -> str:
        """What the upper edge points to."""
        return opposite(self.downward)


NO_VIEW = View()


def opposite(direction: str) -> str:
    """The other way, letter by letter."""
    return "".join(_OPPOSITE[letter] for letter in direction)


def view_of(elements: Elements) -> View:
    """The view of one image."""
    side = elements.text(tags.IMAGE_LATERALITY) or elements.text(tags.LATERALITY)
    code = elements.item(tags.VIEW_CODES)
    name = elements.text(tags.VIEW_POSITION) or (code.text(tags.CODE_MEANING) if code is not None else "")
    ways = elements.texts(tags.PATIENT_ORIENTATION)
    right, down = ways if len(ways) == 2 and all(_DIRECTION.match(way) for way in ways) else ("", "")
    return View(_SIDES.get(side, ""), name, right, down)
