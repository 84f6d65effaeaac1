"""Volumes and label maps for training, on the grid a model is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segmentation
from medviewer.core.volume import Volume
from medviewer.imaging.intensity import clip_to, clip_to_percentiles, scale_to
from medviewer.imaging.nifti import read_nifti
from medviewer.imaging.resample import resample_labels
from medviewer.imaging.standardise import standardise
from medviewer.training.data.cleaning import Decoded, pixel_digest
from medviewer.training.recipe_kinds.segmentation import StructureTable, VolumeInput

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
NIFTI = (".nii", ".nii.gz")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledVolume:
    """values float32 0..1 and labels uint8, both ``[k, j, i]`` along the patient's axes; 0 is background, 1.. the recipe's structures."""

    values: Float
    labels: Bytes


def read_volume(path: Path) -> Volume:
    """A NIfTI file, or a DICOM file or folder that holds one volume; raises `CannotDecode`."""
    if path.name.lower().endswith(NIFTI):
        return read_nifti(path)[0]
    from medviewer.dicom.scan import scan
    from medviewer.dicom.volumes import load_volume

    stacks = [stack for stack in scan([path], Progress()).stacks() if stack.makes_volume]
    if len(stacks) != 1:
        raise CannotDecode(path, f"it holds {len(stacks)} volumes, and one is needed")
    return load_volume(stacks[0].at_time(0), Progress())


def read_label_values(path: Path, onto: Geometry) -> tuple[NDArray[np.integer], Geometry, Segmentation | None]:
    """The label values of a NIfTI label map (on its own grid) or a SEG (on ``onto``); raises `CannotDecode`."""
    if path.name.lower().endswith(NIFTI):
        volume = read_nifti(path)[0]
        values = _real_values(volume)
        whole = values.astype(np.int64)
        if not np.array_equal(whole, values):
            raise CannotDecode(path, "its values are no whole numbers, so it is no label map")
        return whole, volume.geometry, None
    from medviewer.dicom.objects.seg import read_seg

    segmentation = read_seg(path, onto)
    return segmentation.labels.astype(np.int64), segmentation.geometry, segmentation


def prepared_volume(volume: Volume, wanted: VolumeInput) -> tuple[Float, Geometry]:
    """A volume as the network's input, before boxes are cut: the same steps as the manifest of the package lists."""
    image = standardise(volume, wanted.spacing_mm, Progress())
    values = image.values
    if wanted.clip is not None:
        clip_to(values, *wanted.clip)
    return scale_to(clip_to_percentiles(values, *wanted.clip_percentiles), 0.0, 1.0), image.geometry


def numbered(values: NDArray[np.integer], numbers: Mapping[int, int]) -> Bytes:
    """Label values as the recipe's structure numbers; values that no structure has become background."""
    labels = np.zeros(values.shape, np.uint8)
    for value, number in numbers.items():
        labels[values == value] = number
    return labels


def decoded_pair(
    image: Path, labels: Path, wanted: VolumeInput, structures: tuple[StructureTable, ...], numbers: Mapping[int, int] | None = None
) -> Decoded[LabelledVolume]:
    """An image and its label map, prepared. numbers : label value to structure, else what the recipe's structures list.

    Raises `CannotDecode`, also where the two don't lie on each other or the map shows none of the structures.
    """
    volume = read_volume(image)
    found, geometry, _ = read_label_values(labels, volume.geometry)
    numbers = numbers or {value: n for n, entry in enumerate(structures, start=1) for value in entry.values}
    mapped = numbered(found, numbers)
    if not mapped.any():
        raise CannotDecode(labels, "it shows none of the recipe's structures")
    values, grid = prepared_volume(volume, wanted)
    on_grid = resample_labels(mapped, geometry, grid)
    if not on_grid.any():
        raise CannotDecode(labels, "its structures lie outside the image")
    constant = bool((volume.stored == volume.stored.flat[0]).all())
    return Decoded(pixel_digest(volume.stored), constant, LabelledVolume(values, on_grid), pixel_digest(mapped))


def _real_values(volume: Volume) -> NDArray[np.generic]:
    rescale = volume.rescale
    if (rescale.slope, rescale.intercept) == (1.0, 0.0):
        return volume.stored
    return volume.stored.astype(np.float64) * rescale.slope + rescale.intercept
