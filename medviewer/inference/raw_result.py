"""What a model run gives, checked before anything believes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import ModelFailed
from medviewer.inference.gate import GateResult
from medviewer.inference.messages import ArrayOutput, ArrayRef, GateOutput, NumbersOutput, Result
from medviewer.models.package import Package


@dataclass(frozen=True, slots=True, eq=False)
class RawResult:
    """A run's answer, before findings are made of it.

    labels : uint8 ``[k, j, i]`` on the volume's grid; all 0 where the gate refused the input before the network ran.
    heatmap : uint8 on the same grid, 0..255 for 0..1, or None. For an explanation of kind uncertainty: one minus the
        posterior of the chosen label, in and near structures, 0 elsewhere.
    volumes_ml : by label value; sums of posteriors on the model's grid where the network gives them (less those of
        voxels that postprocessing removed), else voxels counted there.
    scores : of a model of pictures, by class, 0..1. gate_scores : the numbers its gate judged by, by name.
    structure_confidence : mean posterior by label value, 0..1, not calibrated.
    provider, device : really used; device_note says why it isn't another.
    seconds : ``start_host`` (0 for a warm one), ``prepare``, ``infer``, ``finish``.
    host_peak_bytes : largest resident memory of the host since it started.
    """

    labels: NDArray[np.uint8]
    heatmap: NDArray[np.uint8] | None
    volumes_ml: Mapping[int, float]
    scores: Mapping[str, float]
    structure_confidence: Mapping[int, float]
    provider: str
    device: str
    device_note: str | None
    gate: GateResult
    seconds: Mapping[str, float] = field(default_factory=dict)
    host_peak_bytes: int = 0
    gate_scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Used:
    """Where a run took place."""

    provider: str
    device: str
    note: str | None


def checked_result(result: Result, package: Package, offered: Mapping[str, tuple[ArrayRef, NDArray[np.generic]]], used: Used) -> RawResult:
    """Turn the host's message into a `RawResult`.

    offered : the shared arrays by name, with the reference they were offered under.
    Raises `ModelFailed` (``protocol``, ``output``) for arrays that weren't offered, other shapes or types, label values
    the manifest doesn't list, or numbers for segments it doesn't have.
    """
    gates = [entry for entry in result.outputs if isinstance(entry, GateOutput)]
    numbers = {entry.name: entry.values for entry in result.outputs if isinstance(entry, NumbersOutput)}
    if len(gates) != 1 or set(numbers) != {"volumes_ml", "confidence", "scores", "gate_scores"}:
        raise ModelFailed("The model's process gave an incomplete result.", "protocol")
    written = _written([entry for entry in result.outputs if isinstance(entry, ArrayOutput)], offered)
    gate = GateResult(gates[0].accepted, gates[0].score, gates[0].reason)
    if gate.accepted and "labels" not in written and package.manifest.segments:
        raise ModelFailed("The model's process accepted the image and gave no labels.", "output")
    labels = np.array(offered["labels"][1], np.uint8)  # a copy of our own: nobody else writes into it
    _refuse_unknown_values(labels, package)
    return RawResult(
        labels=labels,
        heatmap=np.array(offered["heatmap"][1], np.uint8) if "heatmap" in written else None,
        volumes_ml=_by_segment(numbers["volumes_ml"], package),
        scores=_by_class(numbers["scores"], package, None),
        gate_scores=_by_class(numbers["gate_scores"], package, "gate"),
        structure_confidence=_by_segment(numbers["confidence"], package),
        provider=used.provider,
        device=used.device,
        device_note=used.note,
        gate=gate,
        seconds={str(name): value for name, value in result.seconds.items()},
        host_peak_bytes=result.peak_bytes,
    )


def _written(outputs: list[ArrayOutput], offered: Mapping[str, tuple[ArrayRef, NDArray[np.generic]]]) -> set[str]:
    names = set()
    for output in outputs:
        if output.name not in offered or output.array != offered[output.name][0] or output.name in names:
            raise ModelFailed(f"The model's process names an array {output.name[:50]!r} that wasn't offered to it.", "protocol")
        names.add(output.name)
    return names


def _refuse_unknown_values(labels: NDArray[np.uint8], package: Package) -> None:
    known = np.zeros(256, bool)
    known[[0, *package.segments]] = True
    for plane in labels:
        if not known[plane].all():
            raise ModelFailed("The model gave label values that its manifest doesn't list.", "output")


def _by_class(values: Mapping[str, float], package: Package, role: str | None) -> Mapping[str, float]:
    known = {entry.name for output in package.manifest.output if output.role == role for entry in output.classes}
    if not known.issuperset(values) or (role is None and any(not 0 <= value <= 1 for value in values.values())):
        raise ModelFailed("The model gave scores that its manifest doesn't list, or that aren't between 0 and 1.", "output")
    return values


def _by_segment(values: Mapping[str, float], package: Package) -> dict[int, float]:
    known = {str(value): value for value in package.segments}
    if any(key not in known or number < 0 for key, number in values.items()):
        raise ModelFailed("The model gave numbers for segments that its manifest doesn't list.", "output")
    return {known[key]: number for key, number in values.items()}
