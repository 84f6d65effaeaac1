"""One run of one model on one volume, from voxels to proposed findings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from medviewer.app.picture_findings import PictureEvidence
from medviewer.core.finding import Finding
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Algorithm, Heatmap, Segmentation
from medviewer.core.study import ImageRef, Stack
from medviewer.core.volume import Volume
from medviewer.findings.rules import propose
from medviewer.inference.client import InferenceClient, RawResult, RunOptions
from medviewer.models.package import Package


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What a model said about a volume or a picture. ``findings`` are as proposed; decisions live in the session.

    volume : of a picture, its one slice as it is displayed, in the picture's own plane instead of the patient's space
        (see `app.pictures`); segmentation and heatmap lie in the same plane, on the pixels as they are stored.
    image : the one image of ``stack`` that was analysed, for models of pictures.
    """

    id: str
    stack: Stack | None
    volume: Volume
    package: Package
    raw: RawResult
    segmentation: Segmentation
    heatmap: Heatmap | None
    findings: tuple[Finding, ...]
    image: ImageRef | None = None

    @property
    def is_picture(self) -> bool:
        """Whether a single picture was analysed and not a volume."""
        return self.package.manifest.takes_pictures

    @property
    def subject(self) -> str:
        """What was judged, to know it again: a series, or, as each of its pictures has findings of its own, one image; else a file."""
        source = self.volume.source
        if self.is_picture and source.sop_instance_uids:
            frame = source.frames[0] if source.frames else 0
            return f"{source.sop_instance_uids[0]}#{frame}" if frame else source.sop_instance_uids[0]
        return source.series_uid or source.path

    @property
    def algorithm(self) -> Algorithm:
        """The model as it stands in objects and results."""
        return algorithm_of(self.package)


def algorithm_of(package: Package) -> Algorithm:
    """The model's identity."""
    model = package.manifest.model
    return Algorithm(model.id, model.version, package.sha256, model.name.get("en", model.id))


def run_model(
    client: InferenceClient,
    package: Package,
    volume: Volume,
    progress: Progress,
    *,
    device: str = "auto",
    stack: Stack | None = None,
    image: ImageRef | None = None,
    mirror: bool | None = None,
) -> Analysis:
    """Run a model in the inference host and propose findings.

    Raises `ModelFailed`, `DeviceNotUsable` or `Cancelled`. A refused input comes back with
    ``raw.gate.accepted`` false and no findings.
    """
    raw = client.run(package, volume, device=device, progress=progress, options=RunOptions(mirror=mirror))
    run = uuid.uuid4().hex
    segmentation = Segmentation(raw.labels, volume.geometry, package.segments)
    heatmap = None
    if raw.heatmap is not None and package.manifest.explanation is not None:
        explanation = package.manifest.explanation
        words, verdict = explanation.meaning, explanation.verdict
        heatmap = Heatmap(raw.heatmap, volume.geometry, explanation.kind, words, verdict=verdict, is_shown=explanation.show)
    findings: tuple[Finding, ...] = ()
    if raw.gate.accepted:
        looked_at = heatmap if heatmap is not None and heatmap.kind == "cam" and heatmap.is_shown else None
        picture = PictureEvidence.of(segmentation, looked_at) if package.manifest.takes_pictures else None
        findings = propose(
            package.manifest.finding,
            picture.segmentation if picture else segmentation,
            raw.volumes_ml,
            raw.structure_confidence,
            algorithm_of(package),
            run,
            scores=raw.scores,
            heatmap=picture.heatmap if picture else looked_at,
            calibrated=package.manifest.calibration.confidence == "calibrated",
            volume_errors=package.manifest.calibration.volume,
        )
        findings = tuple(picture.on_stored(finding) for finding in findings) if picture else findings
    return Analysis(run, stack, volume, package, raw, segmentation, heatmap, findings, image)
