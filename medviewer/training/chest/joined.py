"""The two networks as one graph: find the lungs, cut to them, read them, and lay the answer over the whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.chest.lungs import lung_box
from medviewer.training.chest.networks import Finder, Reader
from medviewer.training.chest.views import crop_grid, cropped
from medviewer.training.packages.onnx_export import export_module

HEATMAP_SIZE = 64
SCORES = ("pneumonia", "bacterial", "viral", "normal")
CHECKS = ("frontal chest", "distance", "disagreement")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into probabilities, set on cases that trained nothing.

    temperature, shift : p = sigmoid((logit - shift) / temperature), for pneumonia. kind_temperature : the same for viral
    against bacterial, without a shift. full_scale : the activation that the heatmap shows as 1.
    """

    temperature: float
    shift: float
    kind_temperature: float
    full_scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Familiar:
    """The training features' distribution: a Gaussian for each class with one covariance (Lee 2018).

    means : (classes, c). whitening : (c, c), the inverse covariance's square root.
    """

    means: Tensor
    whitening: Tensor

    @staticmethod
    def of(features: Tensor, classes: Tensor, shrink: float = 0.1) -> Familiar:
        """Fit to pooled features (n, c) and their classes (n,); the covariance is shrunk towards its diagonal."""
        means = torch.stack([features[classes == k].mean(0) for k in classes.unique()])
        centred = torch.cat([features[classes == k] - features[classes == k].mean(0) for k in classes.unique()]).double()
        covariance = centred.T @ centred / len(centred)
        covariance = (1 - shrink) * covariance + shrink * torch.diag(covariance.diagonal()) + 1e-8 * torch.eye(len(covariance)).double()
        values, vectors = torch.linalg.eigh(covariance)
        return Familiar(means, (vectors * values.clamp(min=1e-10).rsqrt() @ vectors.T).float())

    def distance(self, features: Tensor) -> Tensor:
        """Mahalanobis distance of (n, c) to the nearest class, divided by the root of c: about 1 for what is familiar."""
        off = (features[:, None] - self.means[None]) @ self.whitening
        return off.square().mean(2).sqrt().amin(1)


class ChestAnswer(nn.Module):
    """Everything the model says about a frontal radiograph.

    Input ``image`` (1, 1, 256, 256) float32 in 0..1. Outputs: ``scores`` (1, 4), probabilities in the order of `SCORES`;
    ``checks`` (1, 3) in the order of `CHECKS`; ``mask`` (1, 256, 256) uint8, 1 right lung, 2 left; ``heatmap`` (1, 64, 64) float32
    in 0..1 over the whole picture; ``cam`` (1, h, w) over the lungs' box and ``logit`` (1, 1), of which
    mean(cam) + bias = logit, where bias is the reader's; ``features`` (1, c), pooled.
    """

    def __init__(self, finder: Finder, reader: Reader, size: int, calibration: Calibration, familiar: Familiar) -> None:
        super().__init__()
        self.finder, self.reader, self.size, self.calibration = finder, reader, size, calibration
        self.register_buffer("means", familiar.means)
        self.register_buffer("whitening", familiar.whitening)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """All outputs in the order of the class's description."""
        found = self.finder(fn.avg_pool2d(image, 2))
        upright = torch.where(found.inverted.view(-1, 1, 1, 1) > 0, 1 - image, image)
        mask = fn.interpolate(found.masks, scale_factor=2.0, mode="bilinear").argmax(1).to(torch.uint8)
        box = lung_box(1 - found.masks.softmax(1)[:, 0])
        crop = cropped(upright, crop_grid(box, self.size))
        here, mirrored = self.reader(crop), self.reader(crop.flip(3))
        logits = (here.logits + mirrored.logits) / 2
        cam = (self.reader.activation_map(here.features) + self.reader.activation_map(mirrored.features).flip(2)) / 2
        features = (here.features + mirrored.features.flip(3)).mean((2, 3)) / 2
        c = self.calibration
        ill = torch.sigmoid((logits[:, 0] - c.shift) / c.temperature)
        viral = torch.sigmoid(logits[:, 1] / c.kind_temperature)
        scores = torch.stack([ill, ill * (1 - viral), ill * viral, 1 - ill], 1)
        off = (features[:, None] - self.means[None]) @ self.whitening
        distance = off.square().mean(2).sqrt().amin(1)
        apart = (torch.sigmoid((here.logits - c.shift) / c.temperature) - torch.sigmoid((mirrored.logits - c.shift) / c.temperature)).abs()
        checks = torch.stack([torch.sigmoid(found.frontal), distance, apart[:, 0]], 1)
        heatmap = (_laid_over(cam, box) / c.full_scale).clamp(0, 1)
        return scores, checks, mask, heatmap, cam, logits[:, :1], features


def _laid_over(cam: Tensor, box: Tensor) -> Tensor:
    """A map over a box as one over the whole picture, (n, HEATMAP_SIZE, HEATMAP_SIZE); 0 outside the box."""
    n = box.shape[0]
    steps = (torch.arange(HEATMAP_SIZE, dtype=cam.dtype) + 0.5) / HEATMAP_SIZE
    y = (2 * steps.view(1, -1) - box[:, :1] - box[:, 1:2]) / (box[:, 1:2] - box[:, :1])
    x = (2 * steps.view(1, -1) - box[:, 2:3] - box[:, 3:]) / (box[:, 3:] - box[:, 2:3])
    grid = torch.stack([x[:, None, :].expand(n, HEATMAP_SIZE, HEATMAP_SIZE), y[:, :, None].expand(n, HEATMAP_SIZE, HEATMAP_SIZE)], 3)
    return fn.grid_sample(cam[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[:, 0]


def export_onnx(answer: ChestAnswer, target: Path) -> None:
    """Write the graph; the batch is one picture."""
    names = ("scores", "checks", "mask", "heatmap", "cam", "logit", "features")
    export_module(answer.eval(), torch.rand(1, 1, 256, 256), names, target)
