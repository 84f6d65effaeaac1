"""Training images made from label maps: shape, contrast, bias field, resolution (SynthSeg, Billot 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as fn

from medviewer.imaging.intensity import PERCENTILE_SAMPLE, clip_to_percentiles, scale_to
from medviewer.training.synthesis.contrasts import OUTSIDE_BRAIN, Contrast, Greys, draw_greys
from medviewer.training.synthesis.label_maps import LabelTable

if TYPE_CHECKING:  # a machine that only trains has no pydantic
    from medviewer.training.recipe_kinds.synthesis import SynthesisSettings

CT_RANGE_HU = (0.0, 80.0)
"""The window of a head's soft tissue. Bone, above it, becomes as dark as air: on MR it is, and a bright shell looks like fluid on T2."""
SWELLINGS = 3
"""How many places of a head may swell or shrink."""
SWELLING_REACH_MM = (5.0, 15.0)
SWELLING = 0.45
"""At the middle of such a place lengths become 1 / (1 + this) to 1 / (1 - this) of what they were; from one on the map would fold over."""
SAMPLES = 4
"""Places at which a voxel's grey value is sampled and averaged."""


@dataclass(frozen=True, slots=True)
class Example:
    """One synthetic image with its answer.

    image : (1, 1, d, h, w) float32 in [0, 1]. structure : (1, d, h, w) int64, 0 is background.
    side : (1, d, h, w) int64; 1 left, 0 right, -1 neither. spacing_mm : distance of voxels as acquired, along d, h, w.
    """

    image: Tensor
    structure: Tensor
    side: Tensor
    contrast: Contrast
    spacing_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Head:
    """A label map ready for sampling, and the brain's centre in voxels (k, j, i).

    indices : uint8 ``[k, j, i]``. majority : the same with each voxel's label decided by its neighbourhood
    (`label_maps.majority`), which is what the network is asked for. landmarks : (structures, n, 3) float32, places in voxels
    inside each structure that the head has (`heads.landmarks`).
    """

    indices: Tensor
    majority: Tensor
    centre: Tensor
    landmarks: Tensor


class Synthesiser:
    """Draws examples from heads, on the device that holds ``structure``, ``side``, the heads and the generator.

    All randomness comes from the generator that is passed in.
    """

    def __init__(self, table: LabelTable, structure: Tensor, side: Tensor, settings: SynthesisSettings) -> None:
        self._table, self._structure, self._side, self._settings = table, structure, side, settings
        self._mirror = torch.from_numpy(table.mirror).to(structure.device)
        self._outside = torch.from_numpy((table.values >= OUTSIDE_BRAIN) | (table.values == 0)).to(structure.device)

    def draw(
        self,
        head: Head,
        shape: tuple[int, int, int],
        generator: torch.Generator,
        *,
        easy: bool = False,
        contrast: Contrast | None = None,
    ) -> Example:
        """One example of ``shape`` (k, j, i) with everything about it drawn at random, or of a given contrast."""
        s = self._settings
        dice = _rand(generator, 5).tolist()
        contrast = contrast or self._draw_contrast(dice[0], 0.8 if easy else s.realistic, generator)
        greys = draw_greys(self._table, contrast, symmetric=dice[1] < s.symmetric, generator=generator)
        labels, samples = self._deform(head, shape, 0.5 if easy else 1.0, generator)
        if dice[2] < 0.5:
            labels, *samples = (self._mirror[x.long()].flip(2) for x in (labels, *samples))
        if dice[3] < s.stripped:
            samples, greys = self._strip(samples, greys)
        image = self._paint(samples, greys, generator)
        image, spacing_mm = self._acquire(image, contrast, generator)
        structure, side = self._structure[labels.long()], self._side[labels.long()]
        if dice[4] < 0.2:
            self._cut(image, structure, side, generator)
        image = standardised(image)
        return Example(image[None, None], structure[None], side[None], contrast, spacing_mm)

    def _draw_contrast(self, die: float, realistic: float, generator: torch.Generator) -> Contrast:
        if die < self._settings.ct_like:
            return Contrast.CT
        if die < self._settings.ct_like + realistic:
            kinds = (Contrast.T1, Contrast.T1, Contrast.T2, Contrast.FLAIR, Contrast.PD)
            return kinds[int(_randint(generator, len(kinds)))]
        return Contrast.RANDOM

    def _deform(self, head: Head, shape: tuple[int, int, int], strength: float, generator: torch.Generator) -> tuple[Tensor, list[Tensor]]:
        """The label each voxel should get, and labels at random places inside it (for partial volume)."""
        s = self._settings
        device = generator.device
        axes = [(torch.arange(n, dtype=torch.float32, device=device) - (n - 1) / 2) * s.spacing_mm for n in shape]
        grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
        centre = head.centre + strength * s.centre_jitter_mm * (2 * _rand(generator, 3) - 1)
        points = grid @ _random_affine(s, strength, generator).to(device).T + centre
        points += _random_elastic(shape, s, strength, generator)
        if s.swelling:
            points = _swollen(points, head, s.swelling * strength, generator)
        wanted = _nearest(head.majority, points)
        offsets = ((_rand(generator, *points.shape) - 0.5) * s.spacing_mm for _ in range(SAMPLES))
        return wanted, [_nearest(head.indices, points + offset) for offset in offsets]

    def _strip(self, samples: list[Tensor], greys: Greys) -> tuple[list[Tensor], Greys]:
        keep = (~self._outside).to(samples[0].dtype)
        greys.mean[0], greys.sd[0] = 0.0, 0.0
        return [labels * keep[labels.long()] for labels in samples], greys

    def _paint(self, samples: list[Tensor], greys: Greys, generator: torch.Generator) -> Tensor:
        noise = _randn(generator, *samples[0].shape)
        mean, sd = greys.mean.to(noise.device), greys.sd.to(noise.device)
        image = torch.zeros_like(noise)
        for labels in samples:
            found = labels.long()
            image += mean[found] + sd[found] * noise
        return image / len(samples)

    def _acquire(self, image: Tensor, contrast: Contrast, generator: torch.Generator) -> tuple[Tensor, tuple[float, float, float]]:
        """Bias field, gamma, slice thickness and spacing; for CT the window of a head instead of the first two."""
        if contrast is Contrast.CT:
            image, spacing_mm = _random_resolution(image, self._settings, generator)
            low, high = CT_RANGE_HU
            return image.masked_fill_(image >= high, low).clamp_(low, high), spacing_mm
        sd = 0.6 * float(_rand(generator, 1))
        nodes = [max(2, math.ceil(0.05 * n)) for n in image.shape]
        field = sd * _randn(generator, 1, 1, *nodes)
        image = image * fn.interpolate(field, size=image.shape, mode="trilinear", align_corners=True)[0, 0].exp()
        image = image.clamp(0, 400)
        gamma = math.exp(0.4 * float(_randn(generator, 1)))
        top = float(image.max()) or 1.0
        return _random_resolution((image / top).pow(gamma), self._settings, generator)

    def _cut(self, image: Tensor, structure: Tensor, side: Tensor, generator: torch.Generator) -> None:
        """Blank one end along one axis, as a scan that starts or stops inside the head."""
        axis = int(_randint(generator, 3))
        depth = int(image.shape[axis] * 0.3 * float(_rand(generator, 1)))
        start = 0 if float(_rand(generator, 1)) < 0.5 else image.shape[axis] - depth
        for array, value in ((image, float(image.min())), (structure, 0), (side, -1)):
            array.narrow(axis, start, depth).fill_(value)


