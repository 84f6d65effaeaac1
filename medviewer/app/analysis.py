"""One run of one model on one volume, from voxels to proposed findings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from medviewer.core.finding import Finding
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Algorithm, Heatmap, Segmentation
from medviewer.core.study import Stack
from medviewer.core.volume import Volume
from medviewer.findings.rules import propose
from medviewer.inference.client import InferenceClient, RawResult
from medviewer.models.package import Package


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What a model said about a volume. ``findings`` are as proposed; decisions live in the session."""

    id: str
    stack: Stack | None
    volume: Volume
    package: Package
    raw: RawResult
    segmentation: Segmentation
    heatmap: Heatmap | None
    findings: tuple[Finding, ...]

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
) -> Analysis:
    """Run a model in the inference host and propose findings.

    Raises `ModelFailed`, `DeviceNotUsable` or `Cancelled`. A refused input comes back with
    ``raw.gate.accepted`` false and no findings.
    """
    raw = client.run(package, volume, device=device, progress=progress)
    run = uuid.uuid4().hex
    segmentation = Segmentation(raw.labels, volume.geometry, package.segments)
    heatmap = None
    if raw.heatmap is not None and package.manifest.explanation is not None:
        explanation = package.manifest.explanation
        heatmap = Heatmap(raw.heatmap, volume.geometry, explanation.kind, explanation.meaning)
    findings: tuple[Finding, ...] = ()
    if raw.gate.accepted:
        findings = propose(
            package.manifest.finding,
            segmentation,
            raw.volumes_ml,
            raw.structure_confidence,
            algorithm_of(package),
            run,
            scores=raw.scores,
            heatmap=heatmap if heatmap is not None and heatmap.kind == "cam" else None,
            calibrated=package.manifest.calibration.confidence == "calibrated",
        )
    return Analysis(run, stack, volume, package, raw, segmentation, heatmap, findings)
