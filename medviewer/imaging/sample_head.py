"""A made-up head for the sample study: simple shapes with folded cortex, never measured from a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
SEED = 11
SHAPE_KJI = (92, 230, 190)
SPACING_IJK = (1.0, 1.0, 2.0)
# Grey values of a T1-weighted image, 0..1000.
AIR, CSF, GREY, WHITE, NUCLEUS, BONE, FAT, MUSCLE, EYE = 6, 130, 430, 640, 500, 60, 820, 380, 150


@dataclass(frozen=True, slots=True, eq=False)
class _Space:
    """Millimetre coordinates of every voxel from the centre of the brain: left, back, up; each ``[k, j, i]`` float32."""

    left: Float
    back: Float
    up: Float

    def ellipsoid(self, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Float:
        """About the distance in mm inside (positive) an ellipsoid given as (left, back, up)."""
        a = (self.left - centre[0]) / radii[0]
        b = (self.back - centre[1]) / radii[1]
        c = (self.up - centre[2]) / radii[2]
        return (1 - np.sqrt(a * a + b * b + c * c)) * np.float32(min(radii))


def sample_geometry() -> Geometry:
    """The grid of the sample head: axial slices, 1 x 1 x 2 mm, brain near the middle."""
    k, j, i = SHAPE_KJI
    x, y, z = SPACING_IJK
    origin = (-(i - 1) * x / 2, -(j - 1) * y / 2, -(k - 1) * z / 2)
    return Geometry.from_axes(SHAPE_KJI, origin, np.eye(3), SPACING_IJK)


def sample_head() -> NDArray[np.uint16]:
    """Stored values of a T1-like head on `sample_geometry`, ``[k, j, i]`` uint16, 0..about 1000; the same every time."""
    random = np.random.default_rng(SEED)
    space = _space()
    image = np.full(SHAPE_KJI, AIR, np.float32)
    _paint_outside(image, space, random)
    _paint_brain(image, space, random)
    bias = 1 + 0.12 * _smooth_noise(random, 90.0)
    signal = _blurred(image) * bias
    real, imaginary = (random.normal(0, 11, SHAPE_KJI).astype(np.float32) for _ in range(2))
    return np.clip(np.hypot(signal + real, imaginary), 0, 4095).astype(np.uint16)  # Rician, as magnitude MR


def _space() -> _Space:
    geometry = sample_geometry()
    k, j, i = (np.arange(n, dtype=np.float32) for n in SHAPE_KJI)
    left, back, up = geometry.origin_lps.astype(np.float32)
    grid = np.meshgrid(up + k * SPACING_IJK[2] - 1, back + j * SPACING_IJK[1] - 2, left + i * SPACING_IJK[0], indexing="ij")
    return _Space(left=grid[2], back=grid[1], up=grid[0])


def _paint_outside(image: Float, s: _Space, random: np.random.Generator) -> None:
    """Scalp, muscle, skull, marrow, face and neck."""
    wobble = _smooth_noise(random, 45.0)
    head = np.maximum(s.ellipsoid((0, 0, 4), (78, 98, 84)), s.ellipsoid((0, -20, -52), (58, 70, 66)))
    neck = np.where(s.up < -30, 50 - np.hypot(s.left, (s.back - 24) * 0.9), -100)
    nose = s.ellipsoid((0, -92, -58), (12, 16, 20))
    body = np.maximum(np.maximum(head, neck), nose) + wobble
    image[body > 0] = FAT
    image[body > 4] = MUSCLE
    image[(body > 5) & (_smooth_noise(random, 12.0) > 1.1) & (s.up < -30)] = FAT
    skull = s.ellipsoid((0, 0, 4), (73, 92, 79)) + wobble
    vault = (skull > 0) & (s.up > -30 - 0.3 * s.back)
    image[vault] = BONE
    image[vault & (np.abs(skull - 3.0) < 1.1)] = 320
    for side in (-1, 1):
        image[s.ellipsoid((side * 32, -74, -32), (13, 13, 13)) > 0] = EYE
        image[s.ellipsoid((side * 13, -64, -56), (8, 20, 13)) > 0] = AIR
        image[s.ellipsoid((side * 52, 20, -50), (9, 14, 12)) > 0] = BONE
    image[s.ellipsoid((0, -30, -84), (14, 28, 8)) > 0] = AIR


def _cerebrum(s: _Space) -> Float:
    """About the distance in mm inside both hemispheres together, temporal lobes included."""
    dome = np.minimum(s.ellipsoid((0, 0, 6), (67, 86, 71)), s.up + 17 - 0.06 * s.back)
    temporal = np.maximum(s.ellipsoid((40, -14, -22), (22, 44, 22)), s.ellipsoid((-40, -14, -22), (22, 44, 22)))
    return np.maximum(dome, temporal)


def _stem(s: _Space) -> Float:
    axis = np.hypot(s.left * 0.95, s.back - 9 + 0.25 * (s.up + 40))
    stem = np.where((s.up < -4) & (s.up > -100), 11.5 + 0.04 * (s.up + 40) - axis, -100)
    return np.maximum(stem, s.ellipsoid((0, 2, -36), (17, 14, 14)))


def _paint_brain(image: Float, s: _Space, random: np.random.Generator) -> None:
    """CSF space, hemispheres with sulci, deep nuclei, ventricles, cerebellum, brain stem."""
    cerebrum, stem = _cerebrum(s), _stem(s)
    cerebellum = {side: _cerebellum(s, side) for side in (-1, 1)}
    space = np.maximum(cerebrum + 2.5, np.maximum(cerebellum[-1], cerebellum[1]) + 2.5)
    space = np.maximum(space, stem + 4)
    skull = s.ellipsoid((0, 0, 4), (73, 92, 79))
    image[(space > -4) & (s.up < -10) & (skull > 1)] = BONE
    image[(space > 0) & (skull > 3)] = CSF
    folds = _smooth_noise(random, 15.0)
    for side in (-1, 1):
        _paint_hemisphere(image, s, side, np.minimum(cerebrum, side * s.left - 1.3), folds)
        _paint_cerebellum(image, s, cerebellum[side], random)
    image[stem > 0] = WHITE - 60
    image[s.ellipsoid((0, 21, -38), (7, 5, 10)) > 0] = CSF
    image[s.ellipsoid((0, 2, 3), (2.4, 12, 9)) > 0] = CSF


def _paint_hemisphere(image: Float, s: _Space, side: int, depth: Float, folds: Float) -> None:
    out = side * s.left
    ridge = np.abs(folds)
    sulci = np.clip(1 - ridge / 0.16, 0, 1) * np.clip((16 - depth) / 10, 0, 1) * 9
    fissure = np.abs(s.up + 6 + 0.28 * (s.back + 10)) + np.maximum(0, 50 - out) + np.maximum(0, s.back - 22)
    surface = np.minimum(depth - sulci, fissure - 1.8)
    image[surface > 0] = GREY
    image[(surface > 3.0) & ((ridge > 0.36) | (depth > 14))] = WHITE
    callosum = (s.ellipsoid((0, 4, 20), (30, 42, 16)) > 0) & (s.ellipsoid((0, 6, 13), (30, 38, 15)) < 0)
    image[callosum & (np.abs(s.left) < 13) & (s.up > 10)] = WHITE
    image[s.ellipsoid((side * 11, 8, 4), (9.5, 16, 10)) > 0] = NUCLEUS + 40
    image[s.ellipsoid((side * 26, -6, 3), (8.5, 20, 12)) > 0] = NUCLEUS
    image[s.ellipsoid((side * 20, -4, 2), (4.5, 10, 7)) > 0] = WHITE - 50
    image[s.ellipsoid((side * 14.5, -20, 13), (5.5, 17, 9)) > 0] = GREY
    horn = s.ellipsoid((side * 8.5, -18, 15), (5.5, 21, 8))
    body = s.ellipsoid((side * 12, 14, 19), (6, 28, 5.5))
    atrium = s.ellipsoid((side * 24, 40, 5), (6, 10, 12))
    inferior = s.ellipsoid((side * 33, 12, -16), (3.2, 22, 3.6))
    image[np.maximum(np.maximum(horn, body), np.maximum(atrium, inferior)) > 0] = CSF
    image[s.ellipsoid((side * 27, 0, -19), (5, 19, 5)) > 0] = GREY


def _cerebellum(s: _Space, side: int) -> Float:
    return np.minimum(s.ellipsoid((side * 21, 44, -38), (31, 31, 24)), side * s.left + 3)


def _paint_cerebellum(image: Float, s: _Space, lobe: Float, random: np.random.Generator) -> None:
    folia = np.sin((s.up + 38) * 1.15 + 0.35 * (s.back - 40) + 1.5 * _smooth_noise(random, 25.0))
    image[lobe > 0] = GREY
    image[(lobe > 0) & (lobe < 6) & (folia > 0.93)] = CSF
    image[(lobe > 7.5) | ((lobe > 3) & (folia < -0.75))] = WHITE - 20


def _smooth_noise(random: np.random.Generator, scale_mm: float) -> Float:
    """Noise without structure below about ``scale_mm``, standard deviation about 1, ``[k, j, i]`` float32."""
    import SimpleITK as sitk

    extent = [(n - 1) * d for n, d in zip(SHAPE_KJI[::-1], SPACING_IJK, strict=True)]
    nodes = [int(np.ceil(length / scale_mm)) + 4 for length in extent]
    coarse = sitk.GetImageFromArray(random.normal(0, 1.6, nodes[::-1]).astype(np.float32))
    coarse.SetSpacing([length / (n - 4) for length, n in zip(extent, nodes, strict=True)])
    coarse.SetOrigin([-1.5 * d for d in coarse.GetSpacing()])
    fine = sitk.Resample(coarse, SHAPE_KJI[::-1], sitk.Transform(), sitk.sitkBSpline, (0, 0, 0), SPACING_IJK, np.eye(3).ravel().tolist())
    return np.asarray(sitk.GetArrayFromImage(fine), np.float32)


def _blurred(image: Float) -> Float:
    """Partial volume between tissues: a narrow Gaussian."""
    import SimpleITK as sitk

    wrapped = sitk.GetImageFromArray(image)
    wrapped.SetSpacing(SPACING_IJK)
    return np.asarray(sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(wrapped, [0.65, 0.65, 0.8])), np.float32)
