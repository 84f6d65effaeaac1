"""Siemens mosaics: their slices lie where the scanner put them, in the order it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from support.phantoms import axis_orders, oblique, write_phantom
from support.series import STEP, write_mosaic

from medviewer.core.progress import Progress
from medviewer.core.study import Stack, StackKind
from medviewer.dicom.scan import scan
from medviewer.dicom.thumbnails import thumbnail
from medviewer.dicom.volumes import load_volume

DIRECTIONS = [next(axis_orders()), oblique(), oblique((80, 5, -40))]


def only(path: Path) -> Stack:
    (stack,) = scan([path], Progress()).stacks()
    return stack


@pytest.mark.parametrize("reverse", [False, True], ids=["along", "against"])
@pytest.mark.parametrize("directions", DIRECTIONS, ids=["axial", "oblique", "steep"])
def test_slices_of_a_mosaic_are_a_volume_in_its_place(tmp_path: Path, directions: np.ndarray, reverse: bool) -> None:
    phantom = write_phantom(tmp_path / "slices", directions=directions, spacing_ijk=(1.5, 2.0, 3.0), shape_kji=(11, 24, 20))
    stack = only(write_mosaic(tmp_path / "mosaic", phantom, reverse=reverse))
    assert (stack.kind, stack.rows, stack.columns) == (StackKind.VOLUME, 24, 20)
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(phantom.geometry)
    volume = load_volume(stack, Progress())
    np.testing.assert_array_equal(volume.stored, phantom.volume)
    assert volume.source.frames == (0,) * 11
    assert stack.warnings == ()


def test_mosaics_of_one_series_are_its_time_points(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "slices", shape_kji=(9, 16, 12))
    for number in (1, 2, 3):
        write_mosaic(tmp_path / "mosaic", phantom, number=number, seconds=2.0 * (number - 1), reverse=True)
    stack = only(tmp_path / "mosaic")
    assert stack.kind is StackKind.TIME_SERIES
    assert [point.label for point in stack.times] == ["0.0 s", "2.0 s", "4.0 s"]
    np.testing.assert_array_equal(load_volume(stack.at_time(2), Progress()).stored, phantom.volume + 2 * STEP)
    assert thumbnail(stack).shape == (96, 72)


def test_without_a_csa_header_the_order_of_slices_is_said_to_be_taken(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "slices", shape_kji=(9, 16, 12))
    stack = only(write_mosaic(tmp_path / "mosaic", phantom, csa=False))
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(phantom.geometry)
    assert [notice.code for notice in stack.warnings] == ["mosaic"]
    assert "order" in stack.warnings[0].message


def test_mosaic_without_a_layout_is_shown_as_it_is(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "slices", shape_kji=(9, 16, 12))
    path = write_mosaic(tmp_path / "mosaic", phantom, csa=False)
    ds = pydicom.dcmread(path)
    del ds[0x0019, 0x100A]
    ds.save_as(path)
    stack = only(path)
    assert (stack.kind, stack.rows, stack.columns) == (StackKind.IMAGE, 48, 36)
    assert stack.slices is None  # its position is that of no slice, so it can't be exported as one
    assert [notice.code for notice in stack.warnings] == ["mosaic"]


@pytest.mark.parametrize("damage", [b"SV10\4\3\2\1" + b"\xff" * 200, b"SV10", b"\0" * 64, b""])
def test_damaged_csa_header_costs_only_itself(tmp_path: Path, damage: bytes) -> None:
    phantom = write_phantom(tmp_path / "slices", shape_kji=(9, 16, 12))
    path = write_mosaic(tmp_path / "mosaic", phantom)
    ds = pydicom.dcmread(path)
    ds[0x0029, 0x1010].value = damage
    ds.save_as(path)
    assert only(path).makes_volume
