"""Does a segmentation's uncertainty find its errors? The area under the ROC curve of uncertainty for wrong voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medviewer.training.statistics.roc import auc_from_counts

Bytes = NDArray[np.uint8]


def uncertainty_auc(confidence: Bytes, predicted: Bytes, reference: Bytes) -> float:
    """The area over voxels that the answer or the reference calls a structure; nan when all are right or all wrong.

    confidence : 0..255, the posterior of the chosen label. Background that both agree on is left out: it is easy, there
    is much of it, and it would make any map look good.
    """
    looked_at = (predicted > 0) | (reference > 0)
    wrong = predicted[looked_at] != reference[looked_at]
    unsure = 255 - confidence[looked_at]
    counts = [np.bincount(unsure[mask], minlength=256) for mask in (wrong, ~wrong)]
    return auc_from_counts(counts[0], counts[1])
