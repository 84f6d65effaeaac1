"""Real images in grey look as pydicom computes them from their own windows and tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing

from medviewer.core.progress import Progress
from medviewer.dicom.frames import read_image
from medviewer.dicom.scan import scan
from medviewer.dicom.thumbnails import displayed

SERIES = ("ct-head", "mr-head", "orientation", "mr-sagittal", "tilt-plus")
"""Folders of many alike: one of each is enough."""


def candidates(folder: Path) -> Iterator[Path]:
    seen = set()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if any(name in str(path.parent) for name in SERIES):
            if path.parent in seen:
                continue
            seen.add(path.parent)
        yield path


def first(value: object) -> float:
    return float(value[0] if isinstance(value, MultiValue) else value)


def groups_of(ds: Dataset, frame: int) -> Dataset:
    """The attributes that say how to show a frame, from functional groups where there are any."""
    if "SharedFunctionalGroupsSequence" not in ds:
        return ds
    found = Dataset()
    own = ds.PerFrameFunctionalGroupsSequence[frame - 1] if "PerFrameFunctionalGroupsSequence" in ds else Dataset()
    for groups in (ds.SharedFunctionalGroupsSequence[0], own):
        for keyword in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            if keyword in groups:
                found.update(groups[keyword].value[0])
    return found


def expected(ds: Dataset, stored: NDArray[np.generic], source: Dataset) -> NDArray[np.float64] | None:
    """Grey 0..255, or None where the file suggests nothing."""
    values = apply_modality_lut(stored, ds if "ModalityLUTSequence" in ds else source)
    if "VOILUTSequence" in source and "LUTDescriptor" in source.VOILUTSequence[0]:
        grey = apply_voi(np.rint(values).astype(np.int64), ds) / ((1 << source.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    elif source.get("WindowWidth") not in (None, ""):
        plain = Dataset()
        plain.WindowCenter, plain.WindowWidth = first(source.WindowCenter), first(source.WindowWidth)
        plain.VOILUTFunction = source.get("VOILUTFunction", "LINEAR")
        plain.PhotometricInterpretation, plain.BitsStored, plain.PixelRepresentation = "MONOCHROME2", 16, 0
        grey = apply_windowing(values.astype(np.float64), plain) / 65535
    else:
        return None
    grey = 255 * (1 - grey if ds.PhotometricInterpretation == "MONOCHROME1" else grey)
    return np.where(stored == ds.PixelPaddingValue, 0, grey) if "PixelPaddingValue" in ds else grey


@pytest.mark.filterwarnings("ignore")
def test_every_real_image_with_a_window_looks_as_pydicom_computes_it(test_data: Path) -> None:
    compared = 0
    for path in candidates(test_data / "dicom"):
        try:
            ds = pydicom.dcmread(path, force=True)
            if not str(ds.get("PhotometricInterpretation", "")).startswith("MONO") or "PixelData" not in ds:
                continue
            stored = ds.pixel_array
        except Exception:  # whatever pydicom can't read has no reference
            continue
        stacks = [stack for stack in scan([path], Progress()).stacks() if stack.kind.has_images and stack.rows]
        refs = [ref for stack in stacks for ref in stack.images if ref.tile is None]
        if not refs:
            continue
        ref = min(refs, key=lambda ref: ref.frame)
        plane = stored if stored.ndim == 2 else stored[ref.frame - 1]
        shown = displayed(read_image(ref))
        try:
            wanted = expected(ds, plane, groups_of(ds, ref.frame))
        except (TypeError, ValueError):
            continue
        if wanted is not None and shown.ndim == 2:
            assert np.abs(shown - wanted).max() <= 0.6, path.name
            compared += 1
    assert compared > 40
