"""Everything that is measured of a model that labels voxels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.progress import Progress
from medviewer.training.statistics.bootstrap import mean_interval
from medviewer.training.statistics.calibration import conformal_band, coverage
from medviewer.training.statistics.overlap import Overlap, compare_segments, side_errors
from medviewer.training.validation.figures import CaseFigures, Measured, SegmentationFigures, StructureFigures, VolumeInterval
from medviewer.training.validation.volumes.found_errors import uncertainty_auc
from medviewer.training.validation.volumes.groups import Groups
from medviewer.training.validation.volumes.model import VolumeModel, mean_dice, mirrored_labels
from medviewer.training.validation.volumes.synthetic_heads import RESOLUTIONS, SyntheticCase

COVERAGE_WANTED = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Volumes:
    """Predicted and true volumes on one image of some resolution, ``(256,)`` mL by label value."""

    resolution: str
    predicted: NDArray[np.float64]
    true: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CaseScores:
    """One image: overlaps by segment name, or by name of what was compared, and what else was measured of it."""

    name: str
    patient: str
    contrast: str
    resolution: str
    overlaps: Mapping[str, Overlap]
    sides: float = math.nan
    uncertainty: float = math.nan
    flip: float = math.nan
    volumes: Volumes | None = None
    refused: str | None = None

    @property
    def dice(self) -> float:
        """The mean over the structures that are there."""
        known = [o.dice for o in self.overlaps.values() if not math.isnan(o.dice)]
        return float(np.mean(known)) if known else math.nan


Watch = Callable[[SyntheticCase, NDArray[np.uint8]], None]


def score_synthetic(
    model: VolumeModel, cases: Iterable[SyntheticCase], count: int, progress: Progress, watch: Watch | None = None
) -> list[CaseScores]:
    """Run the network over synthetic images and compare. watch : is shown every image with the labels it got."""
    values = {s.value: s.name for s in model.segments}
    found = []
    for case in progress.each(cases, count, "Scoring synthetic images"):
        answer = model.answer(case.tensor)
        spacing = (case.spacing_mm,) * 3
        if watch is not None:
            watch(case, answer.labels)
        flipped = model.answer(np.ascontiguousarray(case.tensor[..., ::-1])).labels
        doubt = uncertainty_auc(answer.confidence, answer.labels, case.reference) if answer.confidence is not None else math.nan
        found.append(
            CaseScores(
                case.name,
                case.head,
                case.contrast,
                case.resolution,
                compare_segments(answer.labels, case.reference, values, spacing),
                side_errors(answer.labels, case.reference, model.mirror),
                doubt,
                mean_dice(answer.labels, mirrored_labels(flipped, model.mirror)),
                _volumes(case, answer.voxels),
            )
        )
    return found


def volumes_alone(model: VolumeModel, cases: Iterable[SyntheticCase], count: int, progress: Progress) -> list[Volumes]:
    """Volumes on images that set the width of the intervals."""
    watched = progress.each(cases, count, "Measuring volumes on other images")
    return [_volumes(case, model.answer(case.tensor).voxels) for case in watched]


def segmentation_figures(
    cases: Sequence[CaseScores], structures: Mapping[str, str], grid: str, intervals: tuple[VolumeInterval, ...] = ()
) -> SegmentationFigures:
    """Means over images with intervals by drawing patients.

    structures : what was compared (segment name) -> structure under which it is shown, both sides together.
    """
    judged = [case for case in cases if case.refused is None]
    shown: dict[str, list[str]] = defaultdict(list)
    for name, structure in structures.items():
        shown[structure].append(name)
    contrasts = list(dict.fromkeys(case.contrast for case in judged))
    several = len(contrasts) > 1
    return SegmentationFigures(
        grid=grid,
        mean_dice=_mean_dice(judged),
        mean_dice_by_contrast={c: _mean_dice([x for x in judged if x.contrast == c]) for c in contrasts} if several else {},
        side_errors=_over_cases(judged, "sides"),
        structures={name: _structure(judged, parts, contrasts if several else []) for name, parts in shown.items()},
        cases=tuple(CaseFigures(name=c.name, contrast=c.contrast, slices=c.resolution, mean_dice=c.dice, refused=c.refused) for c in cases),
        volume_intervals=intervals,
        uncertainty_auc=_known(_over_cases(judged, "uncertainty")),
        flip_dice=_known(_over_cases(judged, "flip")),
    )


def volume_intervals(groups: Groups, fitted: Sequence[Volumes], held: Sequence[Volumes]) -> tuple[VolumeInterval, ...]:
    """By group of segments and resolution: the width from ``fitted``, and how often it held on ``held`` (images of other people)."""
    found = []
    for values, name in groups.items():
        for resolution, limit in RESOLUTIONS:
            ours, others = (_pairs(volumes, values, resolution) for volumes in (fitted, held))
            if not len(ours[0]):
                continue
            band = conformal_band(*ours, COVERAGE_WANTED)
            found.append(
                VolumeInterval(
                    structure=name,
                    segments=values,
                    resolution=resolution,
                    max_spacing_mm=limit,
                    half=band.half,
                    wanted=band.wanted,
                    images=band.images,
                    coverage=coverage(band, *others) if math.isfinite(band.half) else None,
                    coverage_images=len(others[0]),
                )
            )
    return tuple(found)


def _pairs(volumes: Sequence[Volumes], values: tuple[int, ...], resolution: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    group = list(values)
    sums = [(v.predicted[group].sum(), v.true[group].sum()) for v in volumes if v.resolution == resolution]
    there = np.array([pair for pair in sums if pair[1] > 0], np.float64).reshape(-1, 2)
    return there[:, 0], there[:, 1]


def _volumes(case: SyntheticCase, voxels: NDArray[np.float64]) -> Volumes:
    ml = case.spacing_mm**3 / 1000
    true = np.bincount(case.reference.reshape(-1), minlength=256).astype(np.float64)
    return Volumes(case.resolution, voxels * ml, true * ml)


def _structure(cases: Sequence[CaseScores], parts: Sequence[str], contrasts: Sequence[str]) -> StructureFigures:
    rows = [(case, case.overlaps[part]) for case in cases for part in parts if part in case.overlaps]
    there = [(case, o) for case, o in rows if not math.isnan(o.dice)]
    patients = [case.patient for case, _ in there]

    def over(values: Sequence[float]) -> Measured:
        return Measured.model_validate(mean_interval(values, patients))

    by_contrast = {}
    for contrast in contrasts:
        mine = [(case, o) for case, o in there if case.contrast == contrast]
        by_contrast[contrast] = Measured.model_validate(mean_interval([o.dice for _, o in mine], [case.patient for case, _ in mine]))
    return StructureFigures(
        images=len({case.name for case, _ in there}),
        missed=sum(math.isinf(o.hd95_mm) for _, o in there),
        dice=over([o.dice for _, o in there]),
        surface_dice_1mm=over([o.surface_dice[0] for _, o in there]),
        surface_dice_2mm=over([o.surface_dice[1] for _, o in there]),
        hd95_mm=over([o.hd95_mm for _, o in there]),
        volume_bias_ml=over([o.error_ml for _, o in there]),
        volume_bias_percent=over([o.error_percent for _, o in there]),
        dice_by_contrast=by_contrast,
    )


def _mean_dice(cases: Sequence[CaseScores]) -> Measured:
    rows = [(o.dice, case.patient) for case in cases for o in case.overlaps.values()]
    return Measured.model_validate(mean_interval([dice for dice, _ in rows], [patient for _, patient in rows]))


def _over_cases(cases: Sequence[CaseScores], what: str) -> Measured:
    return Measured.model_validate(mean_interval([getattr(case, what) for case in cases], [case.patient for case in cases]))


def _known(measured: Measured) -> Measured | None:
    return measured if measured.value is not None else None
