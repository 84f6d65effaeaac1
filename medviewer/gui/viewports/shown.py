"""Small values of the display: what is on it, what of it has changed, how it was shown before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto

import numpy as np
from numpy.typing import NDArray

from medviewer.core.study import Patient, Stack, Study
from medviewer.core.voi import Window
from medviewer.gui.viewports.value_unit import AS_STORED, ValueUnit

Float = NDArray[np.float64]


class Change(Flag):
    """What of the display has changed."""

    STACK = auto()
    DATA = auto()
    POINT = auto()
    OBLIQUE = auto()
    WINDOW = auto()
    OVERLAY = auto()
    ANALYSIS = auto()
    TEXT = auto()
    TIME = auto()
    IMAGE = auto()


@dataclass(frozen=True, slots=True)
class Shown:
    """The stack on display and whose it is."""

    patient: Patient
    study: Study
    stack: Stack


@dataclass(frozen=True, slots=True)
class Memory:
    """How a stack was last shown."""

    window: Window | None
    inverted: bool
    point: Float | None
    choice: int = 0
    time: int = 0
    unit: ValueUnit = AS_STORED
    unit_is_own: bool = False
