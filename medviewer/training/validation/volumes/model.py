"""A segmentation network asked directly, tensor by tensor, through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import BadPackage
from medviewer.models.package import Package
from medviewer.training.validation.ort_session import cpu_session

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """One label the model gives. ``structure`` is the name without its side."""

    value: int
    name: str
    side: str | None

    @property
    def structure(self) -> str:
        """Both sides together."""
        return self.name.removeprefix(f"{self.side} ") if self.side else self.name


@dataclass(frozen=True, slots=True)
class OutputNames:
    """Which of the network's outputs is what; labels may be given as one channel a label."""

    labels: str = "labels"
    confidence: str | None = "confidence"
    volumes: str | None = "volumes"


@dataclass(frozen=True, slots=True, eq=False)
class VolumeAnswer:
    """labels, confidence : uint8 ``[k, j, i]``. voxels : (256,) by label value, sums of posteriors or plain counts."""

    labels: Bytes
    confidence: Bytes | None
    voxels: NDArray[np.float64]


class VolumeModel:
    """The network on the processor."""

    def __init__(self, path: Path, segments: tuple[SegmentFacts, ...], names: OutputNames) -> None:
        self.segments, self._names = segments, names
        self._session: Any = cpu_session(path)
        self._input = self._session.get_inputs()[0].name
        self._known = [output.name for output in self._session.get_outputs()]

    @classmethod
    def of_package(cls, package: Package) -> VolumeModel:
        """The network of a package of family segmentation-3d."""
        manifest = package.manifest
        answer = manifest.first_output("labels", "logits", "probabilities")
        if manifest.model.family != "segmentation-3d" or answer is None:
            raise BadPackage(f"{manifest.model.id} is of family {manifest.model.family}; volumes are for segmentation-3d.")
        heat, volumes = manifest.first_output("heatmap"), manifest.first_output("volumes")
        unsure = manifest.explanation is not None and manifest.explanation.kind == "uncertainty"
        segments = tuple(SegmentFacts(s.value, s.name, s.side) for s in manifest.segments)
        names = OutputNames(answer.name, heat.name if heat is not None and unsure else None, volumes.name if volumes is not None else None)
        return cls(package.network_path, segments, names)

    @property
    def mirror(self) -> Mapping[int, int]:
        """Label value -> value of the same structure on the other side."""
        by_name = {(s.structure, s.side): s.value for s in self.segments if s.side}
        other = {"left": "right", "right": "left"}
        return {v: by_name[name, other[side]] for (name, side), v in by_name.items() if (name, other[side]) in by_name}

    def answer(self, tensor: NDArray[np.float32]) -> VolumeAnswer:
        """What the network says of ``(1, 1, k, j, i)`` float32."""
        names = self._names
        wanted = [n for n in (names.labels, names.confidence, names.volumes) if n is not None and n in self._known]
        given = dict(zip(wanted, self._session.run(wanted, {self._input: tensor}), strict=True))
        labels, confidence = self._labels(given[names.labels]), None
        if names.confidence in given:
            confidence = _bytes(given[names.confidence][0])
        voxels = np.bincount(labels.reshape(-1), minlength=256).astype(np.float64)
        if names.volumes in given:
            for number, segment in enumerate(self.segments, start=1):
                voxels[segment.value] = float(given[names.volumes].reshape(-1)[number])
        return VolumeAnswer(labels, confidence, voxels)

    def _labels(self, given: NDArray[np.generic]) -> Bytes:
        if given.ndim == 4:
            return np.asarray(given[0], np.uint8)
        values = np.array([0, *(s.value for s in self.segments)], np.uint8)
        return np.asarray(values[given[0].argmax(0)])


def mirrored_labels(labels: Bytes, mirror: Mapping[int, int]) -> Bytes:
    """The answer to a mirror image as it would be of the image: turned back, and left and right exchanged."""
    table = np.arange(256, dtype=np.uint8)
    table[list(mirror)] = list(mirror.values())
    return np.ascontiguousarray(table[labels[..., ::-1]])


def mean_dice(one: Bytes, other: Bytes) -> float:
    """Mean Dice over the label values that either holds; 1 when both are empty."""
    sizes = np.bincount(one.reshape(-1), minlength=256) + np.bincount(other.reshape(-1), minlength=256)
    both = np.bincount(one[one == other], minlength=256)
    there = np.flatnonzero(sizes[1:]) + 1
    return float(np.mean(2 * both[there] / sizes[there])) if there.size else 1.0


def _bytes(values: NDArray[np.generic]) -> Bytes:
    return np.asarray(values if values.dtype == np.uint8 else np.round(values.astype(np.float32) * 255), np.uint8)
