"""From a trained picture network to an ONNX file that answers with probabilities and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from medviewer.training.networks.pictures import PictureNetwork
from medviewer.training.packages.onnx_export import export_module

OUTPUTS = ("scores", "unlikeness", "heatmap", "cam", "logit")
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Familiar:
    """What training pictures look like to the network: mean and standard deviation of each pooled feature, ``(channels,)``."""

    mean: Tensor
    sd: Tensor

    def unlikeness(self, pooled: Tensor) -> Tensor:
        """Root mean square of how many standard deviations the features ``(n, channels)`` are away; ``(n, 1)``.

        A Mahalanobis distance with a diagonal covariance (after Lee 2018).
        """
        return (((pooled - self.mean) / self.sd) ** 2).mean(1, keepdim=True).sqrt()


class PictureAnswer(nn.Module):
    """A network with its temperature, and the class activation map of one class.

    Input ``(1, 1, rows, columns)`` float32 in 0..1. Outputs: scores ``(1, classes - 1)``, the probabilities
    softmax(z / T) without the first class's; unlikeness ``(1, 1)``, see `Familiar`; cam ``(1, h, w)``, what each place
    adds to the explained class less what it adds to the others in the mean; logit ``(1, 1)``, the same difference of the
    logits, so that mean(cam) + a constant = logit; heatmap ``(1, h, w)``, the cam's positive part over ``scale``, at most 1.
    """

    def __init__(self, network: PictureNetwork, temperature: float, familiar: Familiar, explained: int, scale: float) -> None:
        super().__init__()
        self.network = network
        self._temperature, self._explained, self._scale = temperature, explained, scale
        self.register_buffer("mean", familiar.mean)
        self.register_buffer("sd", familiar.sd)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Scores, unlikeness, heatmap, cam, logit."""
        features = self.network.features(image)
        maps = self.network.maps(features)
        logits = maps.mean((2, 3)) + self.network.bias
        scores = (logits / self._temperature).softmax(1)[:, 1:]
        unlikeness = Familiar(self.mean, self.sd).unlikeness(features.mean((2, 3)))
        cam = margin(maps, self._explained)
        heatmap = (cam.clamp(min=0) / self._scale).clamp(max=1)
        return scores, unlikeness, heatmap, cam, margin(logits, self._explained)[:, None]


def margin(values: Tensor, number: int) -> Tensor:
    """A class's values less the mean of the others', ``(n, classes, ...)`` to ``(n, ...)``."""
    others = (values.sum(1) - values[:, number]) / (values.shape[1] - 1)
    return values[:, number] - others


def pooled_features(network: PictureNetwork, images: Tensor) -> Tensor:
    """``(n, channels)``."""
    with torch.no_grad():
        return torch.cat([network.features(part).mean((2, 3)) for part in images.split(_AT_ONCE)])


def familiar_with(network: PictureNetwork, images: Tensor) -> Familiar:
    """Mean and spread of the features of pictures; no spread is taken as smaller than a thousandth of the largest."""
    pooled = pooled_features(network, images)
    sd = pooled.std(0)
    return Familiar(pooled.mean(0), sd.clamp(min=float(sd.max()) / 1000 + 1e-6))


def heatmap_scale(network: PictureNetwork, images: Tensor, explained: int, percentile: float = 99.0) -> float:
    """What the heatmap calls 1: a high percentile of the largest values that maps reach in pictures of the tuning set.

    One scale for all pictures, so that an empty map stays empty.
    """
    with torch.no_grad():
        maps = torch.cat([margin(network.class_maps(part), explained) for part in images.split(_AT_ONCE)])
    highest = maps.flatten(1).amax(1).clamp(min=0)
    return max(float(torch.quantile(highest, percentile / 100)), 1e-6)


def export_pictures(answer: PictureAnswer, shape: Sequence[int], target: Path) -> None:
    """Write the ONNX file; the picture's shape is fixed."""
    export_module(answer.eval(), torch.rand(1, 1, *shape), OUTPUTS, target)
