"""How far random views of a radiograph are from the picture as it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Strength:
    """How far views are from the picture as it is; shares of the box, degrees."""

    shift: float = 0.06
    scale: float = 0.10
    rotation_deg: float = 10.0
    flip: bool = True
    exposure: float = 1.0
    sharpness: float = 1.0
    erase: float = 0.3
