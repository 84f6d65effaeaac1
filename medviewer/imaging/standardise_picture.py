"""From a radiograph of any size to the picture a network was trained on; training and running a model share this code.

The whole picture is squeezed to one shape, so that neither its size nor its proportions say anything any more.
Intensity steps (`imaging.intensity`) come after it, on the few pixels that are left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def standardise_picture(picture: NDArray[np.generic], shape: tuple[int, int]) -> Float:
    """The whole of a picture at ``shape`` (rows, columns), without aliasing.

    picture : ``[rows, columns]`` of any number type, at least one pixel each way; it isn't changed.
    Returns float32 in the picture's own values, always a new array. Along an axis that shrinks, a new pixel is the
    mean over its own area, parts of pixels counted by their share; along one that grows it is read off linearly
    between the centres of pixels, the outermost repeated beyond them. The mean of a picture that shrinks stays as it is.
    """
    rows, columns = shape
    values = picture.astype(np.float32, copy=False)
    done = _resized(_resized(values, 1, columns), 0, rows)
    return np.array(done, np.float32, order="C") if done is picture else np.ascontiguousarray(done)


def _resized(values: Float, axis: int, size: int) -> Float:
    old = values.shape[axis]
    if size == old:
        return values
    return _area_means(values, axis, size) if size < old else _read_linearly(values, axis, size)


def _area_means(values: Float, axis: int, size: int) -> Float:
    """Means over ``size`` equal parts of an axis. Pixels cut by the border of two parts count in both, by their shares."""
    old = values.shape[axis]
    borders = np.arange(size) * old
    first = borders // size
    cut = ((borders % size) / size).astype(np.float32)  # of the pixel at each part's beginning, what belongs to the part before
    sums = np.add.reduceat(values, first, axis=axis)
    owed = np.take(values, first, axis=axis) * _along(cut, axis)
    sums -= owed
    if axis == 0:
        sums[:-1] += owed[1:]
    else:
        sums[:, :-1] += owed[:, 1:]
    sums *= np.float32(size / old)
    return sums


def _read_linearly(values: Float, axis: int, size: int) -> Float:
    old = values.shape[axis]
    at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    low = np.minimum(at.astype(np.intp), max(old - 2, 0))
    share = _along((at - low).astype(np.float32), axis)
    below = np.take(values, low, axis=axis)
    above = np.take(values, np.minimum(low + 1, old - 1), axis=axis)
    return below + share * (above - below)


def _along(numbers: Float, axis: int) -> Float:
    return numbers[:, None] if axis == 0 else numbers[None, :]
