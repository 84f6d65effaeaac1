"""A ``classification-2d`` package led over pictures outside the window, with the program's own preprocessing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import BadPackage, CannotDecode
from medviewer.imaging.intensity import apply_steps
from medviewer.imaging.standardise_picture import standardise_picture
from medviewer.models.intensity_steps import steps_for
from medviewer.models.manifest_entries import Output
from medviewer.models.package import Package
from medviewer.training.validation.ort_session import cpu_session

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class PictureAnswer:
    """What the network said of one picture.

    scores : by class. logit : of the first class before its temperature, None where the network doesn't give it.
    gate : numbers for the gate by name. mask : (rows, columns) uint8. heatmap, cam : (h, w) float32, their own grid.
    """

    scores: Mapping[str, float]
    logit: float | None
    gate: Mapping[str, float]
    mask: NDArray[np.uint8] | None
    heatmap: Float | None
    cam: Float | None


def read_picture(path: Path) -> Float:
    """A picture file as grey values ``[rows, columns]`` float32; raises `CannotDecode`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            grey = image if image.mode in ("L", "I;16", "I", "F") else image.convert("L")
            return np.asarray(grey, np.float32)
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise CannotDecode(path, f"it is no picture that can be read ({type(error).__name__})") from error


class PictureModel:
    """The network of a package, on the processor."""

    def __init__(self, package: Package, content: bytes | None = None) -> None:
        """content : other ONNX bytes with the same inputs and outputs, e.g. randomised ones."""
        manifest = package.manifest
        if manifest.model.family != "classification-2d":
            raise BadPackage(f"{manifest.model.id} is of family {manifest.model.family}; pictures are for classification-2d.")
        self.manifest = manifest
        self._session: Any = cpu_session(package.network_path if content is None else content)
        self._known = [output.name for output in self._session.get_outputs()]
        shape = manifest.input[0].shape
        assert shape is not None  # the manifest's own check of pictures
        self.shape: tuple[int, int] = shape
        self.scores = next(o for o in manifest.output if o.kind == "scores" and o.role is None)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of what the model reports, in its order."""
        return tuple(entry.name for entry in self.scores.classes)

    def thresholds(self) -> dict[str, float]:
        """Operating points by class, where the manifest has one."""
        return {entry.name: entry.threshold for entry in self.scores.classes if entry.threshold is not None}

    def tensor(self, picture: NDArray[np.generic]) -> Float:
        """A picture as the network takes it, ``(1, 1, rows, columns)`` float32."""
        values = apply_steps(standardise_picture(picture, self.shape), steps_for(self.manifest.input[0].intensity, "CR"))
        return values[None, None]

    def answer(self, tensor: Float) -> PictureAnswer:
        """Everything the network says of a tensor."""
        given = dict(zip(self._known, self._session.run(self._known, {self.manifest.input[0].name: tensor}), strict=True))
        mask, heat = self._first("labels"), self._first("heatmap")
        logit = given.get("logit")
        return PictureAnswer(
            dict(zip(self.classes, given[self.scores.name][0].astype(float).tolist(), strict=True)),
            None if logit is None else float(logit.reshape(-1)[0]),
            self._gate_numbers(given),
            None if mask is None else given[mask.name][0],
            None if heat is None else _as_share(given[heat.name][0]),
            given["cam"][0].astype(np.float32) if "cam" in given else None,
        )

    def score_of(self, name: str) -> Callable[[Float], float]:
        """A function from a standardised picture ``(rows, columns)`` to one class's score, with nothing else computed for it."""
        column = self.classes.index(name)
        source, into = self.scores.name, self.manifest.input[0].name
        return lambda picture: float(self._session.run([source], {into: picture[None, None]})[0][0, column])

    def refusal(self, answer: PictureAnswer) -> str | None:
        """Why the manifest's gate refuses the picture by what the network said of it, None if it doesn't."""
        gate = self.manifest.gate
        for score in gate.scores:
            if not score.holds(answer.gate.get(score.name, np.nan)):
                return score.reason
        if answer.mask is None:
            return None
        share = np.bincount(answer.mask.reshape(-1), minlength=256) / answer.mask.size
        missing = [value for value in gate.present if share[value] == 0]
        if missing:
            return f"segment {missing[0]} was not found"
        for area in gate.areas:
            if not area.low_percent <= 100 * share[list(area.segments)].sum() <= area.high_percent:
                return f"{area.name} covers an implausible share of the picture"
        for sides in gate.sides:
            small, large = sorted(float(share[list(part)].sum()) for part in (sides.left, sides.right))
            if large > sides.max_ratio * small:
                return f"the sides of {sides.name} differ too much"
        return None

    def _first(self, kind: str) -> Output | None:
        return next((output for output in self.manifest.output if output.kind == kind), None)

    def _gate_numbers(self, given: Mapping[str, NDArray[np.generic]]) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for output in self.manifest.output:
            if output.role == "gate":
                values = np.asarray(given[output.name], np.float64).reshape(-1)
                numbers.update(zip((entry.name for entry in output.classes), values.tolist(), strict=True))
        return numbers


def _as_share(values: NDArray[np.generic]) -> Float:
    share = values.astype(np.float32)
    return np.asarray(share / 255, np.float32) if values.dtype == np.uint8 else share
