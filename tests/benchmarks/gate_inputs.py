"""Right and wrong inputs for the brain model's gate: whole heads, and what is no head or not enough of one.

Everything made up is made from the label maps (`medviewer.training.synthesis.synthesiser`) or in `gate_phantoms`, with seeds.
Nothing that a header could give away is in a header: the gate has to see it in the image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from benchmarks import gate_phantoms as phantoms
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.volume import Volume, VolumeSource
from medviewer.imaging.resample import nonzero_box
from medviewer.inference.families.answer import Answer
from medviewer.training.heads.loop import full_range
from medviewer.training.recipe_kinds.synthesis import Recipe
from medviewer.training.synthesis.contrasts import Contrast
from medviewer.training.synthesis.heads import as_head
from medviewer.training.synthesis.label_maps import grouped_targets, read_label_map, read_label_table
from medviewer.training.synthesis.synthesiser import Head, Synthesiser

SPACING_MM = 2.0
SHAPE = (100, 120, 96)
SCALING, JITTER_MM = 0.1, 8.0
"""Of the right heads: people differ less in size than the training images, and are not cut off by the field of view."""
REAL_HEADS = {
    "mr-head-t1gd": "dicom/mr-head-t1gd",
    "ct-head": "dicom/ct-head",
    "t1-head-brainchop": "nifti/t1-head-brainchop.nii.gz",
    "t2-stroke": "nifti/t2-stroke.nii.gz",
    "ct-head-atlas": "nifti/ct-head-atlas.nii.gz",
    "pd25-template": "nifti/pd25-fusion-template-1mm.nii.gz",
}


@dataclass(frozen=True, slots=True)
class Task:
    """One input: what it is, whether the gate should let it through, which heads it is from, and how to make it."""

    source: str
    right: bool
    split: str
    name: str
    make: Callable[[], Volume]


class _Whole(Synthesiser):
    """Draws heads that nothing is cut from."""

    def _cut(self, *images: object) -> None:
        del images


@dataclass(frozen=True, slots=True)
class Heads:
    """Label maps ready for drawing. by_split : names of tune and kept maps."""

    data: Path
    recipe: Recipe

    def names(self, split: str) -> tuple[str, ...]:
        return self.recipe.data.tune if split == "tune" else self.recipe.data.kept

    def draw(self, name: str, seed: int, contrast: Contrast, *, stripped: bool = False) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """An image ``[k, j, i]`` in 0..1 at 2 mm towards S, P, L, and where its brain is."""
        head, synthesiser = _head(self.data, self.recipe, name, stripped)
        example = synthesiser.draw(head, SHAPE, torch.Generator().manual_seed(seed), contrast=contrast)
        return example.image[0, 0].numpy(), (example.structure[0] > 0).numpy()


_KEPT: dict[tuple[str, bool], tuple[Head, Synthesiser]] = {}


def _head(data: Path, recipe: Recipe, name: str, stripped: bool) -> tuple[Head, Synthesiser]:
    if (name, stripped) not in _KEPT:
        table = read_label_table(data / recipe.data.table)
        structure, side = grouped_targets(table, [s.labels for s in recipe.structure])
        changes = {"scaling": SCALING, "centre_jitter_mm": JITTER_MM, "stripped": 1.0 if stripped else 0.0}
        settings = full_range(recipe).model_copy(update=changes)
        synthesiser = _Whole(table, torch.from_numpy(structure), torch.from_numpy(side), settings)
        _KEPT[name, stripped] = as_head(read_label_map(data / f"{name}.nii.gz", table), structure, side), synthesiser
    return _KEPT[name, stripped]


def as_volume(image: NDArray[np.float32], spacing_ijk: tuple[float, float, float] = (SPACING_MM,) * 3, modality: str = "") -> Volume:
    """An image ``[k, j, i]`` towards S, P, L as a volume; values above 0..1 are kept (HU)."""
    shape = image.shape
    origin = -np.array([(n - 1) / 2 * mm for n, mm in zip(shape[::-1], spacing_ijk, strict=True)])
    geometry = Geometry.from_axes((shape[0], shape[1], shape[2]), origin, np.eye(3), spacing_ijk)
    stored = np.rint(image if modality == "CT" else image * 1000).astype(np.int16)
    return Volume(stored, geometry, source=VolumeSource(kind="nifti", modality=modality))


# ---- right ones


def right_tasks(heads: Heads, per_contrast: int) -> Iterator[Task]:
    for split in ("tune", "kept"):
        for number, name in enumerate(heads.names(split)):
            for kind, contrast in enumerate(Contrast):
                for n in range(per_contrast):
                    seed = 5_000_000 + 10_000 * number + 1_000 * kind + n + (500_000 if split == "kept" else 0)
                    source = f"synthetic head, {contrast.value}"
                    yield Task(source, True, split, f"{name} {seed}", lambda a=name, s=seed, c=contrast: as_volume(heads.draw(a, s, c)[0]))
            for n in range(max(2, per_contrast // 2)):
                seed = 6_000_000 + 10_000 * number + n + (500_000 if split == "kept" else 0)
                yield Task(
                    "synthetic head without skull", True, split, f"{name} {seed}",
                    lambda a=name, s=seed: as_volume(heads.draw(a, s, Contrast.T1, stripped=True)[0]),
                )  # fmt: skip


def real_volume(data: Path, name: str) -> Volume:
    """A real head, read as the program reads it."""
    from medviewer.app.inputs import find_sources, load, repaired
    from medviewer.app.repair import Repair
    from medviewer.core.progress import Progress

    found = repaired(find_sources([data / REAL_HEADS[name]], Progress()), Repair.RESAMPLE)
    best = max(found.sources, key=lambda source: len(source.stack.images) if source.stack is not None else 0)
    return load(best, Progress()).volume


def real_tasks(data: Path) -> Iterator[Task]:
    for name in REAL_HEADS:
        if not (data / REAL_HEADS[name]).exists():
            continue
        yield Task("real head", True, "real", name, lambda a=name: real_volume(data, a))
        for n in range(4):
            yield Task(
                "real head, turned up to 12 degrees and scaled 6 %",
                True,
                "real",
                f"{name} {n}",
                lambda a=name, n=n: _turned(real_volume(data, a), n),
            )
        yield Task("real head, 5 mm slices", True, "real", name, lambda a=name: _thick(real_volume(data, a)))


def _turned(volume: Volume, seed: int) -> Volume:
    """The same voxels under a header that turns and scales them a little."""
    dice = np.random.default_rng(700 + seed)
    matrix = np.eye(4)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        angle = np.deg2rad(dice.uniform(-12, 12))
        turn = np.eye(4)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    matrix[:3, :3] *= dice.uniform(0.94, 1.06)
    return _replaced(volume, volume.stored, matrix @ volume.geometry.index_to_lps)


def _thick(volume: Volume) -> Volume:
    """Slices of 5 mm: neighbours averaged along the slice axis."""
    step = volume.geometry.spacing_ijk[2]
    count = max(1, round(5 / step))
    if count == 1:
        return volume
    size = volume.stored.shape[0] // count
    stored = volume.stored[: size * count].astype(np.float32).reshape(size, count, *volume.stored.shape[1:]).mean(1)
    matrix = np.array(volume.geometry.index_to_lps)
    matrix[:3, 3] += matrix[:3, 2] * (count - 1) / 2
    matrix[:3, 2] *= count
    return _replaced(volume, np.rint(stored).astype(np.int16) if volume.stored.dtype.kind in "iu" else stored, matrix)


def _replaced(volume: Volume, stored: NDArray[np.generic], matrix: NDArray[np.float64]) -> Volume:
    k, j, i = stored.shape
    rescale = volume.slice_rescales[0] if volume.slice_rescales else volume.rescale
    return Volume(stored, Geometry((k, j, i), matrix), rescale, volume.source, padding=volume.padding)


# ---- heads that are wrong

TURNS = {
    "front and back exchanged": np.diag([1, -1, 1]),
    "top and bottom exchanged": np.diag([1, 1, -1]),
    "upside down (turned by 180 degrees)": np.diag([1, -1, -1]),
    "facing backwards (turned by 180 degrees)": np.diag([-1, -1, 1]),
    "lying: back taken for top": np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
    "axes exchanged: side and front": np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    "axes exchanged: side and top": np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]),
}


def _misheaded(volume: Volume, turn: NDArray[np.int_]) -> Volume:
    """The same voxels under a header that turns or mirrors them about their centre."""
    k, j, i = volume.stored.shape
    centre = volume.geometry.to_lps([((i - 1) / 2, (j - 1) / 2, (k - 1) / 2)])[0]
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = centre - turn @ centre
    return _replaced(volume, volume.stored, matrix @ volume.geometry.index_to_lps)


CUTS = {"top": (0, 1), "bottom": (0, 0), "back": (1, 1), "front": (1, 0), "left": (2, 1), "right": (2, 0)}


def _halved(image: NDArray[np.float32], brain: NDArray[np.bool_], end: str, share: float, *, blank: bool) -> NDArray[np.float32]:
    """Without ``share`` of the brain's extent at one end: a smaller field of view, or the same with nothing in it."""
    axis, upper = CUTS[end]
    where = np.flatnonzero(brain.any(axis=tuple(n for n in range(3) if n != axis)))
    low, high = int(where[0]), int(where[-1])
    place = round(high - share * (high - low)) if upper else round(low + share * (high - low))
    keep = slice(None, place) if upper else slice(place, None)
    box = tuple(keep if n == axis else slice(None) for n in range(3))
    if not blank:
        return image[box].copy()
    emptied = np.full_like(image, image.min())
    emptied[box] = image[box]
    return emptied


