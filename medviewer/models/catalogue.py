"""What is installed, and what of it fits a series."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medviewer.core.errors import BadPackage, NoModelFits
from medviewer.core.volume import Volume
from medviewer.models.manifest import MANIFEST_NAME, Manifest
from medviewer.models.manifest_input import Fits
from medviewer.models.package import Package, open_package

log = logging.getLogger(__name__)

MIN_SLICES = 10
MAX_SPACING_MM = 10.0
MIN_PIXELS = 64
"""Along the shorter side of a picture: less shows no chest."""


class Catalogue:
    """The packages in some folders, each of which is a package or holds packages.

    Opened once, at the first question. The first folder that has an id keeps it: a user's package can't stand in
    for a bundled one.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._packages: dict[str, Package] | None = None
        self._broken: list[tuple[Path, str]] = []

    def packages(self) -> list[Package]:
        """Every package that is in order, bundled ones first."""
        return list(self._opened().values())

    def broken(self) -> list[tuple[Path, str]]:
        """Folders that were not opened, and why."""
        self._opened()
        return list(self._broken)

    def get(self, model_id: str) -> Package:
        """The package with this id; raises `NoModelFits` that lists the known ids, or says why it wasn't opened."""
        found = self._opened().get(model_id)
        if found is not None:
            return found
        for folder, reason in self._broken:
            if folder.name == model_id:
                raise BadPackage(reason)
        known = ", ".join(sorted(self._opened())) or "none"
        raise NoModelFits(f"There is no model {model_id!r}. Installed: {known}.")

    def refresh(self) -> None:
        """Look at the folders again at the next question."""
        self._packages = None

    def _opened(self) -> dict[str, Package]:
        if self._packages is None:
            self._packages, self._broken = {}, []
            for folder in self._candidates():
                self._open(folder, self._packages)
        return self._packages

    def _candidates(self) -> list[Path]:
        found: list[Path] = []
        for folder in self._folders:
            if (folder / MANIFEST_NAME).is_file():
                found.append(folder)
            elif folder.is_dir():
                found += sorted(sub for sub in folder.iterdir() if not sub.name.startswith(".") and (sub / MANIFEST_NAME).is_file())
        return found

    def _open(self, folder: Path, packages: dict[str, Package]) -> None:
        try:
            package = open_package(folder)
        except BadPackage as error:
            log.warning("package in %s not opened: %s", folder, error)
            self._broken.append((folder, str(error)))
            return
        holder = packages.setdefault(package.id, package)
        if holder is not package:
            self._broken.append((folder, f"{folder} was not opened: the id {package.id} belongs to the package in {holder.folder}."))


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What decides whether a model suits a series.

    modality, body_part : DICOM's words in capitals, empty where the file doesn't say.
    shape_ijk, spacing_ijk : of the grid, mm. unit : of the real-world values.
    view, is_colourful : of a single picture, as in `VolumeSource`.
    """

    modality: str
    body_part: str
    shape_ijk: tuple[int, int, int]
    spacing_ijk: tuple[float, float, float]
    unit: str = ""
    view: str = ""
    is_colourful: bool = False

    @classmethod
    def of(cls, volume: Volume) -> SeriesFacts:
        """The facts of a volume; its voxels aren't looked at."""
        k, j, i = volume.geometry.shape_kji
        rescale = volume.slice_rescales[0] if volume.slice_rescales else volume.rescale
        source = volume.source
        return cls(
            source.modality.upper(),
            source.body_part.strip().upper(),
            (i, j, k),
            volume.geometry.spacing_ijk,
            rescale.unit,
            source.view.strip().upper(),
            source.is_colourful,
        )

    @property
    def effective_modality(self) -> str:
        """The modality, or CT for values in HU whose file names none."""
        return self.modality or ("CT" if self.unit == "HU" else "")

    @property
    def coverage_mm(self) -> tuple[float, float, float]:
        """The field of view along i, j, k."""
        i, j, k = (n * mm for n, mm in zip(self.shape_ijk, self.spacing_ijk, strict=True))
        return i, j, k


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model suits a series: sentences why not, and sentences a reader should know although it does."""

    fits: bool
    reasons: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def fit(manifest: Manifest, facts: SeriesFacts) -> Fit:
    """Compare a model's needs with a series. Of several kinds of series a model takes, the nearest is answered for."""
    verdicts = []
    for kind in manifest.input[0].fits:
        reasons, cautions = _compare_picture(kind, facts) if manifest.takes_pictures else _compare(kind, facts)
        verdicts.append(Fit(not reasons, tuple(reasons), tuple(cautions)))
    return min(verdicts, key=lambda verdict: (len(verdict.reasons), len(verdict.cautions)))