def standardised(image: Tensor) -> Tensor:
    """What the program does before inference, `clip_to_percentiles` and `scale_to`; the same steps where the image isn't in main memory.

    image : (d, h, w) float32, changed in place on the processor.
    """
    if image.device.type == "cpu":
        scale_to(clip_to_percentiles(image.numpy(), 0.5, 99.5), 0.0, 1.0)
        return image
    return standardised_in_torch(image)


def standardised_in_torch(image: Tensor) -> Tensor:
    """`standardised` in PyTorch's words; equal to it but for rounding."""
    flat = image.reshape(-1)
    ordered = flat[:: max(1, flat.numel() // PERCENTILE_SAMPLE)].sort().values
    places = [share * (ordered.numel() - 1) for share in (0.005, 0.995)]
    low, high = (torch.lerp(ordered[int(at)], ordered[min(int(at) + 1, ordered.numel() - 1)], at - int(at)) for at in places)
    image = image.clamp(low, high)
    bottom, top = image.min(), image.max()
    return (image - bottom) * torch.where(top > bottom, 1 / (top - bottom), torch.zeros_like(top))


def _rand(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device)


def _randn(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, device=generator.device)


def _randint(generator: torch.Generator, below: int) -> Tensor:
    return torch.randint(below, (1,), generator=generator, device=generator.device)


def _random_affine(s: SynthesisSettings, strength: float, generator: torch.Generator) -> Tensor:
    """Scaling x shearing x rotation, 3x3 in (k, j, i), on the processor."""
    angles = strength * s.rotation_deg * (2 * _rand(generator, 3).cpu() - 1) * math.pi / 180
    rotation = torch.eye(3)
    for axis, angle in enumerate(angles.tolist()):
        a, b = [n for n in range(3) if n != axis]
        turn = torch.eye(3)
        turn[a, a] = turn[b, b] = math.cos(angle)
        turn[a, b], turn[b, a] = -math.sin(angle), math.sin(angle)
        rotation = rotation @ turn
    shear = torch.eye(3) + s.shear * (2 * _rand(generator, 3, 3).cpu() - 1) * (1 - torch.eye(3))
    scaling = torch.diag(1 + strength * s.scaling * (2 * _rand(generator, 3).cpu() - 1))
    return scaling @ shear @ rotation


def _random_elastic(shape: tuple[int, int, int], s: SynthesisSettings, strength: float, generator: torch.Generator) -> Tensor:
    """A smooth, invertible displacement in mm, ``(d, h, w, 3)``: a velocity field integrated by scaling and squaring."""
    sd = strength * s.elastic_mm * float(_rand(generator, 1))
    nodes = [math.ceil(n * s.spacing_mm / s.elastic_node_mm) + 1 for n in shape]
    small = [max(4, n // 4) for n in shape]
    velocity = sd * _randn(generator, 1, 3, *nodes)
    flow = fn.interpolate(velocity, size=small, mode="trilinear", align_corners=True) / 2**5
    axes = [torch.linspace(-1, 1, n, device=generator.device) for n in small]
    identity = torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], -1)[None]
    extent = torch.tensor([(n - 1) * s.spacing_mm / 2 for n in shape], device=generator.device)
    for _ in range(5):
        unit = (flow / extent.view(1, 3, 1, 1, 1)).flip(1).permute(0, 2, 3, 4, 1)
        flow = flow + fn.grid_sample(flow, identity + unit, align_corners=True, padding_mode="border")
    full = fn.interpolate(flow, size=shape, mode="trilinear", align_corners=True)
    return full[0].permute(1, 2, 3, 0)


def _swollen(points: Tensor, head: Head, share: float, generator: torch.Generator) -> Tensor:
    """Some structures larger or smaller, and what lies around them pushed away or drawn in, as by atrophy or growth.

    A few heads show few sizes of ventricles and hippocampi, and an even warp gives each of them the size of its surroundings.
    points : (d, h, w, 3) in voxels (k, j, i) of the head. share : the chance of each of the `SWELLINGS`.
    """
    for die in _rand(generator, SWELLINGS).tolist():
        if die < share:
            of_one = head.landmarks[int(_randint(generator, len(head.landmarks)))]
            away = points - of_one[int(_randint(generator, len(of_one)))]
            reach, pull = _rand(generator, 2).tolist()
            reach_mm = SWELLING_REACH_MM[0] + reach * (SWELLING_REACH_MM[1] - SWELLING_REACH_MM[0])
            near = torch.exp(-away.square().sum(-1, keepdim=True) / (2 * reach_mm**2))
            points = points - away * (SWELLING * (2 * pull - 1) * near)
    return points


def _nearest(indices: Tensor, points: Tensor) -> Tensor:
    """Label indices at ``points`` (d, h, w, 3) in voxels (k, j, i); outside the map is background."""
    limits = torch.tensor(indices.shape, device=indices.device)
    rounded = points.round().long()
    inside = ((rounded >= 0) & (rounded < limits)).all(-1)
    rounded = torch.minimum(rounded.clamp_(min=0), limits - 1)
    flat = (rounded[..., 0] * limits[1] + rounded[..., 1]) * limits[2] + rounded[..., 2]
    return indices.reshape(-1)[flat.reshape(-1)].reshape(inside.shape) * inside.to(indices.dtype)


def _random_resolution(image: Tensor, s: SynthesisSettings, generator: torch.Generator) -> tuple[Tensor, tuple[float, float, float]]:
    """Thick or coarse slices: blur with the slice profile, subsample, and interpolate back. Also says how far apart voxels were."""
    voxel_mm = s.spacing_mm
    die = _rand(generator, 4).cpu()
    spacing = [voxel_mm] * 3
    if die[0] < s.coarse:
        spacing = [1 + 3 * float(x) for x in _rand(generator, 3).tolist()]
    elif die[0] < s.coarse + s.thick:
        spacing[int(die[1] * 3)] = 1 + 7 * float(die[2])
    for axis, step in enumerate(spacing):
        thickness = voxel_mm + max(0.0, step - voxel_mm) * float(die[3])
        image = _blur(image, axis, 0.75 * thickness / voxel_mm if step > voxel_mm else 0.35)
    size = tuple(max(4, round(n * voxel_mm / max(voxel_mm, step))) for n, step in zip(image.shape, spacing, strict=True))
    d, h, w = (max(voxel_mm, step) for step in spacing)
    if size == tuple(image.shape):
        return image, (d, h, w)
    coarse = fn.interpolate(image[None, None], size=size, mode="nearest-exact")
    return fn.interpolate(coarse, size=image.shape, mode="trilinear", align_corners=False)[0, 0], (d, h, w)


def _blur(image: Tensor, axis: int, sigma: float) -> Tensor:
    radius = max(1, math.ceil(2.5 * sigma))
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32, device=image.device)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    size = [1, 1, 1]
    size[axis] = len(kernel)
    padding = [n // 2 for n in size]
    return fn.conv3d(image[None, None], kernel.reshape(1, 1, *size), padding=padding)[0, 0]
