"""Windows found from the values, for images whose files suggest none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medviewer.core.voi import Padding, Window, without_padding
from medviewer.core.volume import Rescale

SAMPLE = 200_000


def auto_window(values: NDArray[np.generic], rescale: Rescale, padding: Padding = None) -> Window:
    """A window from the 1st to the 99.5th percentile of a sample of stored values, without padding."""
    flat = _sample(values, padding)
    if flat.size == 0:
        return Window.between(0, 1)
    low, high = np.percentile(flat.astype(np.float64), [1, 99.5])
    ends = sorted((low * rescale.slope + rescale.intercept, high * rescale.slope + rescale.intercept))
    return Window.between(float(ends[0]), float(ends[1])) if ends[1] > ends[0] else full_window(values, rescale, padding)


def full_window(values: NDArray[np.generic], rescale: Rescale, padding: Padding = None) -> Window:
    """A window over all values of a sample, without padding; a single value is white unless it is zero or less."""
    flat = _sample(values, padding)
    if flat.size == 0:
        return Window.between(0, 1)
    low, high = sorted((float(flat.min()) * rescale.slope + rescale.intercept, float(flat.max()) * rescale.slope + rescale.intercept))
    if low < high:
        return Window.between(low, high)
    return Window.between(min(low, 0.0), low) if low > 0 else Window.between(low, low + 1)


def _sample(values: NDArray[np.generic], padding: Padding) -> NDArray[np.generic]:
    """Finite values of every n-th slice, row and column, so that nothing large is copied."""
    step = max(1, round((values.size / SAMPLE) ** (1 / values.ndim)))
    flat = without_padding(values[(slice(None, None, step),) * values.ndim], padding)
    return flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