def _compare_picture(kind: Fits, facts: SeriesFacts) -> tuple[list[str], list[str]]:
    reasons, cautions = [], []
    columns, rows, slices = facts.shape_ijk
    wanted = _either(kind.modality)
    if slices != 1:
        reasons.append(f"The model is made for single pictures; this series is a volume of {slices} slices.")
    elif min(rows, columns) < MIN_PIXELS:
        reasons.append(f"The picture has {columns} x {rows} pixels; at least {MIN_PIXELS} each way are needed.")
    if facts.is_colourful:
        reasons.append("The picture is in colour, like a photograph; the model is made for radiographs.")
    if not (facts.modality or facts.body_part or facts.view):
        view = f", {_either(kind.view)}" if kind.view else ""
        part = f" of {_either(kind.body_part).lower()}" if kind.body_part else ""
        cautions.append(f"The picture has no header: that it is a {wanted} radiograph{part}{view}, only its pixels can tell.")
        return reasons, cautions
    if facts.modality and facts.modality not in kind.modality:
        reasons.append(f"The model is made for {wanted}; this image is {facts.modality}.")
    reasons += _other_part(kind, facts, cautions)
    if kind.view and facts.view and not _is_view(kind.view, facts.view):
        reasons.append(f"The model is made for the view {_either(kind.view)}; this image says {facts.view}.")
    elif kind.view and not facts.view:
        cautions.append(f"The image doesn't say which view it is; the model is made for {_either(kind.view)}.")
    return reasons, cautions


def _is_view(wanted: Sequence[str], view: str) -> bool:
    """Whether a View Position or the meaning of a View Code (PS3.16 CID 4010) is one of the wanted views."""
    joined = re.sub("POSTERO[- ]?ANTERIOR", "PA", re.sub("ANTERO[- ]?POSTERIOR", "AP", view))
    return bool(set(re.split("[^A-Z]+", joined)) & {word.upper() for word in wanted})


def _other_part(kind: Fits, facts: SeriesFacts, cautions: list[str]) -> list[str]:
    if kind.body_part and not facts.body_part:
        cautions.append(f"The series doesn't say which part of the body it shows; the model is made for {_either(kind.body_part)}.")
    elif kind.body_part and not any(part in facts.body_part for part in kind.body_part):
        return [f"The model is made for {_either(kind.body_part)}; this series says {facts.body_part}."]
    return []


def _compare(kind: Fits, facts: SeriesFacts) -> tuple[list[str], list[str]]:
    reasons, cautions = [], []
    wanted = _either(kind.modality)
    if not facts.effective_modality:
        cautions.append(f"The file doesn't say which kind of scan it is; the model is made for {wanted}.")
    elif facts.effective_modality not in kind.modality:
        reasons.append(f"The model is made for {wanted}; this series is {facts.effective_modality}.")
    reasons += _other_part(kind, facts, cautions)
    reasons += _too_small(kind, facts)
    return reasons, cautions


def _too_small(kind: Fits, facts: SeriesFacts) -> list[str]:
    reasons = []
    if min(facts.shape_ijk) < MIN_SLICES:
        reasons.append(f"The series has {min(facts.shape_ijk)} slices in one direction; at least {MIN_SLICES} are needed.")
    if max(facts.spacing_ijk) > MAX_SPACING_MM:
        reasons.append(f"Its slices or pixels are {max(facts.spacing_ijk):.1f} mm apart; at most {MAX_SPACING_MM:g} mm are allowed.")
    smallest = min(facts.coverage_mm)
    if smallest < kind.min_coverage_mm:
        extent = " x ".join(f"{mm:.0f}" for mm in facts.coverage_mm)
        reasons.append(f"It covers {extent} mm; the model needs at least {kind.min_coverage_mm:g} mm in each direction.")
    return reasons


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
