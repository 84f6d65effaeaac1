"""A picture of a result: three planes with the structures drawn over them, and a legend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.app.analysis import Analysis
from medviewer.app.preview_legend import draw_legend, legend_height, legend_rows
from medviewer.app.preview_style import BACKGROUND, DIM, INK, MARGIN, NOT_REVIEWED, WARN, font
from medviewer.core.geometry import direction_letters
from medviewer.core.segmentation import Segmentation
from medviewer.core.volume import Volume

Rgb = NDArray[np.uint8]

PANEL = 460
LEGEND_WIDTH = 390
FILL = 0.28
SAGITTAL_OFFSET_MM = 9.0
# Screen axes (right, down) of each plane as directions in the patient, radiological convention.
PLANES = (("Axial", "L", "P"), ("Coronal", "L", "I"), ("Sagittal", "P", "I"))
_UNIT = {"L": (1, 0, 0), "P": (0, 1, 0), "I": (0, 0, -1)}


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """A plane sampled on a square: ``grey`` uint8, ``labels`` uint8, both ``[row, column]``, ``mm`` a pixel."""

    name: str
    letters: tuple[str, str, str, str]
    grey: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def write_preview(analysis: Analysis, path: Path) -> None:
    """Draw the preview as a PNG of three planes through the middle of what was found."""
    from PIL import Image, ImageDraw

    rows = legend_rows(analysis.segmentation.segments, analysis.raw.volumes_ml)
    size = (3 * PANEL + LEGEND_WIDTH + 5 * MARGIN, max(PANEL, legend_height(rows)) + 3 * MARGIN + 84)
    canvas = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    _heading(draw, analysis)
    planes = _planes(analysis.volume, analysis.segmentation)
    for column, plane in enumerate(planes):
        left, top = MARGIN + column * (PANEL + MARGIN), MARGIN + 64
        canvas.paste(Image.fromarray(_painted(plane, analysis.segmentation)), (left, top))
        _annotate(draw, plane, left, top)
    draw_legend(draw, rows, (4 * MARGIN + 3 * PANEL, MARGIN + 64), (LEGEND_WIDTH - 10, PANEL))
    canvas.save(path, format="PNG", compress_level=3)


def _heading(draw: Any, analysis: Analysis) -> None:
    model = analysis.package.manifest.model
    draw.text((MARGIN, MARGIN - 4), analysis.algorithm.name, fill=INK, font=font(26))
    words = f"{model.id} {model.version}   ·   {analysis.raw.device.upper()}   ·   {NOT_REVIEWED}"
    draw.text((MARGIN, MARGIN + 30), words, fill=WARN, font=font(15))


def _planes(volume: Volume, segmentation: Segmentation) -> list[_Plane]:
    geometry = volume.geometry
    found = np.argwhere(segmentation.labels[::2, ::4, ::4] > 0) * (2, 4, 4)
    middle = found.mean(0) if len(found) else (np.array(volume.geometry.shape_kji) - 1) / 2
    centre = geometry.to_lps([middle[::-1]])[0]
    corners = geometry.corners_lps()
    half_mm = float(min(150.0, 0.5 * (corners.max(0) - corners.min(0)).max()))
    low, high = _window(volume)
    beside = centre + np.array([SAGITTAL_OFFSET_MM, 0, 0])  # in the middle plane lies little but the gap between the hemispheres
    return [
        _plane(name, right, down, volume, segmentation, beside if name == "Sagittal" else centre, half_mm, low, high)
        for name, right, down in PLANES
    ]


def _plane(
    name: str,
    right: str,
    down: str,
    volume: Volume,
    segmentation: Segmentation,
    centre: NDArray[np.float64],
    half_mm: float,
    low: float,
    high: float,
) -> _Plane:
    offsets = np.linspace(-half_mm, half_mm, PANEL)
    a, b = np.array(_UNIT[right], float), np.array(_UNIT[down], float)
    points = centre + offsets[None, :, None] * a + offsets[:, None, None] * b
    index = volume.geometry.to_index(points.reshape(-1, 3))[:, ::-1]
    grey = _linear(volume, index).reshape(PANEL, PANEL)
    grey = np.clip((grey - low) / max(high - low, 1e-6), 0, 1) * 255
    labels = _nearest(segmentation.labels, index).reshape(PANEL, PANEL)
    axis = int(np.flatnonzero(np.cross(a, b))[0])
    side = direction_letters(np.eye(3)[axis] * (1 if centre[axis] >= 0 else -1))
    name = f"{name}  {side} {abs(centre[axis]):.0f} mm"
    letters = (direction_letters(-a), direction_letters(a), direction_letters(-b), direction_letters(b))
    return _Plane(name, letters, grey.astype(np.uint8), labels.astype(np.uint8))


def _window(volume: Volume) -> tuple[float, float]:
    """The file's own window, or the 1st to 99.5th percentile of every eighth voxel."""
    if volume.windows:
        centre, width = volume.windows[0]
        return centre - width / 2, centre + width / 2
    sample = volume.stored[::2, ::4, ::4].astype(np.float32)
    low, high = np.percentile(sample, [1, 99.5])
    slope, intercept = volume.rescale.slope, volume.rescale.intercept
    return float(low) * slope + intercept, float(high) * slope + intercept


