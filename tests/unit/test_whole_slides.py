"""Tiles of one image are put together as highdicom's own total pixel matrix has them."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from support.images import write_image

from medviewer.app.jobs import Jobs
from medviewer.app.overlays import read_overlay
from medviewer.app.whole_slide import WholeSlide, stack_images
from medviewer.core.overlay import OverlayKind
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Stack
from medviewer.dicom.frames import DecodedImage
from medviewer.dicom.header import read_header
from medviewer.dicom.scan import scan
from medviewer.dicom.tile_matrix import tile_matrix
from medviewer.gui.viewports.object_planes import over_tiles

ROWS, COLUMNS, TILE = 20, 27, 8
WHOLE = np.random.default_rng(5).integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)


def tiles() -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Row by row, those at the edges filled up with white."""
    places = [(row, column) for row in range(0, ROWS, TILE) for column in range(0, COLUMNS, TILE)]
    cut = np.full((len(places), TILE, TILE, 3), 255, np.uint8)
    for tile, (row, column) in zip(cut, places, strict=True):
        part = WHOLE[row : row + TILE, column : column + TILE]
        tile[: part.shape[0], : part.shape[1]] = part
    return cut, places


def slide(path: Path, cut: np.ndarray, places: list[tuple[int, int]] | None, *, rows: int = ROWS) -> Stack:
    """With places: sparse, in an order of its own; without: full."""
    write_image(path, cut, Modality="SM")
    ds = pydicom.dcmread(path)
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = COLUMNS, rows
    if places is None:
        ds.DimensionOrganizationType = "TILED_FULL"
    else:
        ds.PerFrameFunctionalGroupsSequence = []
        for row, column in places:
            place, groups = Dataset(), Dataset()
            place.RowPositionInTotalImagePixelMatrix, place.ColumnPositionInTotalImagePixelMatrix = row + 1, column + 1
            groups.PlanePositionSlideSequence = [place]
            ds.PerFrameFunctionalGroupsSequence.append(groups)
        ds.SharedFunctionalGroupsSequence = [Dataset()]
    ds.save_as(path)
    (stack,) = scan([path], Progress()).stacks()
    return stack


def shown(stack: Stack) -> DecodedImage | None:
    """The first image, once decoded."""
    there = threading.Event()
    with closing(Jobs()) as jobs:
        found = stack_images(stack, jobs, lambda _: there.set())
        found.want(0)
        assert there.wait(20)
        return found.image(0)


@pytest.mark.parametrize("full", [True, False])
def test_tiles_make_the_image_they_are_of(tmp_path, full):
    cut, places = tiles()
    if not full:
        order = np.random.default_rng(1).permutation(len(cut))
        cut, places = cut[order], [places[n] for n in order]
    stack = slide(tmp_path / "slide.dcm", cut, None if full else places)
    assert [notice.code for notice in stack.warnings] == ["tiles-together"]
    np.testing.assert_array_equal(shown(stack).pixels, WHOLE)


def test_layers_at_the_same_places_stay_tiles(tmp_path):
    cut, places = tiles()
    stack = slide(tmp_path / "layers.dcm", np.concatenate([cut, cut]), places + places)
    assert [notice.code for notice in stack.warnings] == ["tiles"]
    with closing(Jobs()) as jobs:
        assert not isinstance(stack_images(stack, jobs, lambda _: None), WholeSlide)
    assert "tiles" in [notice.code for notice in slide(tmp_path / "full.dcm", np.concatenate([cut, cut]), None).warnings]


def test_a_slide_too_large_to_hold_stays_tiles(tmp_path):
    cut, places = tiles()
    stack = slide(tmp_path / "large.dcm", cut, places, rows=10_000_000)
    assert [notice.code for notice in stack.warnings] == ["tiles"]


def test_a_real_slide_is_what_highdicom_makes_of_it(test_data: Path):
    import highdicom as hd

    path = test_data / "dicom/breadth/segmentation-and-microscopy/sm_image.dcm"
    wanted = hd.imread(path).get_total_pixel_matrix(dtype=np.uint8)
    (stack,) = scan([path], Progress()).stacks()
    np.testing.assert_array_equal(shown(stack).pixels, wanted)


def test_a_segmentation_of_tiles_lies_on_the_slide_where_highdicom_puts_it(test_data: Path):
    import highdicom as hd

    folder = test_data / "dicom/breadth/segmentation-and-microscopy"
    segmentation = read_overlay(OverlayKind.SEGMENTATION, FileLocation(folder / "seg_image_sm_control_labelmap.dcm"), Progress())
    (stack,) = scan([folder / "sm_image.dcm"], Progress()).stacks()
    matrix = tile_matrix(read_header_of(folder / "sm_image.dcm"), len(stack.images))
    tiles = tuple(zip(sorted(stack.images, key=lambda ref: ref.frame), matrix.places, strict=True))
    found = np.zeros((matrix.rows, matrix.columns), np.uint16)
    for layer in segmentation.layers:
        found = np.maximum(found, over_tiles(layer, tiles, found.shape))
    wanted = hd.seg.segread(folder / "seg_image_sm_control_labelmap.dcm").get_total_pixel_matrix(combine_segments=True)
    np.testing.assert_array_equal(found, wanted)


def read_header_of(path: Path):
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size).elements
