"""Whether a package computes here what it computed where it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medviewer.core.progress import Progress
from medviewer.inference.client import InferenceClient
from medviewer.models.package import Package


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """``differences`` by output, 0 for the same: for uint8 outputs the share of voxels more than 1 apart, for
    numbers the largest difference over the largest value. ``passed``: none is above the package's tolerance.
    """

    passed: bool
    differences: Mapping[str, float]
    tolerance: float
    provider: str
    note: str | None


def run_golden(client: InferenceClient, package: Package, device: str = "auto", progress: Progress | None = None) -> GoldenResult:
    """Run the package's own input and compare with its own output.

    Raises `BadPackage` when the package has none, and what running a model raises.
    """
    used, differences = client.golden(package, device=device, progress=progress)
    golden = package.manifest.golden
    tolerance = golden.tolerance if golden is not None else 0.0
    passed = bool(differences) and max(differences.values()) <= tolerance
    return GoldenResult(passed, differences, tolerance, used.provider, used.note)