def _nearest(array: NDArray[Any], index_kji: NDArray[np.float64]) -> NDArray[Any]:
    rounded = np.rint(index_kji).astype(np.intp)
    inside = ((rounded >= 0) & (rounded < array.shape)).all(1)
    values = np.zeros(len(rounded), array.dtype)
    values[inside] = array[tuple(rounded[inside].T)]
    return values


def _linear(volume: Volume, index_kji: NDArray[np.float64]) -> NDArray[np.float32]:
    """Real-world values between voxels; points outside are the lowest value (NaN-free, black)."""
    shape = np.array(volume.stored.shape)
    inside = ((index_kji >= -0.5) & (index_kji <= shape - 0.5)).all(1)
    base = np.clip(np.floor(index_kji), 0, np.maximum(shape - 2, 0)).astype(np.intp)
    weight = np.clip(index_kji - base, 0, 1).astype(np.float32)
    total = np.zeros(len(index_kji), np.float32)
    rescales = volume.slice_rescales or (volume.rescale,) * int(shape[0])
    slopes = np.array([r.slope for r in rescales], np.float32)
    intercepts = np.array([r.intercept for r in rescales], np.float32)
    for corner in range(8):
        step = np.array([(corner >> n) & 1 for n in range(3)])
        at = np.minimum(base + step, shape - 1)
        share = np.where(step, weight, 1 - weight).prod(1)
        total += share * (volume.stored[tuple(at.T)].astype(np.float32) * slopes[at[:, 0]] + intercepts[at[:, 0]])
    return np.where(inside, total, np.float32(-1e9)).astype(np.float32)


def _painted(plane: _Plane, segmentation: Segmentation) -> Rgb:
    """Grey image with translucent structures and solid outlines."""
    colours = np.zeros((256, 3), np.float32)
    for value, segment in segmentation.segments.items():
        colours[value] = segment.colour
    image = np.repeat(plane.grey[..., None], 3, 2).astype(np.float32)
    mask = plane.labels > 0
    edge = np.zeros_like(mask)
    edge[:-1] |= plane.labels[:-1] != plane.labels[1:]
    edge[:, :-1] |= plane.labels[:, :-1] != plane.labels[:, 1:]
    share = np.where(edge & mask, 0.85, np.where(mask, FILL, 0.0))[..., None]
    return np.asarray(image * (1 - share) + colours[plane.labels] * share).astype(np.uint8)


def _annotate(draw: Any, plane: _Plane, left: int, top: int) -> None:
    middle = PANEL // 2
    large = font(17)
    places = ((10, middle, "lm"), (PANEL - 10, middle, "rm"), (middle, 10, "mt"), (middle, PANEL - 8, "mb"))
    for letter, (x, y, anchor) in zip(plane.letters, places, strict=True):
        draw.text((left + x, top + y), letter, fill=INK, font=large, anchor=anchor, stroke_width=2, stroke_fill=(0, 0, 0))
    draw.text((left + 10, top + 8), plane.name, fill=DIM, font=font(15))
