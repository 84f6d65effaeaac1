"""Examples made in code, so that a recipe can be tried without any data: pictures with or without a disc, bodies with two organs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medviewer.training.data.cases import Split

Float = NDArray[np.float64]
DISC, NO_DISC = "disc", "no disc"
BODY_SPACING_MM = 4.0


def write_pictures(folder: Path, subjects: int, seed: int, *, flaws: bool = False) -> None:
    """PNGs of two views of each subject and the table ``labels.csv``; half of the subjects have a disc.

    flaws : also a copy of a picture under another subject, a file that is cut off, a row without a label, a picture that
    the table doesn't name, and a subject whose two views are put into two splits.
    """
    (folder / "pictures").mkdir(parents=True)
    rows = []
    for subject in range(subjects):
        random = np.random.default_rng(np.random.SeedSequence([seed, 3, subject]))
        label = DISC if subject % 2 else NO_DISC
        for view in range(2):
            name = f"pictures/subject-{subject:04d}-{view}.png"
            Image.fromarray(_picture(random, has_disc=label == DISC)).save(folder / name)
            rows.append({"file": name, "label": label, "subject": f"subject-{subject:04d}", "split": ""})
    if flaws:
        rows += _plant_flaws(folder, rows)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["file", "label", "subject", "split"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _plant_flaws(folder: Path, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    first = (folder / rows[0]["file"]).read_bytes()
    (folder / "pictures" / "copy.png").write_bytes(first)
    (folder / "pictures" / "cut-off.png").write_bytes(first[: len(first) // 2])
    for name in ("unlabelled.png", "unnamed.png"):
        Image.open(folder / rows[1]["file"]).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(folder / "pictures" / name)
    rows[4]["split"], rows[5]["split"] = Split.TRAIN.value, Split.KEPT.value
    return [
        {"file": "pictures/copy.png", "label": rows[0]["label"], "subject": "somebody", "split": ""},
        {"file": "pictures/cut-off.png", "label": rows[0]["label"], "subject": "somebody-else", "split": ""},
        {"file": "pictures/unlabelled.png", "label": "", "subject": "nobody", "split": ""},
    ]


def _picture(random: np.random.Generator, *, has_disc: bool) -> NDArray[np.uint8]:
    """A picture of its own size: a slope, two soft bands, grain; and perhaps a soft disc a little brighter than around it."""
    rows, columns = (int(n) for n in random.integers(70, 130, 2))
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    values: Float = 0.4 + 0.15 * random.uniform(-1, 1) * x + 0.15 * random.uniform(-1, 1) * y
    for _ in range(2):
        angle, place, width = random.uniform(0, np.pi), random.uniform(-0.7, 0.7), random.uniform(0.05, 0.2)
        across = x * np.cos(angle) + y * np.sin(angle) - place
        values = values + random.uniform(0.1, 0.3) * np.exp(-0.5 * (across / width) ** 2)
    if has_disc:
        radius = random.uniform(0.12, 0.25)
        distance = np.hypot(x - random.uniform(-0.7, 0.7), y - random.uniform(-0.7, 0.7))
        values = values + random.uniform(0.25, 0.45) / (1 + np.exp((distance - radius) / 0.02))
    values = values + 0.06 * random.standard_normal(values.shape)
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def write_bodies(folder: Path, subjects: int, seed: int) -> None:
    """NIfTI volumes in ``images`` and label maps in ``labels``: 1 the body, 2 and 3 two organs; the greys differ in each."""
    import SimpleITK as sitk

    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for subject in range(subjects):
        random = np.random.default_rng(np.random.SeedSequence([seed, 4, subject]))
        values, labels = _body(random)
        for name, array in (("images", values), ("labels", labels)):
            image = sitk.GetImageFromArray(array)
            image.SetSpacing([BODY_SPACING_MM] * 3)
            sitk.WriteImage(image, str(folder / name / f"subject-{subject:04d}.nii.gz"))


def _body(random: np.random.Generator) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    shape = tuple(int(n) for n in random.integers(32, 41, 3))
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    labels = np.zeros(shape, np.uint8)
    labels[(k / 0.9) ** 2 + (j / 0.75) ** 2 + (i / 0.8) ** 2 < 1] = 1
    for value, side in ((2, -1.0), (3, 1.0)):
        centre = np.array([random.uniform(-0.3, 0.3), random.uniform(-0.2, 0.2), side * random.uniform(0.3, 0.45)])
        size = random.uniform(0.2, 0.3) * (1.3 if value == 2 else 0.8)
        inside = sum(((axis - c) / size) ** 2 for axis, c in zip((k, j, i), centre, strict=True)) < 1
        labels[inside & (labels == 1)] = value
    greys = np.array([0.0, random.uniform(150, 250), random.uniform(350, 450), random.uniform(350, 450)])
    values = greys[labels] + 25 * random.standard_normal(shape)
    return np.rint(values).astype(np.int16), labels
