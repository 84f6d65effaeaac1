"""From a trained segmentation network to an ONNX file that answers with labels, confidence and volumes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from medviewer.training.networks.half_grid import SegmentationNetwork
from medviewer.training.packages.onnx_export import export_module

OUTPUTS = ("labels", "confidence", "volumes")
LARGEST_SIDE = 512


class VolumeAnswer(nn.Module):
    """A network whose answer is the most probable structure.

    Input ``(1, 1, d, h, w)`` float32 in 0..1. Outputs: labels ``(1, d, h, w)`` uint8; confidence, its probability as
    round(255 p), ``(1, d, h, w)`` uint8; volumes, probabilities summed over all voxels, ``(structures + 1,)`` float32.
    """

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, confidence and volumes."""
        probability = self.network(image).softmax(1)
        chosen, labels = probability.max(1)
        return labels.to(torch.uint8), (chosen * 255).round().to(torch.uint8), probability.sum((0, 2, 3, 4))


def export_volumes(network: SegmentationNetwork, example_shape: tuple[int, int, int], target: Path) -> None:
    """Write the ONNX file; every axis of the image may be any multiple of the network's."""
    multiple = network.multiple
    dims = {2 + n: multiple * torch.export.Dim(name, min=2, max=LARGEST_SIDE // multiple) for n, name in enumerate("dhw")}
    # an example whose sides differ and exceed the smallest: sides that are equal or 1 would be taken for fixed
    shape = [max(n, (3 + axis) * multiple) for axis, n in enumerate(example_shape)]
    export_module(VolumeAnswer(network).eval(), torch.rand(1, 1, *shape), OUTPUTS, target, dims)
