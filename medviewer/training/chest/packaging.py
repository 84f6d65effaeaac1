"""From both finished trainings to a model package: calibrated, one graph, manifest, golden pair, where it all comes from."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medviewer.models.onnx_file import read_onnx_facts
from medviewer.training.chest.cases import Pictures, cached
from medviewer.training.chest.finder_task import boxes_of
from medviewer.training.chest.joined import Calibration, ChestAnswer, Familiar, export_onnx
from medviewer.training.chest.networks import Finder, Reader
from medviewer.training.chest.training import PICTURES, train_both
from medviewer.training.chest.views import crop_grid, cropped
from medviewer.training.errors import BadRecipe
from medviewer.training.fitting.checkpoint import load_checkpoint
from medviewer.training.fitting.fit import Outcome
from medviewer.training.packages.files import commit_of, write_golden
from medviewer.training.recipe_kinds.chest import ChestRecipe
from medviewer.training.statistics.calibration import fit_line, fit_temperature
from medviewer.training.supervised import PACKAGE, Place
from medviewer.training.validation.card import ABOUT_NAME

SENSITIVITY = 0.95
"""The operating point's sensitivity on tuning cases."""
FAMILIAR_SHARE = 0.995
"""Share of the tuning cases, of children and of adults each, that the gate's distance lets through."""
_FULL_SCALE_SHARE = 0.95
DIGITS = 16
"""Of each file's SHA-256 in ``splits.csv``; enough to tell any two apart."""
TEMPLATE = "chest-radiograph.manifest.toml"
_UNJUDGED = "Not yet measured whether this map means anything."


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the networks say about every case: logits (n, 2), pooled features (n, c), largest activation (n,)."""

    logits: NDArray[np.float64]
    features: Tensor
    peaks: NDArray[np.float64]


def train_and_package(recipe: ChestRecipe, place: Place, say: Callable[[str], None], is_stopped: Callable[[], bool]) -> Path | None:
    """Both trainings and the package, None when stopped before the end. Raises `BadRecipe` where no data folder was named."""
    if place.data is None:
        raise BadRecipe(f"{place.recipe_path} is of kind {recipe.kind} and needs --data, the folder that holds kermany-train and adults.")
    if train_both(recipe, place.data, place.output, say, is_stopped) is Outcome.INTERRUPTED:
        return None
    package = place.output / PACKAGE
    build_chest_package(recipe, place.recipe_path, place.data, place.output, package)
    return package


def build_chest_package(recipe: ChestRecipe, recipe_path: Path, data: Path, run: Path, output: Path) -> None:
    """Write everything but the card and figures, which `validate` measures; ``output`` is created."""
    output.mkdir(parents=True)
    everything = cached(data, run / PICTURES)
    finder, reader = _networks(recipe, run)
    pictures = _part(everything)
    boxes = boxes_of(finder, pictures)
    seen = _seen(reader, pictures, boxes, recipe.reader.size)
    calibration, threshold = _calibrated(pictures, seen)
    familiar = _familiar(pictures, seen)
    export_onnx(ChestAnswer(finder, reader, recipe.reader.size, calibration, familiar), output / "model.onnx")
    write_golden(output, drawn_chest()[None, None])  # of no patient
    _write_splits(output / "splits.csv", everything)
    (output / "recipe.toml").write_bytes(recipe_path.read_bytes())
    (output / "card.md").write_text("# Chest radiograph\n\nNot yet measured.\n", encoding="utf-8")
    numbers = {
        "threshold": f"{threshold:.4f}",
        "distance": f"{_distance_bound(pictures, familiar.distance(seen.features).numpy()):.2f}",
        "tune": str(int(_rows(pictures, "kermany", "tune").sum())),
        "verdict": _UNJUDGED,
        "show": "false",
    }
    origin = _origin(recipe, recipe_path, everything) | {"bias": float(reader.head.bias[0])}
    origin |= {"temperature": calibration.temperature, "shift": calibration.shift}
    origin |= {"finder_steps": recipe.finder.steps, "reader_steps": recipe.reader.steps, "tune_children": numbers["tune"]}
    (output / "figures.json").write_text(json.dumps({"provenance": origin}, indent=1) + "\n", encoding="utf-8")
    words = recipe_path.with_name(f"{recipe.id}.{ABOUT_NAME}")
    if words.is_file():
        (output / ABOUT_NAME).write_bytes(words.read_bytes())
    write_manifest(recipe_path.with_name(TEMPLATE), output, numbers)


def write_manifest(template: Path, package: Path, numbers: dict[str, str]) -> None:
    """Fill the template's places with numbers, digests and sizes; raises ``ValueError`` for a place nothing fills."""
    text = template.read_text(encoding="utf-8")
    numbers = numbers | {"opset": str(read_onnx_facts((package / "model.onnx").read_bytes()).opset)}
    for name, value in numbers.items():
        text = text.replace(f"@{name}@", value)
    for name in ("model.onnx", "card.md"):
        content = (package / name).read_bytes()
        text = text.replace(f"@sha256:{name}@", hashlib.sha256(content).hexdigest()).replace(f"@bytes:{name}@", str(len(content)))
    left = [line for line in text.splitlines() if "@" in line]
    if left:
        raise ValueError(f"the manifest template has places that nothing fills: {left[0]}")
    (package / "model.toml").write_text(text, encoding="utf-8")


