"""Connected parts of masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def largest_component(mask: Mask, *, diagonal: bool = False) -> Mask:
    """The largest connected part of a mask ``[k, j, i]``; with ``diagonal``, voxels that share a corner touch.

    An empty mask stays empty.
    """
    import SimpleITK as sitk

    if not mask.any():
        return mask.copy()
    parts = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)), diagonal)
    labels = sitk.GetArrayViewFromImage(parts)
    counts = np.bincount(labels.reshape(-1))
    counts[0] = 0
    return np.asarray(labels == int(counts.argmax()))


def dilated(mask: Mask, voxels: int) -> Mask:
    """The mask grown by some voxels along each axis (a box)."""
    grown = mask.copy()
    for axis in range(3):
        source = np.moveaxis(grown.copy(), axis, 0)
        target = np.moveaxis(grown, axis, 0)
        for step in range(1, min(voxels, len(source) - 1) + 1):
            target[step:] |= source[:-step]
            target[:-step] |= source[step:]
    return grown
