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
    x0, x1 = (min(xs), max(xs)) if xs else (0.0, 1.0)
    y0, y1 = _padded(min(ys), max(ys)) if ys else (0.0, 1.0)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x0) / (x1 - x0) if x1 > x0 else 0.0
        up = (y - y0) / (y1 - y0)
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), top + HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)

    parts = []
    for n in range(5):
        value = y0 + (y1 - y0) * n / 4
        y = place(x0, value)[1]
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{value:.3g}</text>')
    for n in range(5):
        value = x0 + (x1 - x0) * n / 4
        x = place(value, y0)[0]
        parts.append(f'<text x="{x:.1f}" y="{top + HEIGHT - _BOTTOM + 16}" text-anchor="middle" fill="#444444">{value:.4g}</text>')
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


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = 0.05 * (high - low) or 0.5 * (abs(high) or 1.0)
    return low - margin, high + margin