def _networks(recipe: ChestRecipe, run: Path) -> tuple[Finder, Reader]:
    """The averaged weights of the best checks."""
    finder, reader = Finder(recipe.finder.features), Reader(recipe.reader.features, recipe.reader.dropout)
    networks: dict[str, nn.Module] = {"finder": finder, "reader": reader}
    for name, network in networks.items():
        state = load_checkpoint(run / name)
        if state is None or (state["step"] < getattr(recipe, name).steps and not state.get("finished")):  # the clock ends a sprint
            raise ValueError(f"the training of the {name} in {run / name} isn't finished")
        network.load_state_dict(state["best"])
        network.eval()
    return finder, reader


def _part(pictures: Pictures) -> Pictures:
    """The tuning cases and every third of training, which is enough for a Gaussian; the kept ones aren't looked at."""
    rows = [n for n, case in enumerate(pictures.cases) if case.split == "tune"]
    rows += [n for n, case in enumerate(pictures.cases) if case.split == "train"][::3]
    cases, digests = tuple(pictures.cases[n] for n in rows), tuple(pictures.sha256[n] for n in rows)
    return Pictures(cases, pictures.pictures[rows], pictures.masks[rows], digests)


def _seen(reader: Reader, pictures: Pictures, boxes: Tensor, size: int) -> Seen:
    logits, features, peaks = [], [], []
    for start in range(0, len(boxes), 64):
        part = slice(start, start + 64)
        x = cropped(torch.from_numpy(pictures.pictures[part]).float()[:, None] / 255, crop_grid(boxes[part], size))
        with torch.no_grad():
            here, mirrored = reader(x), reader(x.flip(3))
            cam = (reader.activation_map(here.features) + reader.activation_map(mirrored.features).flip(2)) / 2
            logits.append((here.logits + mirrored.logits) / 2)
            features.append((here.features.mean((2, 3)) + mirrored.features.mean((2, 3))) / 2)
            peaks.append(cam.amax((1, 2)))
    return Seen(torch.cat(logits).double().numpy(), torch.cat(features), torch.cat(peaks).double().numpy())


def _rows(pictures: Pictures, source: str, split: str) -> NDArray[np.bool_]:
    return np.array([case.source == source and case.split == split for case in pictures.cases])


def _calibrated(pictures: Pictures, seen: Seen) -> tuple[Calibration, float]:
    """Temperatures and shift, and the score at which `SENSITIVITY` of the ill tuning cases are found."""
    ill = np.array([case.pneumonia for case in pictures.cases]) == 1
    viral = np.array([case.viral for case in pictures.cases])
    tune = _rows(pictures, "kermany", "tune")
    line = fit_line(seen.logits[tune, 0], ill[tune])
    known = tune & (viral >= 0)
    kind = fit_temperature(seen.logits[known, 1], viral[known] == 1)
    scale = float(np.quantile(seen.peaks[tune & ill], _FULL_SCALE_SHARE))
    logit = float(np.quantile(seen.logits[tune & ill, 0], 1 - SENSITIVITY))
    threshold = 1 / (1 + np.exp(-(logit - line.shift) / line.temperature))
    return Calibration(line.temperature, line.shift, kind, scale), float(np.clip(threshold, 0.01, 0.99))


def _familiar(pictures: Pictures, seen: Seen) -> Familiar:
    """The training cases' features, by source and label."""
    train = np.array([case.split == "train" for case in pictures.cases])
    kinds = np.array([4 * (case.source == "nih") + 2 * case.pneumonia + (case.viral == 1) for case in pictures.cases])
    return Familiar.of(seen.features[torch.from_numpy(train)], torch.from_numpy(kinds[train]))


def _distance_bound(pictures: Pictures, distances: NDArray[np.float32]) -> float:
    return max(float(np.quantile(distances[_rows(pictures, source, "tune")], FAMILIAR_SHARE)) for source in ("kermany", "nih"))


def drawn_chest(size: int = 256) -> NDArray[np.float32]:
    """Two dark lungs with ribs in a bright chest, an opacity in the lower right one; float32 ``[size, size]`` in 0..1."""
    y, x = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size), indexing="ij")
    picture = np.where(((x - 0.5) / 0.48) ** 2 + ((y - 0.6) / 0.62) ** 2 < 1, 0.75, 0.05)
    for centre in (0.3, 0.7):
        lung = np.clip(1.5 - ((x - centre) / 0.15) ** 2 - ((y - 0.5) / 0.32) ** 2, 0, 1)
        picture -= 0.5 * lung * (1 - 0.25 * (np.sin(50 * (y + 0.3 * (x - centre) ** 2)) > 0.4))
    picture += 0.3 * np.exp(-(((x - 0.29) / 0.07) ** 2 + ((y - 0.68) / 0.08) ** 2))
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def _write_splits(path: Path, pictures: Pictures) -> None:
    """Which case did what, so that figures can be measured again on the kept ones; and the beginning of each file's digest."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "split", "sha256"])
        writer.writerows((case.file, case.split, digest[:DIGITS]) for case, digest in zip(pictures.cases, pictures.sha256, strict=True))


def _origin(recipe: ChestRecipe, recipe_path: Path, pictures: Pictures) -> dict[str, Any]:
    """Where the weights come from; the digest of the data is that of the digests in ``splits.csv``."""
    return {
        "recipe_sha256": hashlib.sha256(recipe_path.read_bytes()).hexdigest(),
        "seed": recipe.seed,
        "packaged_at_commit": commit_of(recipe_path.parent),
        "data_sha256": hashlib.sha256("\n".join(pictures.sha256).encode()).hexdigest(),
        "cases": {
            f"{source} {split}": int(_rows(pictures, source, split).sum())
            for source in ("kermany", "nih")
            for split in ("train", "tune", "kept")
        },
        "finder_parameters": sum(p.numel() for p in Finder(recipe.finder.features).parameters()),
        "reader_parameters": sum(p.numel() for p in Reader(recipe.reader.features).parameters()),
    }
