"""The parts of a run's entry in ``result.json`` that say what was analysed, by what, and what it measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from medviewer.app.analysis import Analysis
from medviewer.app.inputs import Loaded, Source
from medviewer.app.result import CodeEntry as CodeOut
from medviewer.app.result import (
    DeviceEntry,
    GateEntry,
    GeometryEntry,
    InputEntry,
    IssueEntry,
    ModelEntry,
    PeakEntry,
    RunEntry,
    SecondsEntry,
    SkippedEntry,
    StructureEntry,
)
from medviewer.core.volume import Volume
from medviewer.imaging.picture_plane import exif_orientation
from medviewer.models.package import Package

Device = Literal["auto", "cpu", "cuda"]
OF_VOLUMES = frozenset(
    {
        "missing-slice",
        "duplicate-slice",
        "uneven-spacing",
        "gantry-tilt",
        "mixed-orientation",
        "mixed-size",
        "no-position",
        "localiser-apart",
        "several-volumes",
        "split-even",
    }
)
"""Notices on how images lie to each other, of no meaning for a single one."""


def empty_entry(source: Source, package: Package, device: Device) -> RunEntry:
    """What is known before anything is read."""
    model = package.manifest.model
    stack = source.stack
    path = stack.images[0].file if source.is_picture and stack is not None else source.path
    about = InputEntry(path=str(path), kind=source.kind)
    if stack is not None:
        about.study_uid, about.series_uid = stack.study_uid, stack.series_uid
        about.modality, about.description = stack.modality, stack.description
    entry = RunEntry(
        input=about,
        model=ModelEntry(id=model.id, version=model.version, sha256=package.sha256),
        device=DeviceEntry(requested=device),
        status="done",
    )
    if stack is not None:
        notices = [notice for notice in stack.warnings if not (source.is_picture and notice.code in OF_VOLUMES)]
        entry.issues.extend(issue(notice.level, notice.code, notice.message) for notice in notices)
    if source.time_point:
        entry.issues.append(issue("info", "time-point", f"This is one volume of several at the same places: {source.time_point}."))
    return entry


def describe_input(about: InputEntry, loaded: Loaded, *, is_picture: bool) -> None:
    """How many slices were read and on which grid they lie; a picture lies in no patient space."""
    geometry = loaded.volume.geometry
    about.slices_read = loaded.acquired - len(loaded.skipped)
    about.slices_skipped = [SkippedEntry(file=str(r.file), reason=r.reason) for r in loaded.skipped]
    about.geometry = GeometryEntry(
        shape_kji=geometry.shape_kji,
        spacing_mm_ijk=geometry.spacing_ijk,
        index_to_lps=None if is_picture else geometry.index_to_lps.tolist(),
    )


def sides_assumed(volume: Volume, package: Package) -> bool:
    """Whether the model tells left from right on a picture whose file doesn't say how it is turned."""
    return not volume.source.orientation and any(segment.side for segment in package.segments.values())


def notes_on_picture(volume: Volume, package: Package) -> list[IssueEntry]:
    """What a reader should know of how the picture was turned before the model saw it."""
    if sides_assumed(volume, package):
        words = "The file doesn't say how the picture is turned: left and right are those of the usual display, the patient's right "
        return [issue("info", "sides-assumed", f"{words}on the viewer's left.")]
    if volume.source.orientation and exif_orientation(volume.geometry) != 1:
        words = f"The picture is stored turned or mirrored (Patient Orientation {volume.source.orientation}); the model saw it as usually "
        return [issue("info", "turned", f"{words}displayed, and mask and heatmap lie on the stored pixels.")]
    return []


def describe_run(entry: RunEntry, analysis: Analysis) -> None:
    """Where it ran, how long, the gate's verdict and, unless a picture was refused, what was measured."""
    raw = analysis.raw
    entry.device = DeviceEntry(requested=entry.device.requested, used=raw.device, provider=raw.provider, note=raw.device_note)
    if raw.device_note:
        entry.issues.append(IssueEntry(level="info", code="device", message=raw.device_note))
    gate = raw.gate
    entry.gate = GateEntry(accepted=gate.accepted, score=gate.score, reason=gate.reason, scores=_rounded(raw.gate_scores))
    entry.seconds = SecondsEntry(read=entry.seconds.read, **{k: round(v, 3) for k, v in raw.seconds.items()})
    entry.peak_bytes = PeakEntry(host=raw.host_peak_bytes)
    if gate.accepted or not analysis.is_picture:  # a score of a picture that was refused means nothing
        entry.scores = _rounded(raw.scores)
        entry.structures = _structures(analysis)


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in scores.items()}


def _structures(analysis: Analysis) -> list[StructureEntry]:
    labels, is_picture = analysis.segmentation.labels, analysis.is_picture
    if is_picture:  # few segments, and many pictures in a row
        counts = {value: np.count_nonzero(labels == value) for value in analysis.segmentation.segments}
    else:
        counts = dict(enumerate(np.bincount(labels.reshape(-1), minlength=256)))
    return [
        StructureEntry(
            value=value,
            name=segment.name,
            code=CodeOut.of(segment.code),
            volume_ml=None if is_picture else round(analysis.raw.volumes_ml.get(value, 0.0), 3),
            voxels=int(counts[value]),
            area_percent=round(100 * int(counts[value]) / labels.size, 2) if is_picture else None,
        )
        for value, segment in analysis.segmentation.segments.items()
    ]


def issue(level: str, code: str, message: str) -> IssueEntry:
    """An issue from the program's own notices, whose level is a word."""
    return IssueEntry.model_validate({"level": level, "code": code, "message": message})
