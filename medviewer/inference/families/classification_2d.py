"""Models that score single pictures, with a mask and a heatmap beside the scores."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import ModelFailed
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume
from medviewer.imaging.intensity import apply_steps
from medviewer.imaging.picture_plane import as_displayed, as_stored
from medviewer.imaging.picture_spread import spread_labels, spread_values
from medviewer.imaging.standardise_picture import standardise_picture
from medviewer.inference.families.answer import Answer
from medviewer.inference.gate import GateResult, reason_against_series, reason_against_values
from medviewer.inference.network_outputs import as_bytes
from medviewer.inference.picture_gate import judge_picture
from medviewer.inference.postprocess import postprocess, sums_by_label
from medviewer.inference.sessions import Network, Stop, as_float_image
from medviewer.models.intensity_steps import steps_for
from medviewer.models.manifest import Manifest
from medviewer.models.manifest_entries import Output

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
ROUNDING = 1e-5
"""How far beyond 0..1 a probability may lie by the rounding of single precision."""


def why_not_supported(manifest: Manifest) -> str | None:
    """What a manifest asks for that this family can't do, None if it can do it all."""
    if len(manifest.input) != 1:
        return f"it takes {len(manifest.input)} inputs, and this program gives models of pictures one"
    if manifest.inference.flips:
        return "it asks for mirrored passes (flips), which aren't done with pictures"
    if any(output.kind in ("logits", "probabilities", "boxes", "volumes") for output in manifest.output):
        return "a model of this family gives scores, labels, a heatmap and features"
    if manifest.explanation is not None and manifest.explanation.kind == "uncertainty":
        return "its heatmap can't be an uncertainty of labels; the kind is cam or none"
    return None


def run(network: Network, volume: Volume, progress: Progress, stop: Stop) -> Answer:
    """Score a picture, a volume of one slice in its own plane. A refused one comes back as the gate's verdict.

    Labels and heatmap lie on the picture's stored pixels. Raises `Cancelled` and `ModelFailed`.
    """
    manifest = network.package.manifest
    began = time.monotonic()
    values, reason = _prepared(manifest, volume)
    prepared = time.monotonic()
    if values is None or reason is not None:
        return Answer(GateResult(False, None, reason), seconds={"prepare": prepared - began, "infer": 0.0})
    progress.report(0.3, "Running the model")
    found = _predicted(network, values, stop)
    inferred = time.monotonic()
    progress.report(0.8, "Checking the answer")
    segments = {segment.value: segment.name for segment in manifest.segments}
    counts = sums_by_label(found.labels)
    percents = {value: 100 * float(counts[value]) / found.labels.size for value in segments}
    gate = judge_picture(manifest.gate, found.gate_scores, percents, segments)
    return Answer(
        gate,
        volume.geometry,
        _on_stored(found.labels, volume, spread_labels) if gate.accepted and segments else None,
        _on_stored(found.heatmap, volume, spread_values) if gate.accepted and found.heatmap is not None else None,
        scores=found.scores,
        gate_scores=found.gate_scores,
        seconds={"prepare": prepared - began, "infer": inferred - prepared},
    )


def _prepared(manifest: Manifest, volume: Volume) -> tuple[Float | None, str | None]:
    """The picture as the network wants it, ``[rows, columns]``, or the reason to refuse it."""
    tensor = manifest.input[0]
    assert tensor.shape is not None  # the manifest of a model of pictures has it
    reason = reason_against_series(manifest, volume)
    if reason is not None:
        return None, reason
    values = standardise_picture(as_displayed(volume.stored[0], volume.geometry), tensor.shape)
    reason = reason_against_values(volume.source.modality, values)
    return apply_steps(values, steps_for(tensor.intensity, volume.source.modality.upper())), reason


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What the network gave: labels ``[1, rows, columns]`` (all 0 without such an output), heatmap ``[1, h, w]``, each uint8."""

    scores: dict[str, float]
    gate_scores: dict[str, float]
    labels: Bytes
    heatmap: Bytes | None


def _predicted(network: Network, values: Float, stop: Stop) -> _Found:
    manifest = network.package.manifest
    wanted = [output for output in manifest.output if output.kind in ("scores", "labels", "heatmap")]
    answers = network.run({manifest.input[0].name: as_float_image(values)}, [output.name for output in wanted], stop)
    scores: dict[str, float] = {}
    gate_scores: dict[str, float] = {}
    labels, heatmap = np.zeros((1, *values.shape), np.uint8), None
    for output in wanted:
        answer = answers[output.name]
        if output.kind == "scores":
            (gate_scores if output.role == "gate" else scores).update(_scores(output, answer))
        elif output.kind == "labels":
            labels = postprocess(_labels(manifest, answer, values.shape), manifest.postprocess.steps)
        elif manifest.explanation is not None and manifest.explanation.kind != "none":
            heatmap = _heatmap(answer)
    return _Found(scores, gate_scores, labels, heatmap)


def _scores(output: Output, answer: NDArray[Any]) -> dict[str, float]:
    count = len(output.classes)
    if answer.shape != (1, count) or answer.dtype.kind != "f" or not np.isfinite(answer).all():
        raise ModelFailed(f"The model's {output.name} aren't {count} finite numbers, one for each class.", "output")
    values = answer[0].astype(np.float64)
    if output.role is None:
        if values.min() < -ROUNDING or values.max() > 1 + ROUNDING:
            raise ModelFailed(f"The model's {output.name} aren't probabilities between 0 and 1.", "output")
        values = np.clip(values, 0, 1)
    return {entry.name: float(value) for entry, value in zip(output.classes, values, strict=True)}


def _labels(manifest: Manifest, answer: NDArray[Any], shape: tuple[int, ...]) -> Bytes:
    if answer.shape != (1, *shape) or answer.dtype != np.uint8:
        raise ModelFailed(f"The model's labels are {answer.dtype} {answer.shape}; uint8 {(1, *shape)} was expected.", "output")
    if not set(np.unique(answer).tolist()) <= {0, *(segment.value for segment in manifest.segments)}:
        raise ModelFailed("The model gave label values that its manifest doesn't list.", "output")
    return np.ascontiguousarray(answer)


def _heatmap(answer: NDArray[Any]) -> Bytes:
    if answer.ndim != 3 or answer.shape[0] != 1 or answer.size == 0:
        raise ModelFailed(f"The model's heatmap has shape {answer.shape}; (1, rows, columns) was expected.", "output")
    return as_bytes(answer)


def _on_stored(coarse: Bytes, volume: Volume, spread: Callable[[Bytes, tuple[int, int]], Bytes]) -> Bytes:
    """From the network's grid to the picture's stored pixels, ``[1, row, column]``."""
    displayed = as_displayed(volume.stored[0], volume.geometry).shape
    return np.ascontiguousarray(as_stored(spread(coarse[0], displayed), volume.geometry))[None]
