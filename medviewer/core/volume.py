"""Volumes: stored voxel values, what they mean, where they lie, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.voi import Padding, Voi, padding_range, windows_among


@dataclass(frozen=True, slots=True)
class Rescale:
    """Stored value to real-world value: ``stored * slope + intercept`` in ``unit`` (HU, SUVbw, or empty)."""

    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class StoredValues:
    """What the stored values of a stack's images are, as their headers say.

    dtype : numpy's name of the stored type (``<i2``). bits : how many of its bits are used, 0 when not known.
    rescales : one that holds for all images, or one an image where they differ.
    voi, inverted, padding, padding_limit : as in `Volume`.
    has_extras : whether files bring overlay planes or shutters along.
    """

    dtype: str = "<i2"
    bits: int = 0
    rescales: tuple[Rescale, ...] = (Rescale(),)
    voi: tuple[Voi, ...] = ()
    inverted: bool = False
    padding: int | None = None
    padding_limit: int | None = None
    has_extras: bool = False


@dataclass(frozen=True, slots=True)
class VolumeSource:
    """Where a volume came from; UIDs are empty for files that aren't DICOM.

    sop_instance_uids and frames have one entry per slice, in the order of the array; frames count from 1
    and are 0 where the instance has a single frame. view : of a projection, as the file says it (PA, LATERAL).
    orientation : of a single picture, Patient Orientation as the file says it for the stored pixels (``L\\F``).
    is_colourful : a picture with more colour in it than a tint and some letters, like a photograph.
    """

    path: str = ""
    kind: str = "dicom"
    study_uid: str = ""
    series_uid: str = ""
    modality: str = ""
    body_part: str = ""
    description: str = ""
    sop_class_uid: str = ""
    sop_instance_uids: tuple[str, ...] = ()
    frames: tuple[int, ...] = ()
    view: str = ""
    orientation: str = ""
    is_colourful: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A stack of slices as one array.

    stored : ``[k, j, i]``, the file's own dtype, stored values (not HU).
    slice_rescales : one `Rescale` a slice where they differ, else empty and `rescale` holds for all.
    voi : windows and tables over real-world values that the file suggests, best first.
    inverted : the file wants low values shown bright (MONOCHROME1).
    padding : stored value of pixels that hold nothing, or None; padding_limit : the other end where it is a range.
    """

    stored: NDArray[np.generic]
    geometry: Geometry
    rescale: Rescale = field(default_factory=Rescale)
    source: VolumeSource = field(default_factory=VolumeSource)
    slice_rescales: tuple[Rescale, ...] = ()
    voi: tuple[Voi, ...] = ()
    inverted: bool = False
    padding: int | None = None
    padding_limit: int | None = None

    @property
    def windows(self) -> tuple[tuple[float, float], ...]:
        """(centre, width) pairs in real-world values that the file suggests, best first."""
        return windows_among(self.voi)

    @property
    def padding_range(self) -> Padding:
        """All stored values that hold nothing."""
        return padding_range(self.padding, self.padding_limit)

    def __post_init__(self) -> None:
        if self.stored.shape != self.geometry.shape_kji:
            raise ValueError(f"array {self.stored.shape} and geometry {self.geometry.shape_kji} differ in shape")

    def real_slice(self, k: int) -> NDArray[np.float32]:
        """Real-world values of one slice, ``[j, i]`` float32."""
        rescale = self.slice_rescales[k] if self.slice_rescales else self.rescale
        return np.asarray(self.stored[k].astype(np.float32) * np.float32(rescale.slope) + np.float32(rescale.intercept))
