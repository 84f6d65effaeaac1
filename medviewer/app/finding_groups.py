"""Findings by region, so that dozens of them can be taken in: the whole first, then its parts, left beside right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medviewer.core.finding import Finding

FEW = 8
"""So many findings are read at a glance and need no groups."""
REST = "Other findings"


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings about one region and what lies in it. ``name`` tells it from the others of the same list."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def undecided(self) -> int:
        """How many of them nobody has decided on."""
        return sum(finding.decision is None for finding in self.findings)

    @property
    def notable(self) -> tuple[Finding, ...]:
        """Those whose numbers are beyond their rule's limit."""
        return tuple(finding for finding in self.findings if finding.notable)

    def __contains__(self, finding_id: object) -> bool:
        return any(finding.id == finding_id for finding in self.findings)


def finding_groups(findings: Sequence[Finding]) -> tuple[FindingGroup, ...]:
    """The findings by region, in the model's order of regions; nothing if there are few findings or fewer than two regions.

    What a region is, the evidence says: a finding is a region's if its segments hold all those of a finding about another structure
    (ventricles: the lateral, third and fourth). Each other finding belongs to the smallest region that holds it. Within a region
    the finding about the whole comes first, then those of each structure together.
    """
    regions = [finding for finding in findings if _is_region(finding, findings)]
    if len(findings) <= FEW or len(regions) < 2:
        return ()
    members: dict[str, list[Finding]] = {region.id: [region] for region in regions}
    rest: list[Finding] = []
    for finding in findings:
        if finding.id in members:
            continue
        around = [region for region in regions if _holds(region, finding)]
        (members[min(around, key=lambda region: len(set(region.segments))).id] if around else rest).append(finding)
    names = _names(regions)
    groups = [FindingGroup(names[region.id], _by_structure(members[region.id])) for region in regions]
    return (*groups, *((FindingGroup(REST, tuple(rest)),) if rest else ()))


def _is_region(finding: Finding, findings: Sequence[Finding]) -> bool:
    return any(_holds(finding, other) and other.code != finding.code for other in findings)


def _holds(whole: Finding, part: Finding) -> bool:
    return bool(part.segments) and set(part.segments) < set(whole.segments)


def _names(regions: Sequence[Finding]) -> dict[str, str]:
    """A name for each region, none twice."""
    names: dict[str, str] = {}
    for region in regions:
        plain = (region.location.structure or region.code.meaning).capitalize()
        taken = sum(name == plain or name.startswith(f"{plain} (") for name in names.values())
        names[region.id] = f"{plain} ({taken + 1})" if taken else plain
    return names


def _by_structure(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The first stays first; the others by structure in order of appearance, the model's order within."""
    codes = list(dict.fromkeys(finding.code for finding in findings))
    return (findings[0], *sorted(findings[1:], key=lambda finding: codes.index(finding.code)))
