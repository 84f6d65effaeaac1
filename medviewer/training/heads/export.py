"""From a checkpoint to an ONNX file that answers with labels, confidence and volumes."""

from __future__ import annotations

import math
from pathlib import Path

import onnx
import torch

from medviewer.training.heads.answer import OUTPUTS, SURE_BACKGROUND, Answer, output_labels
from medviewer.training.networks.brain_box import CELL
from medviewer.training.networks.half_grid import HalfGridUNet
from medviewer.training.packages.onnx_box import joined_at_box
from medviewer.training.packages.onnx_export import exported_graph
from medviewer.training.recipe_kinds.synthesis import Recipe

EXAMPLE_MULTIPLES = (6, 7, 6)
_AXES = ("d", "h", "w")


def load_network(recipe: Recipe, checkpoint: Path) -> HalfGridUNet:
    """The averaged weights of a checkpoint, ready to answer."""
    state = torch.load(checkpoint, weights_only=True)
    network = HalfGridUNet(recipe.network.features, len(recipe.structure) + 1, recipe.network.detail)
    network.load_state_dict(state["ema"])
    return network.eval()


def divisible_by(recipe: Recipe) -> int:
    """What every axis of an image must be a multiple of: the half grid is halved again at each level but the first."""
    return max(2 ** len(recipe.network.features), 2 * CELL) * refinement(recipe)


def refinement(recipe: Recipe) -> int:
    """How many voxels of the answer lie along one of the network's: 2 where the recipe asks for half its voxel size, else 1."""
    wanted = recipe.network.answer_mm
    return 2 if wanted is not None and math.isclose(recipe.synthesis.spacing_mm, 2 * wanted) else 1


def answer_mm(recipe: Recipe) -> float:
    """The voxel size of image and answer in the exported file."""
    return recipe.synthesis.spacing_mm / refinement(recipe)


def export_onnx(recipe: Recipe, checkpoint: Path, target: Path) -> None:
    """Write the ONNX file; every axis of the image may be any multiple of `divisible_by`."""
    network = load_network(recipe, checkpoint)
    answer = Answer(network, output_labels(recipe), finer=refinement(recipe) == 2, mirrored=recipe.network.mirrored).eval()
    onnx.save(joined_model(answer, divisible_by(recipe)), str(target))


def joined_model(answer: Answer, multiple: int) -> onnx.ModelProto:
    """Both parts as one ONNX graph; every axis of the image may be any multiple of ``multiple``."""
    return joined_at_box(_whole(answer, multiple), _part(answer), answer.scales, (0, SURE_BACKGROUND))


def _whole(answer: Answer, multiple: int) -> onnx.ModelProto:
    """The graph that sees the whole image."""
    example = torch.rand(1, 1, *(n * multiple for n in EXAMPLE_MULTIPLES))
    dynamic = {"image": {2 + n: multiple * torch.export.Dim(name, min=2, max=32) for n, name in enumerate(_AXES)}}
    return exported_graph(answer.locate, {"image": example}, ("features", "coarse", "small", "start", "stop"), dynamic)


def _part(answer: Answer) -> onnx.ModelProto:
    """The graph that sees the box."""
    coarse = answer.locate.network.coarse
    channels = (coarse.in_channels, coarse.out_channels, 1, 1)
    names = ("features", "coarse", "image", "finer")[: len(answer.scales)]
    lengths = {name: torch.export.Dim(name, min=2, max=128) for name in _AXES}
    examples, dynamic = {}, {}
    for name, count, scale in zip(names, channels, answer.scales, strict=False):
        examples[name] = torch.rand(1, count, *(CELL * scale * n for n in EXAMPLE_MULTIPLES))
        dynamic[name] = {2 + n: CELL * scale * lengths[axis] for n, axis in enumerate(_AXES)}
    return exported_graph(answer.decide, examples, OUTPUTS, dynamic)
