"""What isn't a frontal chest: turned, upside-down and cut radiographs, slices of heads, patterns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as fn

from medviewer.imaging.intensity import scale_to
from medviewer.imaging.standardise_picture import standardise_picture
from medviewer.training.chest.views import crop_grid, cropped
from medviewer.training.descent.randomness import rand, randint

Bytes = NDArray[np.uint8]


def spoilt(x: Tensor, lungs: Tensor, generator: torch.Generator) -> Tensor:
    """Frontal chests made into something that isn't one: a quarter or half turn, head down, or less than half of the lungs.

    x : (n, 1, s, s); lungs : (n, 4) their boxes, as shares of the picture.
    """
    n = x.shape[0]
    kind = randint(generator, 0, 6, n)
    answer = x.clone()
    for index in range(n):
        match int(kind[index]):
            case 0 | 1 | 2 as turns:
                answer[index] = torch.rot90(x[index], turns + 1, (1, 2))
            case 3:
                answer[index] = x[index].flip(1)
            case _:
                answer[index] = cropped(x[index : index + 1], crop_grid(_corner(lungs[index], generator), x.shape[2]))[0]
    return answer


def _corner(box: Tensor, generator: torch.Generator) -> Tensor:
    """A window that holds at most about a third of the lungs' box, (1, 4)."""
    top, bottom, left, right = box.tolist()
    u = rand(generator, 5).tolist()
    height, width = (bottom - top) * (0.25 + 0.35 * u[0]), (right - left) * (0.25 + 0.3 * u[1])
    y, x = top + (bottom - top - height) * u[2], left + (right - left - width) * u[3]
    if u[4] < 0.3:  # below or beside the lungs
        y = y + (bottom - top) * (0.7 if u[2] < 0.5 else -0.7)
    return torch.tensor([[y, y + height, x, x + width]], device=box.device)


def slices_of(volume: Path, size: int) -> Bytes:
    """Every third slice of a volume in all three planes, uint8 ``[n, size, size]``; CT in a random-free head window."""
    import SimpleITK as sitk

    values = sitk.GetArrayFromImage(sitk.DICOMOrient(sitk.ReadImage(str(volume)), "LPS")).astype(np.float32)
    low, high = np.percentile(values, [1, 99.5])
    found = []
    for axis in range(3):
        for index in range(values.shape[axis] // 8, values.shape[axis] * 7 // 8, 3):
            plane = np.clip(np.take(values, index, axis), low, high)
            if plane.std() > 0.02 * (high - low):
                picture = standardise_picture(plane if axis == 0 else plane[::-1], (size, size))
                found.append(np.rint(scale_to(picture, 0.0, 255.0)).astype(np.uint8))
    return np.stack(found)


def painted(label_map: Path, size: int, seed: int) -> Bytes:
    """Slices of a head's label map with random greys, uint8 ``[n, size, size]``."""
    import SimpleITK as sitk

    labels = sitk.GetArrayFromImage(sitk.DICOMOrient(sitk.ReadImage(str(label_map)), "LPS"))
    values, indices = np.unique(labels, return_inverse=True)
    indices = indices.reshape(labels.shape)
    random = np.random.default_rng(seed)
    found = []
    for _ in range(60):
        axis = int(random.integers(3))
        index = int(random.integers(labels.shape[axis] // 6, labels.shape[axis] * 5 // 6))
        plane = np.take(indices, index, axis)
        grey = random.uniform(0, 255, len(values))
        grey[0] = random.choice([0, 0, grey[0]])
        picture = grey[plane] + random.normal(0, random.uniform(0, 20), plane.shape)
        picture = picture if axis == 0 else picture[::-1]
        found.append(np.rint(scale_to(standardise_picture(picture.astype(np.float32), (size, size)), 0.0, 255.0)).astype(np.uint8))
    return np.stack(found)


def patterns(n: int, size: int, generator: torch.Generator) -> Tensor:
    """Noise at random scales with random shapes in it, (n, 1, size, size) in 0..1."""
    answer = torch.empty(n, 1, size, size, device=generator.device)
    line = torch.linspace(0, 1, size, device=generator.device)
    for index in range(n):
        coarse = 2 ** int(randint(generator, 1, 8))
        noise = rand(generator, 1, 1, coarse, coarse)
        picture = fn.interpolate(noise, size=(size, size), mode="bilinear" if coarse > 2 else "nearest")[0, 0]
        for _ in range(int(randint(generator, 0, 4))):
            u = rand(generator, 5).tolist()
            y, x = torch.meshgrid(line, line, indexing="ij")
            inside = ((y - u[0]) / (0.05 + 0.4 * u[2])) ** 2 + ((x - u[1]) / (0.05 + 0.4 * u[3])) ** 2 < 1
            picture = torch.where(inside, 0.5 * picture + 0.5 * u[4], picture)
        low, high = picture.min(), picture.max()
        answer[index, 0] = (picture - low) / (high - low).clamp(min=1e-3)
    return answer
