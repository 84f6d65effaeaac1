"""The exported model with its weights stored at half width, if that changes next to nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx

from medviewer.training.heads.answer import output_labels
from medviewer.training.heads.export import answer_mm, divisible_by, export_onnx
from medviewer.training.packages.onnx_halves import stored_at_half_width
from medviewer.training.recipe_kinds.synthesis import Recipe
from medviewer.training.validation.export_gates import GateReport, compare_labels, gated_export, network_answers
from medviewer.training.validation.volumes.held_out import HeldOutRecipe
from medviewer.training.validation.volumes.model import SegmentFacts
from medviewer.training.validation.volumes.synthetic_heads import CALIBRATION_SEED, SyntheticHeads


def export_at_half_width(recipe: Recipe, weights: Path, data: Path, target: Path) -> GateReport:
    """Write the ONNX file, compared with float32 on one image of each contrast and tuning head.

    Raises `GateRefused`, and leaves no file, where labels differ by more than `export_gates` allows.
    """
    segments = [SegmentFacts(label.value, label.name, label.side) for label in output_labels(recipe)]
    held_out = HeldOutRecipe(id=recipe.id, data=recipe.data, structure=recipe.structure)
    heads = SyntheticHeads(held_out, data, segments, answer_mm(recipe), divisible_by(recipe))
    cases = list(heads.cases(recipe.data.tune, 1, CALIBRATION_SEED))
    tensors, references = [case.tensor for case in cases], [case.reference for case in cases]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float32.onnx"
        export_onnx(recipe, weights, whole)
        wanted = [answer["labels"][0] for answer in network_answers(whole, tensors)]

        def judge(part: Path) -> GateReport:
            return compare_labels(wanted, [answer["labels"][0] for answer in network_answers(part, tensors)], references)

        def make(part: Path) -> None:
            onnx.save(stored_at_half_width(onnx.load(str(whole))), str(part))

        return gated_export(make, judge, target, "Storing the weights at half width")
