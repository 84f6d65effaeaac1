"""How far images are changed; zero everywhere changes nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amounts:
    """The largest change of each kind; every image draws its own within them.

    rotation_deg, scale and shift (shares of size and width), gamma (exponent exp(+-gamma)), contrast and brightness
    (shares of the range 0..1), noise (largest standard deviation), blur (largest sigma in pixels or voxels),
    erase (largest side of an erased box as a share of the image's; half of the images lose one), flip (whether the
    last axis is mirrored in half of the images; only where left and right mean nothing to the answer).
    """

    rotation_deg: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    gamma: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    erase: float = 0.0
    flip: bool = False

    @property
    def moves(self) -> bool:
        """Whether anything changes place."""
        return bool(self.rotation_deg or self.scale or self.shift or self.flip)
