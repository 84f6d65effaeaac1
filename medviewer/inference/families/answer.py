"""What every model family gives back, on the model's own grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.inference.gate import GateResult
from medviewer.inference.plausibility import Plausibility

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """labels, heatmap : uint8 ``[k, j, i]`` on ``geometry``, None where the family has none or the gate refused.
    Where ``geometry`` is the input's own, nothing is left to bring back.

    volumes_ml : by label value; sums of posteriors where the network gives them, less those of voxels that
    postprocessing removed, else voxels counted on the model's grid. confidence : mean posterior by label value.
    scores, gate_scores : of a model of pictures, by class; what is reported and what its gate judged by.
    seconds : ``prepare`` and ``infer``. plausibility : what the gate judged, None where it refused before the network ran.
    """

    gate: GateResult
    geometry: Geometry | None = None
    labels: Bytes | None = None
    heatmap: Bytes | None = None
    volumes_ml: Mapping[int, float] = field(default_factory=dict)
    confidence: Mapping[int, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    plausibility: Plausibility | None = None
    gate_scores: Mapping[str, float] = field(default_factory=dict)