def wrong_heads(heads: Heads, each: int) -> Iterator[Task]:
    contrasts = list(Contrast)
    for split in ("tune", "kept"):
        names = heads.names(split)
        base = 8_000_000 + (500_000 if split == "kept" else 0)
        for kind, (words, turn) in enumerate(TURNS.items()):
            for n in range(each):
                name, contrast, seed = names[n % len(names)], contrasts[n % len(contrasts)], base + 1_000 * kind + n
                yield Task(
                    f"head, {words}", False, split, f"{name} {seed}",
                    lambda a=name, s=seed, c=contrast, t=turn: _misheaded(as_volume(heads.draw(a, s, c)[0]), t),
                )  # fmt: skip
        for kind, end in enumerate(CUTS):
            for n in range(each):
                name, contrast, seed = names[n % len(names)], contrasts[n % len(contrasts)], base + 100_000 + 1_000 * kind + n
                share, blank = 0.4 + 0.2 * ((n * 0.618) % 1), n % 3 == 2
                source = f"head without 40-60 % at the {end}"
                yield Task(
                    source, False, split, f"{name} {seed} {share:.2f}{' blank' if blank else ''}",
                    lambda a=name, s=seed, c=contrast, e=end, x=share, b=blank: as_volume(_halved(*heads.draw(a, s, c), e, x, blank=b)),
                )  # fmt: skip
        for n in range(each):
            name, contrast, seed = names[n % len(names)], contrasts[n % len(contrasts)], base + 200_000 + n
            yield Task(
                "neck and face below the brain", False, split, f"{name} {seed}", lambda a=name, s=seed, c=contrast: _below(heads, a, s, c)
            )


