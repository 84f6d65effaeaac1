"""Lungs as a mask: which is which, and the box around them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BOX_QUANTILE = 0.01
"""Share of the lungs' area that may lie beyond each side of their box, so that islands don't stretch it."""
BOX_MARGIN = 0.06
"""Margin around the box, as a share of its sides."""


def two_lungs(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """1 for the patient's right lung (left in the picture), 2 for the left, from a mask of both.

    The two largest parts are told apart by their centres; where lungs touch, or one is missing, the mask's middle column
    divides it. mask, answer : ``[row, column]``.
    """
    import SimpleITK as sitk

    parts = sitk.GetArrayFromImage(sitk.RelabelComponent(sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)))))
    columns = np.broadcast_to(np.arange(mask.shape[1]), mask.shape)
    answer = np.zeros(mask.shape, np.uint8)
    sizes = np.bincount(parts.reshape(-1), minlength=3)
    if not mask.any():
        return answer
    middle = float(columns[mask].mean())
    if sizes[2] > 0.2 * sizes[1]:
        middle = (float(columns[parts == 1].mean()) + float(columns[parts == 2].mean())) / 2
        for part in range(1, int(parts.max()) + 1):
            inside = parts == part
            answer[inside] = 1 if columns[inside].mean() < middle else 2
        return answer
    answer[mask] = np.where(columns[mask] < middle, 1, 2)
    return answer


def lung_box(lungs: Tensor) -> Tensor:
    """The box around both lungs as shares of the picture, with its margin.

    lungs : (n, h, w) float, how much each pixel is lung. Answer (n, 4): top, bottom, left, right in 0..1; may lie a little
    outside. Where there is no lung the box is the whole picture.
    """
    top, bottom = _span(lungs.sum(2))
    left, right = _span(lungs.sum(1))
    height, width = BOX_MARGIN * (bottom - top), BOX_MARGIN * (right - left)
    return torch.stack([top - height, bottom + height, left - width, right + width], 1)


def _span(profile: Tensor) -> tuple[Tensor, Tensor]:
    """First and last position of a profile (n, length) between its outer quantiles, as shares of its length."""
    length = profile.shape[1]
    total = profile.sum(1, keepdim=True)
    share = (profile / total.clamp(min=1e-6)).cumsum(1)
    low = (share < BOX_QUANTILE).sum(1).to(profile.dtype)
    high = (share < 1 - BOX_QUANTILE).sum(1).to(profile.dtype) + 1
    empty = (total[:, 0] < 1e-3).to(profile.dtype)
    return low / length * (1 - empty), (high / length) * (1 - empty) + empty
