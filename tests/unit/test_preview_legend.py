"""The legend of a preview has a row for each structure, however many there are."""

from __future__ import annotations

from PIL import Image, ImageDraw

from medviewer.app.preview_legend import draw_legend, legend_height, legend_rows
from medviewer.core.codes import Code
from medviewer.core.segmentation import Segment

CODE = Code("1", "99TEST", "x")


def segment(value, name, side=None):
    return Segment(value, name, CODE, (value, 100, 200), CODE, side)


def test_sides_share_a_row_in_the_order_of_the_picture_and_what_was_not_found_has_none():
    segments = [segment(1, "left thalamus", "left"), segment(2, "right thalamus", "right"), segment(3, "brain stem"), segment(4, "cyst")]
    segments += [segment(5, "left hippocampus", "left"), segment(6, "aorta", "left")]
    rows = legend_rows({s.value: s for s in segments}, {1: 8.64, 2: 10.2, 3: 1234.0, 4: 0.0, 5: 4.0, 6: 3.0})
    assert [(row.name, row.volume) for row in rows] == [
        ("Thalamus", "R 10   L 8.6 mL"),
        ("Brain stem", "1,234 mL"),
        ("Hippocampus", "L 4.0 mL"),
        ("Aorta", "3.0 mL"),
    ]
    assert rows[0].colours == ((2, 100, 200), (1, 100, 200))


def test_rows_do_not_touch_and_long_names_do_not_run_into_their_volumes(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        ImageDraw.ImageDraw,
        "text",
        lambda draw, at, text, **wishes: drawn.append(draw.textbbox(at, text, font=wishes["font"], anchor=wishes["anchor"])),
    )
    many = {n: segment(n, f"left structure with a name that is far too long for its row, {n}", "left") for n in range(1, 61)}
    rows = legend_rows(many, dict.fromkeys(many, 12.0))
    draw_legend(ImageDraw.Draw(Image.new("RGB", (500, 2000))), rows, (0, 0), (380, 460))
    assert len(drawn) == 120
    for n, (left, top, right, bottom) in enumerate(drawn):
        assert 0 <= left < right <= 380
        assert bottom <= legend_height(rows)
        for left_2, top_2, right_2, bottom_2 in drawn[n + 1 :]:
            assert right <= left_2 or right_2 <= left or bottom <= top_2 or bottom_2 <= top
