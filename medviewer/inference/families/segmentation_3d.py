"""Models that label the voxels of a volume."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import ModelFailed
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume
from medviewer.imaging.intensity import apply_steps
from medviewer.imaging.resample import nonzero_box
from medviewer.imaging.standardise import Image, cropped_to, foreground, padded_to_multiple, standardise
from medviewer.inference.families.answer import Answer
from medviewer.inference.gate import (
    GateResult,
    judge,
    reason_against_foreground,
    reason_against_series,
    reason_against_values,
)
from medviewer.inference.mirrored import Prediction, why_not_mirrored
from medviewer.inference.network_outputs import predict
from medviewer.inference.plausibility import Box, Plausibility, centres, cut_shares
from medviewer.inference.postprocess import largest_share, postprocess, sums_by_label, uncertainty
from medviewer.inference.sessions import Network, Stop
from medviewer.models.catalogue import SeriesFacts
from medviewer.models.intensity_steps import leading_clips, steps_for
from medviewer.models.manifest import Manifest

Float = NDArray[np.float32]


def why_not_supported(manifest: Manifest) -> str | None:
    """What a manifest asks for that this family can't do, None if it can do it all."""
    if len(manifest.input) != 1:
        return f"it takes {len(manifest.input)} inputs, and this program gives segmentation models one"
    answer = manifest.first_output("labels", "logits", "probabilities")
    if answer is None or not answer.segments:
        return "it has no output of kind labels, logits or probabilities with segments"
    if answer.kind == "labels" and manifest.inference.mode == "sliding":
        return "labels can't be blended where tiles overlap; export logits or probabilities, or use mode whole"
    return why_not_mirrored(manifest)


def run(network: Network, volume: Volume, progress: Progress, stop: Stop) -> Answer:
    """Label a volume on the model's grid. A refused input or answer comes back as the gate's verdict.

    Raises `Cancelled` and `ModelFailed`.
    """
    manifest = network.package.manifest
    began = time.monotonic()
    modality = SeriesFacts.of(volume).effective_modality
    reason = reason_against_series(manifest, volume)
    if reason is None:
        image, scanned, reason = _prepared(manifest, volume, modality, progress.part(0.0, 0.25))
    prepared = time.monotonic()
    if reason is not None:
        return Answer(GateResult(False, None, reason), seconds={"prepare": prepared - began, "infer": 0.0})
    values, grid = padded_to_multiple(image.values, image.geometry, manifest.inference.divisible_by)
    prediction = predict(network, values, progress.part(0.25, 0.95), stop)
    inferred = time.monotonic()
    answer = _judged(manifest, prediction, grid, _moved(scanned, image.geometry, grid), progress)
    seconds = {"prepare": prepared - began, "infer": inferred - prepared}
    return Answer(answer.gate, grid, answer.labels, answer.heatmap, answer.volumes_ml, answer.confidence, {}, seconds, answer.plausibility)


def _prepared(manifest: Manifest, volume: Volume, modality: str, progress: Progress) -> tuple[Image, Box | None, str | None]:
    """The image as the network wants it, before padding, the box of it in which there is anything, and the reason to refuse it."""
    tensor, inference = manifest.input[0], manifest.inference
    assert tensor.spacing_mm is not None  # the manifest of a model for volumes has it
    image = standardise(volume, tensor.spacing_mm, progress)
    reason = reason_against_values(modality, image.values)
    if reason is not None:
        return image, None, reason
    body = foreground(_as_seen(image.values, manifest, modality))
    reason = reason_against_foreground(manifest.gate, float(body.mean()))
    scanned, whole = nonzero_box(body), image.geometry
    if inference.crop == "foreground":
        image = cropped_to(body, image, inference.margin_mm)
    apply_steps(image.values, steps_for(tensor.intensity, modality))
    return image, _moved(scanned, whole, image.geometry), reason


def _moved(box: Box | None, source: Geometry, target: Geometry) -> Box | None:
    """A box of voxels of one grid as a box of another that is cut from it or added to it."""
    if box is None:
        return None
    i, j, k = np.rint(target.to_index(source.to_lps([(0, 0, 0)]))[0]).astype(int)
    first, second, third = (slice(part.start + int(n), part.stop + int(n)) for part, n in zip(box, (k, j, i), strict=True))  # array order
    return first, second, third


def _as_seen(values: Float, manifest: Manifest, modality: str) -> Float:
    """Values clipped as the model clips them first, so that a CT's foreground is what its window shows."""
    clips = leading_clips(manifest.input[0].intensity, modality)
    return apply_steps(values.copy(), steps_for(clips, modality)) if clips else values


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Voxels and posteriors by label value, (256,) each; ``sureness`` None without a confidence."""

    voxels: NDArray[np.float64]
    sureness: NDArray[np.float64] | None

    @classmethod
    def of(cls, labels: NDArray[np.uint8], confidence: NDArray[np.uint8] | None) -> _Counts:
        return cls(sums_by_label(labels), None if confidence is None else sums_by_label(labels, confidence) / 255)


def _judged(manifest: Manifest, found: Prediction, grid: Geometry, scanned: Box | None, progress: Progress) -> Answer:
    """Postprocess, count, and compare with the gate's bounds."""
    progress.report(0.95, "Checking the answer")
    values = [segment.value for segment in manifest.segments]
    known = np.zeros(256, bool)
    known[[0, *values]] = True
    if not known[found.labels].all():
        raise ModelFailed("The model gave label values that its manifest doesn't list.", "output")
    share = largest_share(found.labels)
    labels = postprocess(found.labels, manifest.postprocess.steps)
    before, after = _Counts.of(found.labels, found.confidence), _Counts.of(labels, found.confidence)
    volumes = {value: max(voxels, 0.0) * grid.voxel_mm3 / 1000 for value, voxels in _voxels(found, values, before, after).items()}
    confidence = {}
    score = None
    if after.sureness is not None:
        confidence = {v: float(after.sureness[v] / after.voxels[v]) for v in values if after.voxels[v]}
        total = float(after.voxels[1:].sum())
        score = float(after.sureness[1:].sum()) / total if total else 0.0
    looks = Plausibility(volumes, score, share, centres(labels, values, grid), confidence, cut_shares(labels, scanned))
    gate = judge(manifest.gate, looks, {s.value: s.name for s in manifest.segments})
    return Answer(gate, grid, labels, _heatmap(manifest, found, labels), volumes, confidence, plausibility=looks)


def _voxels(found: Prediction, values: list[int], before: _Counts, after: _Counts) -> dict[int, float]:
    """The size of each label in voxels: posteriors less those of removed voxels, or a plain count."""
    if found.volumes is None:
        return {value: float(after.voxels[value]) for value in values}
    removed = before.voxels - after.voxels
    if before.sureness is not None and after.sureness is not None:
        removed = before.sureness - after.sureness
    return {value: float(found.volumes[n]) - float(removed[value]) for n, value in enumerate(values, start=1)}


def _heatmap(manifest: Manifest, found: Prediction, labels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    explanation = manifest.explanation
    if explanation is None or explanation.kind == "none" or found.confidence is None:
        return None
    return uncertainty(labels, found.confidence) if explanation.kind == "uncertainty" else found.confidence