def _below(heads: Heads, name: str, seed: int, contrast: Contrast) -> Volume:
    """What lies below the brain's middle third, stretched so that the field of view is large enough."""
    image, brain = heads.draw(name, seed, contrast)
    where = np.flatnonzero(brain.any(axis=(1, 2)))
    image = image[: int(where[0] + 0.15 * (where[-1] - where[0]))]
    stretch = max(1.0, 130 / (image.shape[0] * SPACING_MM))
    return as_volume(image, (SPACING_MM, SPACING_MM, SPACING_MM * stretch))


def wrong_real_heads(data: Path, brain_box: Callable[[str], tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Iterator[Task]:
    """Real heads turned, mirrored and cut. brain_box : lowest and highest LPS corner of a head's brain."""
    for name in REAL_HEADS:
        if not (data / REAL_HEADS[name]).exists():
            continue
        for words, turn in TURNS.items():
            yield Task(f"real head, {words}", False, "real", name, lambda a=name, t=turn: _misheaded(real_volume(data, a), t))
        for end in CUTS:
            for share in (0.42, 0.55):
                yield Task(
                    f"real head without 40-60 % at the {end}", False, "real", f"{name} {share}",
                    lambda a=name, e=end, x=share: _real_half(real_volume(data, a), brain_box(a), e, x),
                )  # fmt: skip


def _real_half(volume: Volume, box: tuple[NDArray[np.float64], NDArray[np.float64]], end: str, share: float) -> Volume:
    axis_kji, upper = CUTS[end]
    lps = 2 - axis_kji
    low, high = float(box[0][lps]), float(box[1][lps])
    place = high - share * (high - low) if upper else low + share * (high - low)
    directions = volume.geometry.directions  # columns: i, j, k
    along = int(np.argmax(np.abs(directions[lps])))
    size = volume.stored.shape[2 - along]
    index = np.zeros((size, 3))
    index[:, :] = [(n - 1) / 2 for n in volume.stored.shape[::-1]]
    index[:, along] = np.arange(size)
    positions = volume.geometry.to_lps(index)[:, lps]
    keep = positions <= place if upper else positions >= place
    kept = np.flatnonzero(keep)
    first, last = int(kept[0]), int(kept[-1]) + 1
    box_kji = tuple(slice(first, last) if axis == 2 - along else slice(None) for axis in range(3))
    matrix = np.array(volume.geometry.index_to_lps)
    matrix[:3, 3] += matrix[:3, along] * first
    return _replaced(volume, volume.stored[box_kji], matrix)


# ---- no heads at all


def wrong_things(each: int) -> Iterator[Task]:
    for kind, (source, make) in enumerate(phantoms.THINGS.items()):
        for n in range(each):
            seed = 9_000_000 + 1_000 * kind + n
            yield Task(source, False, "made", str(seed), lambda m=make, s=seed: _made(m, s))


def _made(make: Callable[[np.random.Generator], tuple[NDArray[np.float32], str]], seed: int) -> Volume:
    dice = np.random.default_rng(seed)
    image, modality = make(dice)
    mm = float(dice.uniform(1.6, 2.2))
    return as_volume(image, (mm, mm, mm), modality)


def repeated_slices(data: Path) -> Iterator[Task]:
    """Single real slices repeated until they are as high as a head (whole bodies aren't at hand)."""
    for source, path in phantoms.slice_files(data):
        yield Task(source, False, "made", path.name, lambda p=path: _repeated(p))


def _repeated(path: Path) -> Volume:
    import pydicom

    ds = pydicom.dcmread(path, force=True)
    plane = ds.pixel_array.astype(np.float32)
    plane = plane if plane.ndim == 2 else plane[len(plane) // 2]
    is_ct = ds.get("Modality") == "CT"
    if is_ct:
        plane = np.clip(plane * float(ds.get("RescaleSlope", 1)) + float(ds.get("RescaleIntercept", 0)), -1024, 3000)
    else:
        plane = (plane - plane.min()) / max(float(np.ptp(plane)), 1)
    plane = plane[:: max(1, plane.shape[0] // 128), :: max(1, plane.shape[0] // 128)]
    field_mm = max(120.0, min(float((ds.get("PixelSpacing", None) or [0.9])[0]) * int(ds.Rows), 400.0))
    mm = field_mm / max(plane.shape)
    dice = np.random.default_rng(4)
    image = plane[None] + dice.normal(0, 8 if is_ct else 0.01, (60, *plane.shape)).astype(np.float32)
    is_hu = is_ct and float(image.min()) < -700
    return as_volume(image.astype(np.float32), (mm, mm, 3.0), "CT" if is_hu else "")


def corners(answer: Answer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest LPS corner of everything an answer has labelled."""
    assert answer.labels is not None
    assert answer.geometry is not None
    box = nonzero_box(answer.labels)
    assert box is not None
    k, j, i = box
    points = answer.geometry.to_lps([(i.start, j.start, k.start), (i.stop - 1, j.stop - 1, k.stop - 1)])
    return points.min(0), points.max(0)
