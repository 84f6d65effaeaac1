"""Plots of a card as small SVG files, drawn from the figures alone; no plotting library is needed for bars and dots."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from medviewer.training.validation.figures import Figures, Measured, QuestionFigures

WIDTH = 680
_LEFT, _RIGHT, _ROW, _TOP = 250, 30, 24, 44
_SIZE = 340
_STYLE = (
    "<style>text{font:12px sans-serif;fill:#222}.t{font-size:14px;font-weight:600}.g{stroke:#ddd}.a{stroke:#888}"
    ".m{fill:#2563a8;stroke:#2563a8}.e{fill:#c2571a;stroke:#c2571a}.l{fill:none;stroke:#2563a8;stroke-width:1.5}</style>"
)


def write_plots(figures: Figures, folder: Path) -> list[str]:
    """Write every plot there are figures for; returns the file names."""
    made: dict[str, str] = {}
    if figures.segmentation is not None:
        rows = [(name, s.dice) for name, s in figures.segmentation.structures.items()]
        made["plot-dice.svg"] = dots("Dice by structure, 95 % interval", rows, 0, 1)
    if figures.classification is not None:
        asked = figures.classification.questions
        rows = [(f"{q.name}, {q.source}", q.auc) for q in asked]
        rows += [(f"{s.name} alone, {s.source}", s.auc) for s in figures.classification.shortcuts]
        made["plot-auc.svg"] = dots("AUC, 95 % interval (patients drawn)", rows, 0.5, 1)
        for source in dict.fromkeys(q.source for q in asked):
            first = next(q for q in asked if q.source == source)
            made[f"plot-reliability-{_word(source)}.svg"] = reliability(first)
    if figures.explanation is not None and figures.explanation.rivals:
        rows = [(f"{r.test}, {r.baseline}: {r.rival}", r.better_by) for r in figures.explanation.rivals]
        span = max([abs(x) for _, m in rows for x in (m.low, m.high) if x is not None] + [0.01])
        made["plot-heatmap.svg"] = dots("Heatmap better than its rival by (area), 95 % interval", rows, -span, span)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(made)


def dots(title: str, rows: Sequence[tuple[str, Measured]], low: float, high: float) -> str:
    """A dot with its interval for every row, on an axis from ``low`` to ``high``."""
    height = _TOP + _ROW * len(rows) + 30
    parts = [f'<text class="t" x="10" y="20">{escape(title)}</text>']

    def x_of(value: float) -> float:
        return _LEFT + (min(max(value, low), high) - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    for n in range(6):
        value = low + (high - low) * n / 5
        kind = "a" if value == 0 and low < 0 else "g"
        parts.append(f'<line class="{kind}" x1="{x_of(value):.1f}" x2="{x_of(value):.1f}" y1="{_TOP - 10}" y2="{height - 26}"/>')
        parts.append(f'<text x="{x_of(value):.1f}" y="{height - 10}" text-anchor="middle">{value:.2g}</text>')
    for number, (name, measured) in enumerate(rows):
        y = _TOP + _ROW * number + 4
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        if measured.value is None:
            continue
        if measured.low is not None and measured.high is not None:
            parts.append(
                f'<line class="m" x1="{x_of(measured.low):.1f}" x2="{x_of(measured.high):.1f}" y1="{y}" y2="{y}" stroke-width="2"/>'
            )
        parts.append(f'<circle class="m" cx="{x_of(measured.value):.1f}" cy="{y}" r="4"/>')
    return _svg(WIDTH, height, parts)


def reliability(question: QuestionFigures) -> str:
    """What was said against what was, before (orange) and after (blue) the temperature."""
    left, top, side = 50, 40, _SIZE - 80
    parts = [f'<text class="t" x="10" y="20">{escape(f"{question.name}, {question.source}: said and so")}</text>']

    def at(said: float, was: float) -> tuple[float, float]:
        return left + said * side, top + (1 - was) * side

    for n in range(6):
        x, y = at(n / 5, n / 5)
        parts += [
            f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + side}"/>',
            f'<line class="g" x1="{left}" x2="{left + side}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text x="{x:.1f}" y="{top + side + 16}" text-anchor="middle">{n / 5:.1f}</text>',
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{n / 5:.1f}</text>',
        ]
    parts.append(f'<line class="a" x1="{left}" y1="{top + side}" x2="{left + side}" y2="{top}"/>')
    for kind, calibration in (("e", question.before), ("m", question.after)):
        for b in calibration.bins if calibration is not None else ():
            x, y = at(b.said, b.was)
            parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill-opacity="0.8"/>')
    parts.append(f'<text x="{left + side / 2}" y="{top + side + 34}" text-anchor="middle">probability said (orange: uncalibrated)</text>')
    return _svg(_SIZE, _SIZE, parts)


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return "\n".join([head, _STYLE, f'<rect width="{width}" height="{height}" fill="#fff"/>', *parts, "</svg>"]) + "\n"


def _word(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-").replace("--", "-")
