"""The model families this program can run. A new one is a file beside this one and a row here."""

from __future__ import annotations

from typing import Protocol

from medviewer.core.errors import BadPackage
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume
from medviewer.inference.families import classification_2d, segmentation_3d
from medviewer.inference.families.answer import Answer
from medviewer.inference.sessions import Network, Stop
from medviewer.models.manifest import Manifest


class Family(Protocol):
    """What a family's file has: these two functions."""

    def why_not_supported(self, manifest: Manifest) -> str | None:
        """What a manifest asks for that the family can't do."""

    def run(self, network: Network, volume: Volume, progress: Progress, stop: Stop) -> Answer:
        """Run a package over a volume."""


FAMILIES: dict[str, Family] = {"segmentation-3d": segmentation_3d, "classification-2d": classification_2d}


def refuse_unsupported(manifest: Manifest) -> None:
    """Raise `BadPackage` for a family, or a wish within one, that this program can't fulfil."""
    family = FAMILIES.get(manifest.model.family)
    if family is None:
        raise BadPackage(f"Model {manifest.model.id} can't be run: its family {manifest.model.family} isn't known to this version.")
    why_not = family.why_not_supported(manifest)
    if why_not is not None:
        raise BadPackage(f"Model {manifest.model.id} can't be run: {why_not}.")


def run_family(network: Network, volume: Volume, progress: Progress, stop: Stop) -> Answer:
    """Run a package as its family does."""
    return FAMILIES[network.package.manifest.model.family].run(network, volume, progress, stop)
