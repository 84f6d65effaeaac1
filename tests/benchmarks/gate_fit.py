"""Drawing the gate's bounds from measures, and writing them into a manifest.

Each bound is the range of a quantity over the right inputs that may be looked at (heads that tuned the model, and real
ones), widened by `MARGIN` of that range, or to `DEVIATIONS` standard deviations where that is wider. Sizes, sides, ends
of the scan, pieces and the mean confidence are always bounded. Of the bounds on places and on the confidence of single
structures those are taken, one after another, that refuse most of the wrong inputs (of the same heads, and made up) that no bound
before them refuses; what refuses none is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.gate_table import plausibility, split_of

from medviewer.inference.plausibility import ENDS, Plausibility

Row = dict[str, Any]
MARGIN = 0.25
DEVIATIONS = 4.0
ALWAYS = ("confidence", "component", "cut", "volume", "sides")
MOST_POSITIONS = 12
GROUPS = {
    "white matter": ("cerebral white matter",),
    "cortex": ("cerebral cortex",),
    "lateral ventricles": ("lateral ventricle",),
    "thalami": ("thalamus",),
    "basal ganglia": ("basal ganglia", "caudate", "putamen", "pallidum", "accumbens"),
    "hippocampi": ("hippocampus", "amygdala"),
    "cerebellum": ("cerebellar",),
    "brain stem": ("brain stem", "brainstem"),
    "third and fourth ventricle": ("third", "fourth"),
    "outer CSF": ("outer cerebrospinal fluid", "outer csf"),
}
"""What structures are put together, by words of their segments' names."""
PLACED = ("white matter", "cortex", "lateral ventricles", "thalami", "basal ganglia", "hippocampi", "cerebellum", "brain stem")


@dataclass(frozen=True, slots=True)
class Bound:
    """A quantity, between which limits it lies, and how it is written in a manifest."""

    kind: str
    key: tuple[str, ...]
    low: float
    high: float

    def refuses(self, value: float | None) -> bool:
        return value is not None and not self.low <= value <= self.high


def groups_of(manifest_text: str) -> dict[str, tuple[int, ...]]:
    """The label values of each group, and of left and right sides as ``left cerebrum`` and so on."""
    segments = [(int(v), n.lower()) for v, n in re.findall(r"\{value = (\d+),[^}]*?name = \"([^\"]+)\"", manifest_text)]
    found = {group: tuple(v for v, name in segments if any(word in name for word in words)) for group, words in GROUPS.items()}
    found["all"] = tuple(v for v, _ in segments)
    fluids = {*found["lateral ventricles"], *found["third and fourth ventricle"], *found["outer CSF"]}
    found["brain"] = tuple(v for v, _ in segments if v not in fluids)
    for side in ("left", "right"):
        mine = [v for v, name in segments if name.startswith(side) and v not in fluids]
        found[f"{side} cerebellum"] = tuple(v for v in mine if v in found["cerebellum"])
        found[f"{side} cerebrum"] = tuple(v for v in mine if v not in found["cerebellum"])
    return {name: values for name, values in found.items() if values}


def quantities(looks: Plausibility, groups: dict[str, tuple[int, ...]]) -> Iterator[tuple[str, tuple[str, ...], float | None]]:
    """Everything that could be bounded: kind, what of, and its value."""
    yield "confidence", (), looks.confidence
    yield "component", (), looks.component_share
    for end in ENDS:
        yield "cut", (end,), looks.cut_shares[end]
    sizes = {name: sum(looks.volumes_ml.get(v, 0.0) for v in values) for name, values in groups.items()}
    for name in ("all", "brain", "cerebellum", "brain stem"):
        yield "volume", (name,), sizes[name]
    for name in ("cerebrum", "cerebellum"):
        left, right = sizes[f"left {name}"], sizes[f"right {name}"]
        yield "sides", (name,), max(left, right) / max(min(left, right), 1e-3)
    for name in PLACED:
        if name in groups:
            yield "sureness", (name,), _weighted(looks, groups[name])
    there = [(name, _centre(looks, groups[name])) for name in PLACED if name in groups]
    for n, (a, here) in enumerate(there):
        for b, other in there[:n]:
            for axis in range(3):
                yield "position", (a, b, "LPS"[axis]), None if here is None or other is None else here[axis] - other[axis]


def _centre(looks: Plausibility, values: tuple[int, ...]) -> np.ndarray | None:
    weights = [(looks.volumes_ml.get(v, 0.0), looks.centres_mm[v]) for v in values if v in looks.centres_mm]
    total = sum(w for w, _ in weights)
    return sum(w * np.array(c) for w, c in weights) / total if total > 0 else None


def _weighted(looks: Plausibility, values: tuple[int, ...]) -> float | None:
    weights = [(looks.volumes_ml.get(v, 0.0), looks.confidences[v]) for v in values if v in looks.confidences]
    total = sum(w for w, _ in weights)
    return sum(w * c for w, c in weights) / total if total > 0 else None


