"""May a lighter export stand in for the network? Only if its answers are those of float32 within stated limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import MedviewerError

LEAST_AGREEMENT = 0.999
MOST_DICE_LOSS = 0.002
MOST_AUC_LOSS = 0.002

Tensor = NDArray[np.float32]
Answers = dict[str, NDArray[np.generic]]


class GateRefused(MedviewerError):
    """A lighter or retuned network answers differently from the one it would replace."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class GateReport:
    """What was compared; None where the network has no such answer, or it can't be judged (no reference).

    agreement : share of voxels, or of decisions at the threshold, that are the same. dice_change, auc_change :
    candidate less float32, the worst structure or class.
    """

    tensors: int
    agreement: float | None
    dice_change: float | None
    auc_change: float | None

    def reasons(self) -> tuple[str, ...]:
        """A sentence for every limit that is broken, or for having compared nothing."""
        found = []
        if self.agreement is None and self.auc_change is None:
            found.append("nothing was compared")
        if self.agreement is not None and not self.agreement >= LEAST_AGREEMENT:
            found.append(f"{100 * self.agreement:.3f} % of answers agree, at least {100 * LEAST_AGREEMENT:g} % must")
        if self.dice_change is not None and not self.dice_change >= -MOST_DICE_LOSS:
            found.append(f"Dice changes by {self.dice_change:+.4f}, at most {MOST_DICE_LOSS:g} may be lost")
        if self.auc_change is not None and not self.auc_change >= -MOST_AUC_LOSS:
            found.append(f"AUC changes by {self.auc_change:+.4f}, at most {MOST_AUC_LOSS:g} may be lost")
        return tuple(found)

    def require(self, what: str) -> None:
        """Raise `GateRefused` with the numbers if a limit is broken."""
        reasons = self.reasons()
        if reasons:
            raise GateRefused(f"{what} is refused over {self.tensors} validation images: {'; '.join(reasons)}.")


def network_answers(path: Path, tensors: Sequence[Tensor]) -> list[Answers]:
    """Every output for every tensor, on the processor."""
    from medviewer.training.validation.ort_session import cpu_session

    session = cpu_session(path)
    name, outputs = session.get_inputs()[0].name, [o.name for o in session.get_outputs()]
    return [dict(zip(outputs, session.run(None, {name: tensor}), strict=True)) for tensor in tensors]


def compare_labels(
    float32: Sequence[NDArray[np.uint8]], candidate: Sequence[NDArray[np.uint8]], reference: Sequence[NDArray[np.uint8]] | None = None
) -> GateReport:
    """Label maps of two networks. Without references, the candidate's Dice against float32 itself is judged."""
    same = sum(int(np.count_nonzero(a == b)) for a, b in zip(float32, candidate, strict=True))
    voxels = sum(a.size for a in float32)
    against = reference if reference is not None else float32
    before, after = (_dice_by_value(answers, against) for answers in (float32, candidate))
    changes = [after[value] - before[value] for value in before]
    return GateReport(len(float32), same / voxels if voxels else None, min(changes, default=None), None)


def compare_scores(
    float32: NDArray[np.float64], candidate: NDArray[np.float64], thresholds: Sequence[float], truth: NDArray[np.bool_] | None = None
) -> GateReport:
    """Scores ``(n, classes)`` of two networks: decisions at the thresholds, and AUC where the truth ``(n, classes)`` is known."""
    from medviewer.training.statistics.roc import roc_auc

    cut = np.asarray(thresholds)
    agreement = float(np.mean((float32 >= cut) == (candidate >= cut))) if float32.size else None
    changes = []
    for column in range(float32.shape[1] if truth is not None else 0):
        assert truth is not None
        change = roc_auc(candidate[:, column], truth[:, column]) - roc_auc(float32[:, column], truth[:, column])
        if np.isfinite(change):
            changes.append(change)
    return GateReport(len(float32), agreement, None, min(changes, default=None))


def compare_thresholds(scores: NDArray[np.float64], before: Sequence[float], after: Sequence[float]) -> GateReport:
    """Decisions of the same scores ``(n, classes)`` at other thresholds; thresholds change no AUC."""
    agreement = float(np.mean((scores >= np.asarray(before)) == (scores >= np.asarray(after)))) if scores.size else None
    return GateReport(len(scores), agreement, None, None)


def quantise_to_int8(float32: Path, target: Path, tensors: Sequence[Tensor] | None = None) -> None:
    """Write an int8 export: weights alone (dynamic), or with activations calibrated on ``tensors`` (static)."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_dynamic, quantize_static

    if tensors is None:
        quantize_dynamic(float32, target, weight_type=QuantType.QInt8)
        return
    name = _input_name(float32)

    class Reader(CalibrationDataReader):
        """Hands out the tensors one by one."""

        def __init__(self) -> None:
            self._rest = iter(tensors or ())

        def get_next(self) -> dict[str, Tensor] | None:
            """The next feed, None after the last."""
            tensor = next(self._rest, None)
            return None if tensor is None else {name: tensor}

    quantize_static(float32, target, Reader(), weight_type=QuantType.QInt8, per_channel=True)


def convert_to_fp16(float32: Path, target: Path) -> None:
    """Write a float16 export whose inputs and outputs stay as they were."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(float32)), keep_io_types=True), str(target))


def gated_export(make: Callable[[Path], None], judge: Callable[[Path], GateReport], target: Path, what: str) -> GateReport:
    """Make an export beside ``target``, judge it, and put it into place only if it passes; raises `GateRefused` otherwise."""
    part = target.with_name(target.name + ".part")
    try:
        make(part)
        report = judge(part)
        report.require(what)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return report


def _dice_by_value(answers: Sequence[NDArray[np.uint8]], references: Sequence[NDArray[np.uint8]]) -> dict[int, float]:
    """Dice of every label value in the references, over all images together."""
    both, sizes = np.zeros(256), np.zeros(256)
    present = np.zeros(256, bool)
    for answer, reference in zip(answers, references, strict=True):
        both += np.bincount(reference[answer == reference].reshape(-1), minlength=256)
        in_reference = np.bincount(reference.reshape(-1), minlength=256)
        sizes += in_reference + np.bincount(answer.reshape(-1), minlength=256)
        present |= in_reference > 0
    return {int(v): float(2 * both[v] / sizes[v]) for v in np.flatnonzero(present) if v}


def _input_name(path: Path) -> str:
    import onnx

    return str(onnx.load(str(path), load_external_data=False).graph.input[0].name)
