"""Pictures that a gate for frontal radiographs must refuse, made from ones it must not: turned, cut, inverted, and noise.

Slices of CT and MR volumes are added where a folder of volumes is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Change = Callable[[Float, np.random.Generator], Float]


def _turned(quarters: int) -> Change:
    return lambda picture, _: np.ascontiguousarray(np.rot90(picture, quarters))


def _inverted(picture: Float, _: np.random.Generator) -> Float:
    return np.asarray(picture.max() + picture.min() - picture, np.float32)


def _cut(picture: Float, rng: np.random.Generator) -> Float:
    """A corner piece a third as wide and high, as of a hand or a detail."""
    rows, columns = (n // 3 for n in picture.shape)
    j, i = (int(rng.integers(0, 2)) * (n - part) for n, part in zip(picture.shape, (rows, columns), strict=True))
    return picture[j : j + max(rows, 1), i : i + max(columns, 1)]


def _noise(picture: Float, rng: np.random.Generator) -> Float:
    return rng.uniform(0, 255, picture.shape).astype(np.float32)


def _blank(picture: Float, rng: np.random.Generator) -> Float:
    return np.full(picture.shape, 128, np.float32) + rng.normal(0, 1, picture.shape).astype(np.float32)


CHANGES: dict[str, Change] = {
    "made: turned by 90 degrees": _turned(1),
    "made: turned by 180 degrees": _turned(2),
    "made: inverted": _inverted,
    "made: a corner of the picture": _cut,
    "made: noise": _noise,
    "made: nothing on it": _blank,
}
"""By the name in the gate's table."""


def made_negatives(picture: Float, seed: int) -> Iterator[tuple[str, Float]]:
    """Every change of `CHANGES` done to one picture."""
    rng = np.random.default_rng(seed)
    for name, change in CHANGES.items():
        yield name, change(picture, rng)


def volume_slices(folder: Path, each: int = 12) -> Iterator[tuple[str, Float]]:
    """Evenly spaced slices along all three axes of the NIfTI volumes of a folder, as pictures of 0..255."""
    from medviewer.core.errors import MedviewerError
    from medviewer.imaging.nifti import read_nifti

    for path in sorted(folder.glob("*.nii*")):
        try:
            volume, _ = read_nifti(path)
        except MedviewerError:
            continue
        for axis in range(3):
            size = volume.stored.shape[axis]
            for n in np.linspace(0.2, 0.8, each // 3):
                plane = np.take(volume.stored, int(n * (size - 1)), axis=axis).astype(np.float32)
                low, high = np.percentile(plane, [1, 99])
                if high > low:
                    yield "made: slices of CT and MR volumes", np.clip((plane - low) / (high - low), 0, 1).astype(np.float32)[::-1] * 255
