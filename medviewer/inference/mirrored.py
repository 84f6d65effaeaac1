"""Averaging what a network says to an image and to its mirror images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.models.manifest import Manifest
from medviewer.models.manifest_entries import FlipEntry

Bytes = NDArray[np.uint8]
Float = NDArray[np.float32]
_ARRAY_AXIS = {"k": 0, "j": 1, "i": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """labels : uint8 ``[k, j, i]``. confidence : uint8, posterior of the chosen label, 255 is 1.

    volumes : float64 (segments + 1,), posteriors summed over voxels, background first.
    """

    labels: Bytes
    confidence: Bytes | None
    volumes: NDArray[np.float64] | None


def why_not_mirrored(manifest: Manifest) -> str | None:
    """What keeps a model's mirrored passes from being averaged, None if nothing does or it asks for none."""
    if not manifest.inference.flips:
        return None
    output = manifest.first_output("labels", "logits", "probabilities")
    sure = manifest.explanation is not None and manifest.explanation.kind == "uncertainty" and manifest.first_output("heatmap") is not None
    if output is not None and output.kind == "labels" and not sure:
        return (
            "it asks for mirrored passes (flips) over labels, which needs an output of kind heatmap and an explanation of kind "
            "uncertainty: where two passes disagree, the surer one is believed"
        )
    return None


def passes_wished(manifest: Manifest, mirror: bool | None) -> Manifest:
    """The manifest with the mirrored passes that are to be run. mirror : whether a person wants them, None if nothing was said."""
    wanted = mirror if mirror is not None else manifest.inference.mirror == "always"
    if wanted or not manifest.inference.flips:
        return manifest
    return manifest.model_copy(update={"inference": manifest.inference.model_copy(update={"flips": ()})})


def mirrored(image: Float, flip: FlipEntry) -> Float:
    """An image ``[k, j, i]`` mirrored along the flip's axis."""
    return np.ascontiguousarray(np.flip(image, _ARRAY_AXIS[flip.axis]))


def averaged_probabilities(one_pass: Callable[[Float], Float], image: Float, manifest: Manifest) -> Float:
    """The mean of the class probabilities ``[c, k, j, i]`` of an image and of its mirror images, brought back.

    one_pass : an image to its class probabilities, background first, then the manifest's segments in their order.
    """
    total = one_pass(image)
    flips = manifest.inference.flips
    for flip in flips:
        found = np.flip(one_pass(mirrored(image, flip)), 1 + _ARRAY_AXIS[flip.axis])
        for channel, other in enumerate(_channel_swap(manifest, flip)):
            total[channel] += found[other]
    if flips:
        total /= 1 + len(flips)
    return total


def averaged_answers(one_pass: Callable[[Float], Prediction], image: Float, manifest: Manifest) -> Prediction:
    """The answers to an image and to its mirror images as one.

    The networks have chosen their labels, so posteriors can't be averaged: a voxel's label is that whose posteriors,
    as far as known, sum to the most; its confidence is the mean over the passes of that label's posterior, where a pass
    that chose another label is taken to leave it all of the rest (its largest possible share). Volumes are averaged.
    """
    flips = manifest.inference.flips
    first = one_pass(image)
    if not flips:
        return first
    passes = [first, *(_brought_back(one_pass(mirrored(image, flip)), manifest, flip) for flip in flips)]
    labels, confidence = _believed(passes)
    volumes = [found.volumes for found in passes if found.volumes is not None]
    return Prediction(labels, confidence, np.mean(volumes, axis=0) if len(volumes) == len(passes) else None)


def _believed(passes: Sequence[Prediction]) -> tuple[Bytes, Bytes]:
    sureness = [found.confidence for found in passes]
    assert all(found is not None for found in sureness)
    sums = [_support(found.labels, passes) for found in passes]
    best = np.argmax(sums, axis=0)  # of equals the first, which is the image as it is
    labels = np.choose(best, [found.labels for found in passes]).astype(np.uint8)
    total = np.zeros(labels.shape, np.uint16)
    for found, sure in zip(passes, sureness, strict=True):
        assert sure is not None
        total += np.where(found.labels == labels, sure, 255 - sure)
    return labels, np.rint(total / len(passes)).astype(np.uint8)


def _support(labels: Bytes, passes: Sequence[Prediction]) -> NDArray[np.uint16]:
    """The posteriors of a label map summed over the passes that chose the same, uint16 ``[k, j, i]``."""
    total = np.zeros(labels.shape, np.uint16)
    for found in passes:
        assert found.confidence is not None
        total += np.where(found.labels == labels, found.confidence, 0)
    return total


def _brought_back(found: Prediction, manifest: Manifest, flip: FlipEntry) -> Prediction:
    """The answer to a mirror image as one to the image: turned round, pairs of labels exchanged."""
    axis = _ARRAY_AXIS[flip.axis]
    exchanged = np.arange(256, dtype=np.uint8)
    for a, b in flip.swap:
        exchanged[a], exchanged[b] = b, a
    confidence = None if found.confidence is None else np.flip(found.confidence, axis)
    volumes = None if found.volumes is None else found.volumes[_channel_swap(manifest, flip)]
    return Prediction(exchanged[np.flip(found.labels, axis)], confidence, volumes)


def _channel_swap(manifest: Manifest, flip: FlipEntry) -> list[int]:
    """For each channel (background, then segments in their order) the one that takes its place in a mirror image."""
    values = [0, *(segment.value for segment in manifest.segments)]
    other = {a: b for pair in flip.swap for a, b in (pair, pair[::-1])}
    return [values.index(other.get(value, value)) for value in values]
