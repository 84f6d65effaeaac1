"""Things that are no head: noise, shapes, trunks, knees. Images ``[k, j, i]`` at about 2 mm, made from a generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

Image = NDArray[np.float32]
SHAPE = (88, 104, 96)


def _grid(shape: tuple[int, int, int] = SHAPE) -> tuple[Image, Image, Image]:
    """Coordinates k, j, i from -1 to 1."""
    axes = [np.linspace(-1, 1, n, dtype=np.float32) for n in shape]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    return k, j, i


def _smooth(image: Image, sigma: float) -> Image:
    return sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(image.astype(np.float32)), float(max(sigma, 0.1))))


def _finish(image: Image, dice: np.random.Generator) -> Image:
    """Blur, noise, a bias field and a gamma, scaled to 0..1: an acquisition of any contrast."""
    image = _smooth(image, dice.uniform(0.3, 1.4))
    field = _smooth(dice.normal(0, 1, image.shape).astype(np.float32), 18)
    image = image * np.exp(dice.uniform(0, 0.5) * field / max(float(field.std()), 1e-6) * 0.5)
    image = image + dice.normal(0, dice.uniform(0.01, 0.06), image.shape).astype(np.float32)
    low, high = np.percentile(image, [0.5, 99.5])
    image = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
    return (image ** np.exp(dice.normal(0, 0.25))).astype(np.float32)


def _ellipsoid(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> NDArray[np.bool_]:
    k, j, i = _grid()
    return ((k - centre[0]) / radii[0]) ** 2 + ((j - centre[1]) / radii[1]) ** 2 + ((i - centre[2]) / radii[2]) ** 2 <= 1


def _cylinder(centre_ji: tuple[float, float], radii_ji: tuple[float, float]) -> NDArray[np.bool_]:
    _, j, i = _grid()
    return ((j - centre_ji[0]) / radii_ji[0]) ** 2 + ((i - centre_ji[1]) / radii_ji[1]) ** 2 <= 1


def noise(dice: np.random.Generator) -> tuple[Image, str]:
    return dice.random(SHAPE, np.float32), ""


def coarse_noise(dice: np.random.Generator) -> tuple[Image, str]:
    return _finish(_smooth(dice.normal(0, 1, SHAPE).astype(np.float32), dice.uniform(1.5, 6)) * 3, dice), ""


def noisy_ellipsoid(dice: np.random.Generator) -> tuple[Image, str]:
    """Noise in the shape and size of a head, with air around it."""
    inside = _ellipsoid((0, 0, 0), tuple(dice.uniform(0.75, 0.95, 3)))
    texture = _smooth(dice.normal(0, 1, SHAPE).astype(np.float32), dice.choice([0.3, 1.0, 3.0]))
    return _finish(inside * (0.5 + 0.2 * texture / float(texture.std())).astype(np.float32), dice), ""


def shells(dice: np.random.Generator) -> tuple[Image, str]:
    """Nested ellipsoids of random greys: a bottle, a fruit, a quality phantom."""
    image = np.zeros(SHAPE, np.float32)
    radius = dice.uniform(0.75, 0.95, 3)
    for _ in range(int(dice.integers(1, 5))):
        image[_ellipsoid(tuple(dice.normal(0, 0.03, 3)), tuple(radius))] = dice.uniform(0.1, 1)
        radius = radius * dice.uniform(0.5, 0.95)
    return _finish(image, dice), ""


def balls(dice: np.random.Generator) -> tuple[Image, str]:
    image = np.zeros(SHAPE, np.float32)
    for _ in range(int(dice.integers(5, 25))):
        image[_ellipsoid(tuple(dice.uniform(-0.8, 0.8, 3)), tuple(dice.uniform(0.1, 0.45, 3)))] = dice.uniform(0.1, 1)
    return _finish(image, dice), ""


def _trunk(dice: np.random.Generator, greys: dict[str, float]) -> Image:
    """A body: skin, muscle, ribs, two lungs, heart, spine with canal, liver; all cylinders and ellipsoids."""
    a, b = dice.uniform(0.6, 0.75), dice.uniform(0.85, 0.97)
    image = np.full(SHAPE, greys["air"], np.float32)
    image[_cylinder((0, 0), (a, b))] = greys["fat"]
    image[_cylinder((0, 0), (a - 0.06, b - 0.06))] = greys["muscle"]
    rim = _cylinder((0, 0), (a - 0.1, b - 0.12)) & ~_cylinder((0, 0), (a - 0.17, b - 0.18))
    ribs = np.sin(np.arange(SHAPE[0]) * dice.uniform(0.5, 0.9)) > 0.3
    image[rim & ribs[:, None, None]] = greys["bone"]
    up = dice.uniform(-0.2, 0.6)
    for side in (-1, 1):
        image[_ellipsoid((up, 0, side * 0.45), (0.9, 0.5 * a / 0.7, 0.33))] = greys["lung"]
    image[_ellipsoid((up - 0.3, -0.15, 0.1), (0.45, 0.32, 0.33))] = greys["organ"]
    image[_ellipsoid((up - 1.1, 0, -0.3), (0.5, 0.45, 0.5))] = greys["liver"]
    image[_cylinder((a - 0.25, 0), (0.14, 0.14))] = greys["bone"]
    image[_cylinder((a - 0.13, 0), (0.05, 0.06))] = greys["cord"]
    return image


def trunk_ct(dice: np.random.Generator) -> tuple[Image, str]:
    hu = {"air": -1000, "fat": -90, "muscle": 50, "bone": 500, "lung": -800, "organ": 40, "liver": 60, "cord": 25}
    image = _trunk(dice, {name: value + dice.normal(0, 5) for name, value in hu.items()})
    return _smooth(image, 0.6) + dice.normal(0, 12, SHAPE).astype(np.float32), "CT"


def trunk_mr(dice: np.random.Generator) -> tuple[Image, str]:
    names = ("fat", "muscle", "bone", "lung", "organ", "liver", "cord")
    return _finish(_trunk(dice, {"air": 0.0, **{name: float(dice.uniform(0.05, 1)) for name in names}}), dice), ""


def knee(dice: np.random.Generator) -> tuple[Image, str]:
    """One limb or two: fat, muscle, two bones that meet in a joint, a knee-cap."""
    k, j, i = _grid()
    image = np.zeros(SHAPE, np.float32)
    grey = {name: float(dice.uniform(0.1, 1)) for name in ("fat", "muscle", "bone", "cortex", "joint")}
    for centre in [0.0] if dice.random() < 0.6 else [-0.48, 0.48]:
        size = 0.75 if centre == 0 else 0.42
        image[((j / size) ** 2 + ((i - centre) / size) ** 2) <= 1] = grey["fat"]
        image[((j / (size - 0.08)) ** 2 + ((i - centre) / (size - 0.08)) ** 2) <= 1] = grey["muscle"]
        width = size * (0.35 + 0.3 * np.exp(-((k / 0.25) ** 2)))
        bone = (j**2 + (i - centre) ** 2) <= width**2
        image[bone] = grey["cortex"]
        image[(j**2 + (i - centre) ** 2) <= (width - 0.06) ** 2] = grey["bone"]
        image[bone & (np.abs(k) < 0.05)] = grey["joint"]
        image[_ellipsoid((0.1, -size + 0.12, centre), (0.2, 0.09, 0.2))] = grey["bone"]
    return _finish(image, dice), ""


def almost_empty(dice: np.random.Generator) -> tuple[Image, str]:
    image = np.zeros(SHAPE, np.float32)
    if dice.random() < 0.5:
        image[_ellipsoid(tuple(dice.uniform(-0.5, 0.5, 3)), (0.1, 0.1, 0.1))] = 1
    else:
        image[:] = float(dice.random())
    return image, ""


THINGS: dict[str, Callable[[np.random.Generator], tuple[Image, str]]] = {
    "noise": noise,
    "coarse noise": coarse_noise,
    "noise in the shape of a head": noisy_ellipsoid,
    "nested ellipsoids": shells,
    "balls": balls,
    "trunk, CT": trunk_ct,
    "trunk, MR of any contrast": trunk_mr,
    "knee or thighs": knee,
    "empty or nearly so": almost_empty,
}

_SLICES = {
    "real body slice, repeated over 180 mm": (
        "breadth/one-ct-in-every-syntax/CTImage.dcm_BigEnd*",
        "breadth/pet/1.dcm",
        "breadth/radiotherapy/ct.0.dcm",
        "breadth/bit-depths/gdcm-CT-MONO2-8-abdo.dcm",
        "breadth/fragments-and-offset-tables/D_CLUNIE_CT1*",
        "breadth/enhanced/emri_small.dcm",
        "CT_small.dcm",
        "MR_small.dcm",
    ),
    "one real head slice, repeated over 180 mm": (
        "breadth/wg04-compressed-samples/CT2_J2KR",
        "breadth/wg04-compressed-samples/MR4_J2KR",
        "breadth/enhanced/eCT_Supplemental.dcm",
        "693_J2KI.dcm",
    ),
}


def slice_files(data: Path) -> Iterator[tuple[str, Path]]:
    """Real single slices: what they show, and the file, from the corpus or from pydicom's own files."""
    from pydicom.data import get_testdata_file

    for source, patterns in _SLICES.items():
        for pattern in patterns:
            found = sorted((data / "dicom").glob(pattern)) if "/" in pattern else [Path(str(get_testdata_file(pattern, download=False)))]
            yield from ((source, path) for path in found[:1])
