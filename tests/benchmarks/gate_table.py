"""The gate's verdicts by source, as a table."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from medviewer.inference.gate import judge
from medviewer.inference.plausibility import Plausibility
from medviewer.models.manifest import Manifest, read_manifest

Row = dict[str, Any]
BEGIN, END = "<!-- gate: begin -->", "<!-- gate: end -->"
FITTED = frozenset({"tune", "made-tune"})
"""Inputs that the bounds were drawn from or chosen by; the table leaves them out. Real right heads are in both."""


def plausibility(looks: Row) -> Plausibility:
    """What a row of the measures says the gate judged."""
    numbers = {name: {int(key): value for key, value in looks[name].items()} for name in ("volumes_ml", "confidences")}
    centres = {int(key): tuple(value) for key, value in looks["centres_mm"].items()}
    return Plausibility(
        numbers["volumes_ml"], looks["confidence"], looks["component_share"], centres, numbers["confidences"], looks["cut_shares"]
    )


def split_of(row: Row) -> str:
    """Which half of the inputs a row belongs to: things that are no heads are split by their seeds."""
    if row["split"] != "made":
        return str(row["split"])
    return "made-tune" if row["name"].isdigit() and int(row["name"]) % 2 == 0 else "made"


def refused(row: Row, manifest: Manifest) -> str | None:
    """Why a manifest's gate refuses an input; None if it lets it through."""
    if row["looks"] is None:
        return str(row["reason"])
    verdict = judge(manifest.gate, plausibility(row["looks"]), {segment.value: segment.name for segment in manifest.segments})
    return verdict.reason


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927, JASA 22:209)."""
    if not of:
        return 0.0, 1.0
    z, share = 1.959964, count / of
    centre = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, centre - half), min(1.0, centre + half)


def lines(rows: list[Row], manifest: Manifest) -> list[str]:
    """A Markdown table: what should be let through, then what should be refused, by source, with sums."""
    text = ["| input | n | refused | share, 95 % interval |", "| --- | --- | --- | --- |"]
    for right, title in ((True, "**heads, to be let through**"), (False, "**no head, or not enough of one, to be refused**")):
        kinds: dict[str, list[bool]] = defaultdict(list)
        for row in rows:
            if row["right"] is right and split_of(row) not in FITTED:
                kinds[row["source"]].append(refused(row, manifest) is not None)
        text += [_line(source, found) for source, found in sorted(kinds.items())]
        text.append(_line(title, [one for found in kinds.values() for one in found]))
    return text


def _line(source: str, found: list[bool]) -> str:
    low, high = wilson(sum(found), len(found))
    share = f"{100 * sum(found) / len(found):.1f} % ({100 * low:.1f}-{100 * high:.1f})" if found else "-"
    return f"| {source} | {len(found)} | {sum(found)} | {share} |"


def show(rows: list[Row], manifest_path: Path, page: Path | None) -> None:
    """Print the table and what was judged wrongly; with a page, put the table between its marks."""
    manifest = read_manifest(manifest_path)
    table = lines(rows, manifest)
    print("\n".join(table))
    for row in rows:
        reason = refused(row, manifest)
        if (reason is not None) == row["right"] and split_of(row) not in FITTED:
            print(f"wrongly {'refused' if row['right'] else 'let through'}: {row['source']}, {row['name']}: {reason or ''}")
    if page is not None:
        text = page.read_text(encoding="utf-8")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        page.write_text(f"{before}{BEGIN}\n" + "\n".join(table) + f"\n{END}{after}", encoding="utf-8")
