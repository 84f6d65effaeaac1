"""Contours on planes, against areas and lengths that are known by formula."""

from __future__ import annotations

import numpy as np
import pytest

from medviewer.core.overlay import Contour, ContourKind, Roi
from medviewer.imaging.contour_planes import RoiSections, Section
from medviewer.imaging.reslice import PlaneFrame

CLOSED = ContourKind.CLOSED_PLANAR


def roi(*contours: np.ndarray, kind: ContourKind = CLOSED, thickness: float = 3.0) -> RoiSections:
    return RoiSections(Roi(1, "a", (255, 0, 0), tuple(Contour(kind, points) for points in contours), "", thickness))


def circle(radius: float, z: float, centre: tuple[float, float] = (20.0, 30.0), count: int = 720) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn), np.full(count, z)])


def axial(z: float, spacing: float = 0.5) -> PlaneFrame:
    return PlaneFrame((200, 200), np.array([0, 0, z]), np.array([spacing, 0, 0]), np.array([0, spacing, 0]))


def sagittal(x: float) -> PlaneFrame:
    return PlaneFrame((200, 200), np.array([x, 0, 60.0]), np.array([0, 0.5, 0]), np.array([0, 0, -0.5]))


def area(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def test_a_contour_is_drawn_where_it_lies_to_the_pixel() -> None:
    (ring,) = roi(circle(10, 6)).on(axial(6), 3.0).rings
    assert np.allclose(np.linalg.norm(ring * 0.5 - [20, 30], axis=1), 10)


@pytest.mark.parametrize(("z", "seen"), [(6.0, 1), (7.4, 1), (4.6, 1), (7.6, 0), (4.4, 0)])
def test_a_contour_is_seen_within_half_its_slab(z: float, seen: int) -> None:
    assert len(roi(circle(10, 6)).on(axial(z), 1.0).rings) == seen


def test_of_two_contours_only_the_nearer_is_drawn() -> None:
    sections = roi(circle(10, 6), circle(4, 9))
    (ring,) = sections.on(axial(7.0), 3.0).rings
    assert np.allclose(np.linalg.norm(ring * 0.5 - [20, 30], axis=1), 10)
    assert len(sections.on(axial(7.5), 3.0).rings) == 1


@pytest.mark.parametrize("offset", [0.0, 3.0, -7.5])
def test_a_plane_across_cuts_chords_of_the_right_length_and_thickness(offset: float) -> None:
    section = roi(*(circle(10, z) for z in (0, 3, 6))).on(sagittal(20 + offset), 0.5)
    chord = 2 * np.sqrt(100 - offset**2)
    assert len(section.slabs) == 3
    for slab in section.slabs:
        assert area(slab) * 0.25 == pytest.approx(chord * 3, rel=1e-3)
    heights = sorted(float(60 - slab[:, 1].mean() * 0.5) for slab in section.slabs)
    assert heights == pytest.approx([0, 3, 6], abs=1e-6)
    assert section.rings == []


def test_a_hole_stays_a_hole_in_the_cut() -> None:
    section = roi(circle(10, 0), circle(4, 0), kind=ContourKind.CLOSED_PLANAR_XOR).on(sagittal(20), 0.5)
    spans = sorted((float(s[:, 0].min() * 0.5), float(s[:, 0].max() * 0.5)) for s in section.slabs)
    assert np.allclose(spans, [(20, 26), (34, 40)], atol=1e-3)


def test_a_keyhole_is_cut_as_the_ring_it_stands_for() -> None:
    outer, inner = circle(10, 0), circle(4, 0)[::-1]
    keyhole = np.vstack([outer, outer[:1], inner, inner[:1]])
    section = roi(keyhole).on(sagittal(21), 0.5)
    total = sum(area(slab) for slab in section.slabs) * 0.25
    assert total == pytest.approx(3 * 2 * (np.sqrt(99) - np.sqrt(15)), rel=1e-2)


def test_an_oblique_plane_cuts_an_ellipse_out_of_a_stack_of_circles() -> None:
    sections = roi(*(circle(10, z) for z in np.arange(-30, 33, 1.0)), thickness=1.0)
    angle = np.radians(40)
    down = np.array([0, np.cos(angle), np.sin(angle)])
    frame = PlaneFrame((400, 400), np.array([0, 30, 0.0]) - 40 * down, np.array([0.2, 0, 0]), 0.2 * down)
    section = sections.on(frame, 0.5)
    total = sum(area(slab) for slab in section.slabs) * 0.04
    assert total == pytest.approx(np.pi * 10 * 10 / np.cos(angle), rel=2e-2)


def test_points_and_open_lines() -> None:
    point = roi(np.array([[20.0, 30, 6]]), kind=ContourKind.POINT).on(axial(6), 3.0)
    assert np.allclose(point.points[0], [[40, 60]])
    assert roi(np.array([[20.0, 30, 6]]), kind=ContourKind.POINT).on(axial(12), 3.0).is_empty
    line = roi(circle(5, 6)[:10], kind=ContourKind.OPEN_PLANAR).on(axial(6), 3.0)
    assert len(line.lines) == 1
    assert Section().is_empty


def test_the_outline_of_touching_slabs_is_closed_and_has_no_line_inside() -> None:
    section = roi(*(circle(radius, z) for z, radius in ((0, 10), (3, 8), (6, 10), (20, 5)))).on(sagittal(20), 0.5)
    ends: dict[tuple[float, float], int] = {}
    for edge in section.edges:
        for point in edge:
            key = round(float(point[0]), 2), round(float(point[1]), 2)
            ends[key] = ends.get(key, 0) + 1
    assert set(ends.values()) == {2}  # every corner joins two pieces
    across = sum(abs(edge[0, 0] - edge[1, 0]) for edge in section.edges) * 0.5
    assert across == pytest.approx(20 + 4 + 4 + 20 + 2 * 10, rel=1e-3)  # bottom, two steps, top, and the slab apart twice


def test_unevenly_spaced_contours_share_what_lies_between_and_leave_real_gaps_open() -> None:
    section = roi(*(circle(10, z) for z in (0, 3, 7, 10, 13, 30)), thickness=3.0).on(sagittal(20), 0.5)
    borders = sorted((round(60 - s[:, 1].max() * 0.5, 3), round(60 - s[:, 1].min() * 0.5, 3)) for s in section.slabs)
    assert borders == [(-1.5, 1.5), (1.5, 5.0), (5.0, 8.5), (8.5, 11.5), (11.5, 14.5), (28.5, 31.5)]
