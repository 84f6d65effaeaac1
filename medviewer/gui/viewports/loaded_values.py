"""A sample of the values of a volume that have been read, to find windows from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medviewer.app.repair import ResampledReader
from medviewer.core.voi import Padding, is_padding
from medviewer.core.volume import Rescale
from medviewer.dicom.volumes import VolumeReader
from medviewer.gui.viewports.value_unit import ValueUnit

Sample = tuple[NDArray[np.generic], Rescale, Padding]


def loaded_values(reader: VolumeReader | ResampledReader | None, unit: ValueUnit) -> Sample | None:
    """Values ``[k, j, i]``, how they are rescaled, and which of them are padding; None while there are none.

    Where each slice has its own rescale the values are rescaled already, and padding is NaN.
    """
    if reader is None or not reader.loaded.any():
        return None
    volume = reader.volume
    loaded = np.flatnonzero(reader.loaded)
    some = loaded[:: max(1, len(loaded) // 24)]
    step = max(1, volume.stored.shape[1] // 128), max(1, volume.stored.shape[2] // 128)
    values = volume.stored[some, :: step[0], :: step[1]]
    if not volume.slice_rescales:
        return values, unit.rescaled(volume.rescale), volume.padding_range
    rescales = [volume.slice_rescales[k] for k in some]
    slopes, intercepts = np.array([[r.slope, r.intercept] for r in rescales]).T[:, :, None, None]
    real = values * slopes + intercepts
    empty = is_padding(values, volume.padding_range)
    return (real if empty is None else np.where(empty, np.nan, real)), unit.rescaled(Rescale()), None
