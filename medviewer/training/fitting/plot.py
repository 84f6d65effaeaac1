"""The live plot of a run, as SVG: any browser shows it, and reloading shows how far it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 34, 40


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line of points (x, y) in a colour; points that aren't numbers are left out."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]


def svg_of_curves(title: str, x_title: str, panels: Sequence[Sequence[Curve]]) -> str:
    """Panels below each other, each with its curves on one scale."""
    height = HEIGHT * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<title>{escape(title)}</title><rect width="100%" height="100%" fill="#ffffff"/>',
        *(_panel(curves, HEIGHT * n, x_title) for n, curves in enumerate(panels)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _panel(curves: Sequence[Curve], top: int, x_title: str) -> str:
    known = [[(x, y) for x, y in curve.points if math.isfinite(y)] for curve in curves]
    xs, ys = [x for points in known for x, _ in points], [y for points in known for _, y in points]
    x_ticks, y_ticks = _ticks(xs or [0.0, 1.0]), _ticks(ys or [0.0, 1.0])
    x0, x1, y0, y1 = x_ticks[0], x_ticks[-1], y_ticks[0], y_ticks[-1]

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), top + HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)

    parts = []
    for value in y_ticks:
        y = place(x0, value)[1]
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{value:.6g}</text>')
    for value in x_ticks:
        x = place(value, y0)[0]
        parts.append(f'<text x="{x:.1f}" y="{top + HEIGHT - _BOTTOM + 16}" text-anchor="middle" fill="#444444">{value:.6g}</text>')
    parts.append(f'<text x="{WIDTH / 2:.0f}" y="{top + HEIGHT - 8}" text-anchor="middle" fill="#444444">{escape(x_title)}</text>')
    legend = _LEFT
    for curve, points in zip(curves, known, strict=True):
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{curve.colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{curve.colour}"/>' for x, y in (place(*point) for point in points)]
        parts.append(f'<rect x="{legend}" y="{top + 12}" width="14" height="4" fill="{curve.colour}"/>')
        parts.append(f'<text x="{legend + 20}" y="{top + 18}" fill="#222222">{escape(curve.name)}</text>')
        legend += 40 + 7 * len(curve.name)
    return "\n".join(parts)


def _ticks(values: Sequence[float]) -> list[float]:
    """From three to seven round numbers, 1, 2 or 5 times a power of ten apart, that enclose the values."""
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) <= 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, max(last, first + 1) + 1)]