def choose(rows: list[Row], groups: dict[str, tuple[int, ...]]) -> list[Bound]:
    """The bounds, in the order in which they were found to be worth having."""
    rights = [r for r in rows if r["right"] and split_of(r) in ("tune", "real") and r["looks"]]
    wrongs = [r for r in rows if not r["right"] and split_of(r) in ("tune", "made-tune", "real") and r["looks"]]
    good = [{(k, key): v for k, key, v in quantities(plausibility(r["looks"]), groups)} for r in rights]
    bad = [{(k, key): v for k, key, v in quantities(plausibility(r["looks"]), groups)} for r in wrongs]
    candidates = [bound for name in good[0] if (bound := _range(name, [g[name] for g in good])) is not None]
    chosen = [bound for bound in candidates if bound.kind in ALWAYS]
    candidates = [bound for bound in candidates if bound.kind not in ALWAYS]
    left = [b for b in bad if not any(bound.refuses(b[bound.kind, bound.key]) for bound in chosen)]
    print(f"sizes, sides, ends, pieces and confidence refuse {len(bad) - len(left)} of {len(bad)}")
    while left and candidates:
        score = {bound: sum(bound.refuses(b[bound.kind, bound.key]) for b in left) for bound in candidates}
        best = max(candidates, key=lambda bound: (score[bound], bound.kind == "position"))  # a place gives the better reason
        if score[best] == 0 or (best.kind == "position" and sum(b.kind == "position" for b in chosen) >= MOST_POSITIONS):
            break
        chosen.append(best)
        candidates.remove(best)
        print(f"{best.kind} {' '.join(best.key)}: {best.low:.4g} to {best.high:.4g} refuses {score[best]} of {len(left)} left")
        left = [b for b in left if not best.refuses(b[best.kind, best.key])]
    print(f"{len(left)} of {len(bad)} wrong inputs that the bounds were chosen by are let through; {len(good)} right ones set the ranges")
    return chosen


def _range(name: tuple[str, tuple[str, ...]], values: list[float | None]) -> Bound | None:
    known = np.array([v for v in values if v is not None])
    if known.size < len(values) * 0.9:
        return None
    kind, key = name
    reach = DEVIATIONS * float(known.std())
    margin = MARGIN * float(np.ptp(known))
    low = min(float(known.min()) - margin, float(known.mean()) - reach)
    high = max(float(known.max()) + margin, float(known.mean()) + reach)
    match kind:
        case "confidence":
            return Bound(kind, key, low, 2.0)
        case "sureness":  # of few voxels, and so more variable than heads of two people show
            return Bound(kind, key, min(low, float(known.mean()) - 1.5 * reach), 2.0)
        case "component":
            return Bound(kind, key, min(low, 0.9), 2.0)
        case "cut":
            return Bound(kind, key, -1.0, min(max(high, 0.25), 0.9))
        case "sides":
            return Bound(kind, key, 0.0, max(high, 1.5))  # disease makes sides differ more than the maps do
        case "volume":  # heads of two people show little of how much people differ
            smallest, largest = float(known.min()), float(known.max())
            return Bound(kind, key, min(max(low, 0.5 * smallest), 0.7 * smallest), max(high, 1.5 * largest))
    return Bound(kind, key, low, high)


def gate_text(bounds: list[Bound], groups: dict[str, tuple[int, ...]]) -> str:
    """The ``[gate]`` of a manifest."""
    by_kind: dict[str, list[Bound]] = {}
    for bound in bounds:
        by_kind.setdefault(bound.kind, []).append(bound)
    text = ["[gate]", "# Drawn by tests/benchmarks/gate.py from what it measured; docs/model-authors.md says what each means."]
    text.append("foreground_percent = [3, 98]")
    present = [value for name in ("white matter", "cortex", "cerebellum", "brain stem") for value in groups[name]]
    text.append(f"present = {sorted(present)}")
    if "confidence" in by_kind:
        text.append(f"min_confidence = {by_kind['confidence'][0].low:.3f}")
    if "component" in by_kind:
        text.append(f"min_component_share = {by_kind['component'][0].low:.2f}")
    if "cut" in by_kind:
        ends = ", ".join(f"{bound.key[0]} = {bound.high:.2f}" for bound in by_kind["cut"])
        text.append(f'cut = {{name = "head", {ends}}}')
    text += _array("volumes", [
        f'{{name = "{_VOLUME_NAMES.get(b.key[0], b.key[0] + " volume")}", segments = {list(groups[b.key[0]])}, '
        f"low_ml = {b.low:.4g}, high_ml = {b.high:.4g}}}"
        for b in by_kind.get("volume", [])
    ])  # fmt: skip
    text += _array("sides", [
        f'{{name = "the {b.key[0]}", left = {list(groups["left " + b.key[0]])}, right = {list(groups["right " + b.key[0]])}, '
        f"max_ratio = {max(b.high, 1.05):.2f}}}"
        for b in by_kind.get("sides", [])
    ])  # fmt: skip
    text += _array("confidences", [
        f'{{name = "{b.key[0]}", segments = {list(groups[b.key[0]])}, low = {b.low:.3f}}}' for b in by_kind.get("sureness", [])
    ])  # fmt: skip
    text += _array("positions", [
        f'{{name = "{b.key[0]}", segments = {list(groups[b.key[0]])}, of_name = "{b.key[1]}", of = {list(groups[b.key[1]])}, '
        f'axis = "{b.key[2]}", min_mm = {b.low:.0f}, max_mm = {b.high:.0f}}}'
        for b in by_kind.get("position", [])
    ])  # fmt: skip
    return "\n".join(text) + "\n"


_VOLUME_NAMES = {"all": "intracranial volume", "brain": "brain volume"}


def _array(name: str, items: list[str]) -> list[str]:
    return [f"{name} = [", *(f"    {item}," for item in items), "]"] if items else []


def fit(rows: list[Row], template: Path) -> None:
    """Choose bounds and write the manifest's ``[gate]`` anew; the rest of the file stays."""
    text = template.read_text(encoding="utf-8")
    groups = groups_of(text)
    new = gate_text(choose(rows, groups), groups)
    found = re.search(r"^\[gate\]\n.*?(?=^\[)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{template} has no [gate]"
    template.write_text(text[: found.start()] + new + "\n" + text[found.end() :], encoding="utf-8")
    print(new)
