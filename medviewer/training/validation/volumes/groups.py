"""Which volumes get an interval: every segment, and every group of segments that the manifest's findings report together."""

from __future__ import annotations

from collections.abc import Mapping

from medviewer.models.finding_rules import AsymmetryRule, NormRule, VolumeRule
from medviewer.models.manifest import Manifest

Groups = Mapping[tuple[int, ...], str]
"""Label values (rising) -> name."""


def volume_groups(manifest: Manifest) -> Groups:
    """Single segments by their names, then the findings' groups by structure and side."""
    found: dict[tuple[int, ...], str] = {(s.value,): s.name for s in manifest.segments}
    for rule in manifest.finding:
        match rule:
            case VolumeRule():
                found.setdefault(_key(rule.segments), rule.structure)
            case NormRule():
                found.setdefault(_key(rule.segments), rule.structure)
                found.setdefault(_key(rule.of), f"{rule.structure}: compared with")
            case AsymmetryRule():
                for side, values in (("left", rule.left), ("right", rule.right)):
                    found.setdefault(_key(values), f"{side} {rule.structure}")
    return found


def _key(values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(values)))
