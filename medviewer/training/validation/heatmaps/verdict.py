"""The one sentence under a heatmap: decided by rule from what was measured, never written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medviewer.training.statistics.bootstrap import Interval
from medviewer.training.validation.heatmaps.rival_maps import CENTRE, EDGE, FINER, RANDOM

MUST_BEAT = (RANDOM, FINER, CENTRE)
CHANCE_RHO = 0.2
"""A fully randomised network's map may agree with the true one up to this rank correlation."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the heatmap is than a rival, paired by picture; positive is better for insertion and deletion alike."""

    rival: str
    test: str
    baseline: str
    better_by: Interval

    @property
    def beats(self) -> bool:
        """Whether the whole interval is above zero."""
        return self.better_by.low > 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence, and whether the map may be shown unasked."""

    sentence: str
    show: bool


_RIVALS = {RANDOM: "a random map as coarse as itself", FINER: "a random map half as coarse", CENTRE: "a blob in the middle"}


def verdict(comparisons: Sequence[Comparison], collapsed: bool, pictures: int) -> Verdict:
    """A map is shown if it beats chance and the picture's middle in every test with every baseline, and depends on the weights.

    Chance is random patches as broad as the map's own, and half as broad: a verdict that hangs on an estimated breadth would be none.
    Scattered pixels are measured but decide nothing (`docs/validation.md` says why).
    """
    if not comparisons:
        return Verdict("Whether this heatmap means anything was not measured.", False)
    on = f"On {pictures} pictures the heatmap"
    if not collapsed:
        return Verdict(f"{on} hardly changed when the network's weights were randomised: it does not show what the model learnt.", False)
    failed = {c.rival for c in comparisons if c.rival in MUST_BEAT and not c.beats}
    if failed:
        rivals = " or ".join(_RIVALS[rival] for rival in MUST_BEAT if rival in failed)
        return Verdict(f"{on} marked what decides the answer no better than {rivals}: don't rely on it.", False)
    edge = [c for c in comparisons if c.rival == EDGE]
    more = " and edges" if edge and all(c.beats for c in edge) else ", but not always better than edges"
    return Verdict(f"{on} marked what the answer depends on better than chance and better than the picture's middle{more}.", True)
