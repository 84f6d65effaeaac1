"""From a prepared image to labels, confidence and volumes, whichever outputs a network has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import ModelFailed
from medviewer.core.progress import Progress
from medviewer.inference.mirrored import Prediction, averaged_answers, averaged_probabilities
from medviewer.inference.sessions import Network, Stop, as_float_image
from medviewer.inference.tiling import run_tiled
from medviewer.models.manifest import Manifest

Bytes = NDArray[np.uint8]
Float = NDArray[np.float32]


def predict(network: Network, values: Float, progress: Progress, stop: Stop) -> Prediction:
    """Run a network over a prepared image ``[k, j, i]``; raises `Cancelled`, and `ModelFailed` for impossible answers."""
    manifest = network.package.manifest
    classes = manifest.first_output("logits", "probabilities")
    if classes is not None and manifest.first_output("labels") is None:
        return _from_probabilities(_probabilities(network, values, progress, stop), manifest)
    passes = 1 + len(manifest.inference.flips)
    done = 0

    def one_pass(image: Float) -> Prediction:
        nonlocal done
        progress.report(done / passes, "Running the model")
        done += 1
        return _from_labels(network, image, stop)

    found = averaged_answers(one_pass, values, manifest)
    progress.report(1.0, "Running the model")
    return found


def _from_labels(network: Network, values: Float, stop: Stop) -> Prediction:
    """One pass of a network that chooses the labels itself."""
    manifest = network.package.manifest
    outputs = (manifest.first_output("labels"), manifest.first_output("heatmap"), manifest.first_output("volumes"))
    wanted = [output for output in outputs if output is not None]
    answers = network.run({manifest.input[0].name: as_float_image(values)}, [o.name for o in wanted], stop)
    by_kind = {output.kind: answers[output.name] for output in wanted}
    labels = _spatial(by_kind["labels"], values.shape, "labels")
    if labels.dtype != np.uint8:
        raise ModelFailed(f"The model's labels are {labels.dtype}; uint8 was expected.", "output")
    confidence = as_bytes(_spatial(by_kind["heatmap"], values.shape, "heatmap")) if "heatmap" in by_kind else None
    volumes = _volumes(by_kind["volumes"], manifest) if "volumes" in by_kind else None
    return Prediction(labels, confidence, volumes)


def _probabilities(network: Network, values: Float, progress: Progress, stop: Stop) -> Float:
    """Class probabilities ``[c, k, j, i]``, in one pass or tile by tile, averaged over mirror images where the manifest says so."""
    manifest = network.package.manifest
    output = manifest.first_output("logits", "probabilities")
    assert output is not None
    channels = len(manifest.segments) + 1

    def one_tile(image: Float) -> Float:
        answer = network.run({manifest.input[0].name: as_float_image(image)}, [output.name], stop)[output.name]
        if answer.shape != (1, channels, *image.shape):
            raise ModelFailed(f"The model's {output.kind} have shape {answer.shape}; (1, {channels}, k, j, i) was expected.", "output")
        if not np.isfinite(answer).all():
            raise ModelFailed(f"The model's {output.kind} hold values that aren't finite.", "output")
        found = np.asarray(answer[0], np.float32)
        return _softmax(found) if output.kind == "logits" else found

    inference = manifest.inference
    passes = 1 + len(inference.flips)
    done = 0

    def one_pass(image: Float) -> Float:
        nonlocal done
        share = progress.part(done / passes, (done + 1) / passes)
        done += 1
        if inference.mode == "sliding" and inference.tile is not None:
            return run_tiled(one_tile, image, inference.tile, inference.overlap, inference.blend, share)
        share.report(0.0, "Running the model")
        return one_tile(image)

    return averaged_probabilities(one_pass, values, manifest)


def _softmax(logits: Float) -> Float:
    """In place over the first axis."""
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    return logits


def _from_probabilities(probabilities: Float, manifest: Manifest) -> Prediction:
    values = np.array([0, *(segment.value for segment in manifest.segments)], np.uint8)
    labels = values[probabilities.argmax(axis=0)]
    confidence = np.rint(np.clip(probabilities.max(axis=0), 0, 1) * 255).astype(np.uint8)
    volumes = probabilities.sum(axis=(1, 2, 3), dtype=np.float64)
    return Prediction(labels, confidence, volumes)


def _spatial(answer: NDArray[Any], shape: tuple[int, ...], what: str) -> NDArray[Any]:
    if answer.shape != (1, *shape):
        raise ModelFailed(f"The model's {what} have shape {answer.shape}; {(1, *shape)} was expected.", "output")
    return np.ascontiguousarray(answer[0])


def as_bytes(values: NDArray[Any]) -> Bytes:
    """A heatmap as 0..255 for 0..1."""
    if values.dtype == np.uint8:
        return np.asarray(values, np.uint8)
    if values.dtype.kind != "f" or not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise ModelFailed("The model's heatmap is neither uint8 nor between 0 and 1.", "output")
    return np.asarray(np.rint(values * 255), np.uint8)


def _volumes(answer: NDArray[Any], manifest: Manifest) -> NDArray[np.float64]:
    count = len(manifest.segments) + 1
    volumes = np.asarray(answer, np.float64).reshape(-1)
    if volumes.shape != (count,) or not np.isfinite(volumes).all() or (volumes < 0).any():
        raise ModelFailed(f"The model's volumes aren't {count} numbers of at least 0 (background and each segment).", "output")
    return volumes
