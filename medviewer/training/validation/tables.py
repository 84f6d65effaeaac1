"""The tables of a validation, made from its figures: printed by the command line and set into the card, the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medviewer.training.validation.figures import ClassificationFigures, ExplanationFigures, Figures, Measured, SegmentationFigures

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column heads and rows of text; ``note`` is a sentence below."""

    title: str
    head: Row
    rows: tuple[Row, ...]
    note: str = ""

    def as_text(self) -> str:
        """For a terminal: columns as wide as they need to be, numbers to the right."""
        widths = [max(len(row[n]) for row in (self.head, *self.rows)) for n in range(len(self.head))]
        lines = [self.title, "-" * len(self.title)]
        for row in (self.head, *self.rows):
            cells = [cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths, strict=True))]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([*lines, *([self.note] if self.note else [])]) + "\n"

    def as_markdown(self) -> str:
        """For the card."""
        lines = [_marked(self.head), _marked(("---",) + ("---:",) * (len(self.head) - 1)), *map(_marked, self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines, *(["", self.note] if self.note else [])]) + "\n"


def _marked(row: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def shown(measured: Measured | None, digits: int = 3, sign: str = "") -> str:
    """``0.912 (0.881-0.940)``; a dash for what wasn't measured."""
    if measured is None or measured.value is None:
        return "-"
    value = f"{measured.value:{sign}.{digits}f}"
    if measured.low is None or measured.high is None:
        return value
    to = " to " if sign or measured.low < 0 else "-"
    return f"{value} ({measured.low:{sign}.{digits}f}{to}{measured.high:{sign}.{digits}f})"


def plain(value: float | None, digits: int = 3) -> str:
    """A number without an interval."""
    return "-" if value is None else f"{value:.{digits}f}"


def tables_of(figures: Figures) -> list[Table]:
    """Every table there is something to say in, in the order of the card."""
    found: list[Table] = []
    if figures.segmentation is not None:
        found += of_segmentation(figures.segmentation)
    if figures.classification is not None:
        found += _of_classification(figures.classification)
    if figures.explanation is not None:
        found += _of_explanation(figures.explanation)
    return found


def of_segmentation(found: SegmentationFigures) -> list[Table]:
    """Of a model that labels voxels."""
    head = ("structure", "n", "missed", "Dice", "surface Dice 1 mm", "surface Dice 2 mm", "HD95 mm", "volume bias mL", "volume bias %")
    rows = tuple(
        (
            name,
            str(s.images),
            str(s.missed),
            shown(s.dice),
            shown(s.surface_dice_1mm),
            shown(s.surface_dice_2mm),
            shown(s.hd95_mm, 1),
            shown(s.volume_bias_ml, 1, "+"),
            shown(s.volume_bias_percent, 0, "+"),
        )
        for name, s in found.structures.items()
    )
    note = f"{found.grid} Mean Dice {shown(found.mean_dice)}."
    if found.side_errors.value is not None:
        note += f" On the wrong side: {100 * found.side_errors.value:.2f} % of voxels whose structure is right."
    tables = [Table("Structures", head, rows, note)]
    contrasts = list(found.mean_dice_by_contrast)
    if contrasts:
        by = [(name, *(shown(s.dice_by_contrast.get(c)) for c in contrasts)) for name, s in found.structures.items() if s.dice_by_contrast]
        by.append(("mean", *(shown(found.mean_dice_by_contrast[c]) for c in contrasts)))
        tables.append(Table("Dice by contrast", ("structure", *contrasts), tuple(by)))
    tables += _by_slices(found)
    if found.volume_intervals:
        tables.append(_intervals(found))
    extra = []
    if found.uncertainty_auc is not None:
        extra.append(("uncertainty tells wrong voxels from right ones (AUC)", shown(found.uncertainty_auc)))
    if found.flip_dice is not None:
        extra.append(("answers to an image and to its mirror image (Dice)", shown(found.flip_dice)))
    refused = sum(case.refused is not None for case in found.cases)
    if refused:
        extra.append(("images refused by the model's gate", f"{refused} of {len(found.cases)}"))
    if extra:
        tables.append(Table("Uncertainty", ("what", "value"), tuple(extra)))
    return tables


def _by_slices(found: SegmentationFigures) -> list[Table]:
    """One row a class of slice distance, the finest first: what a reader with thin or thick slices may expect. None for one class."""
    groups: dict[str, list[float]] = {}
    for case in found.cases:
        if case.slices and case.mean_dice is not None and case.refused is None:
            groups.setdefault(case.slices, []).append(case.mean_dice)
    if len(groups) < 2:
        return []
    names = sorted(groups, key=lambda name: ([int(n) for n in re.findall(r"(\d+) mm", name)], name.startswith("over")))
    rows = tuple((n, str(len(g)), plain(sum(g) / len(g)), plain(min(g)), plain(max(g))) for n in names for g in [groups[n]])
    return [Table("Dice by distance of slices", ("slices or voxels apart", "images", "mean", "lowest", "highest"), rows)]


def _intervals(found: SegmentationFigures) -> Table:
    """One row a group, one column a class of slice distance."""
    classes = list(dict.fromkeys(v.resolution for v in found.volume_intervals))
    rows: dict[str, dict[str, str]] = {}
    for v in found.volume_intervals:
        held = f" (held {100 * v.coverage:.0f} % of {v.coverage_images})" if v.coverage is not None else ""
        rows.setdefault(v.structure, {})[v.resolution] = f"±{100 * v.half:.0f} %{held}" if v.half is not None else f"too few ({v.images})"
    wanted = found.volume_intervals[0].wanted
    note = f"Set to hold for {100 * wanted:.0f} % of images like those that set them; held: counted on images of other people."
    cells = tuple((name, *(row.get(kind, "-") for kind in classes)) for name, row in rows.items())
    return Table("Volume intervals", ("structure", *classes), cells, note)


def _of_classification(found: ClassificationFigures) -> list[Table]:
    rows: tuple[Row, ...]
    head: Row = ("question", "source", "images", "patients", "yes", "AUC (patients drawn)", "AUC (DeLong)")
    rows = tuple(
        (q.name, q.source, str(q.images), str(q.patients), str(q.positives), shown(q.auc), shown(q.auc_delong)) for q in found.questions
    )
    tables = [Table("Discrimination", head, rows, found.drop or "")]
    at = [q for q in found.questions if q.threshold is not None]
    if at:
        head = ("question", "source", "threshold", "sensitivity", "specificity", "PPV", "accuracy")
        rows = tuple(
            (q.name, q.source, plain(q.threshold, 2), shown(q.sensitivity), shown(q.specificity), shown(q.ppv), shown(q.accuracy))
            for q in at
        )
        tables.append(Table("At the threshold", head, rows, "PPV is that at the prevalence of these pictures, which is no ward's."))
    tables.append(_calibration(found))
    if found.shortcuts:
        rows = tuple((s.name, s.source, shown(s.auc), s.fitted_on) for s in found.shortcuts)
        tables.append(Table("What shape and border give away", ("baseline", "source", "AUC", "fitted on"), rows))
    if found.masks:
        rows = tuple((m.source, str(m.images), shown(m.dice), shown(m.surface_dice_2px), shown(m.surface_dice_4px)) for m in found.masks)
        note = "Both lungs together, on the model's grid; pixels of that grid."
        tables.append(Table("Lung masks", ("source", "images", "Dice", "surface Dice 2 px", "surface Dice 4 px"), rows, note))
    if found.gate:
        rows = tuple((g.source, "refuse" if g.wanted else "let through", str(g.images), shown(g.refused)) for g in found.gate)
        tables.append(Table("Input gate", ("source", "should", "images", "share refused"), rows))
    return tables


def _calibration(found: ClassificationFigures) -> Table:
    rows = []
    for q in found.questions:
        if q.after is not None:
            before = (plain(q.before.ece), plain(q.before.brier)) if q.before is not None else ("-", "-")
            rows.append((q.name, q.source, *before, plain(q.after.ece), plain(q.after.brier), plain(q.flip_difference)))
    head = ("question", "source", "ECE before", "Brier before", "ECE", "Brier", "change when mirrored")
    return Table("Calibration", head, tuple(rows), "Before: without the temperature. ECE over 15 bins of equally many pictures.")


def _of_explanation(found: ExplanationFigures) -> list[Table]:
    rows: tuple[Row, ...] = tuple(
        (r.rival, r.test, r.baseline, plain(r.heatmap_area), plain(r.rival_area), shown(r.better_by, 3, "+")) for r in found.rivals
    )
    tables = []
    if rows:
        head = ("rival", "test", "baseline", "heatmap", "rival's", "better by")
        tables.append(Table("Heatmap against maps that know nothing of the model", head, rows, _about_rivals(found)))
    if found.randomised:
        rows = tuple((f"{100 * r.share:.0f} %", shown(r.rank_correlation, 2), shown(r.ssim, 2)) for r in found.randomised)
        note = "It collapses: the map shows what was learnt." if found.collapsed else "It does not collapse: the map shows the picture."
        tables.append(Table("Heatmap after weights were randomised from the top", ("weights", "rank correlation", "SSIM"), rows, note))
    if found.energy_inside is not None:
        row = (str(found.pictures), shown(found.energy_inside), shown(found.lung_share))
        tables.append(Table("Where the heatmap lies", ("pictures", "energy inside the lungs", "lungs' share of the picture"), (row,)))
    return tables


def _about_rivals(found: ExplanationFigures) -> str:
    if found.grain is None:
        return found.verdict
    return (
        f"The heatmap's patches are {shown(found.grain, 2)} of the picture's side broad, and so are those of the rivals of the same grain. "
        "The two finer ones are here to show what fineness alone does, and decide nothing.\n\n" + found.verdict
    )
