"""Presentation states, read and applied: greys against a published picture, places against numpy and the standard's words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from support.overlay_objects import dataset, headers_of, reference_to, write_presentation
from support.phantoms import Phantom, write_phantom

from medviewer.core.graphics import Shape, Units, outline
from medviewer.core.presentation import DisplayedArea, PresentationState
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.core.voi import LookUpTable, VoiFunction, Window, grey8
from medviewer.dicom.objects.presentation import read_presentation, table_of
from medviewer.imaging.arrangement import Arrangement, presented_voi
from medviewer.imaging.reslice import PlaneFrame


@pytest.fixture
def phantom(tmp_path: Path) -> Phantom:
    return write_phantom(tmp_path / "study", shape_kji=(5, 12, 10))


def read(path: Path) -> PresentationState:
    return read_presentation(FileLocation(path), Progress())


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("area", [None, DisplayedArea(2, 1, 7, 11), DisplayedArea(-2, 3, 5, 15)])
def test_pixels_points_and_places_are_arranged_alike(turns: int, mirrored: bool, area: DisplayedArea | None) -> None:
    image = np.arange(12 * 10).reshape(12, 10)
    frame = PlaneFrame((12, 10), np.array([5.0, 6, 7]), np.array([0.5, 0.1, 0]), np.array([-0.1, 0.5, 0.2]))
    arrangement = Arrangement.of((12, 10), area, 90 * turns, mirrored)
    arranged, placed = arrangement.array(image, -1), arrangement.frame(frame)
    assert placed.shape == arranged.shape
    for row in range(12):
        for column in range(10):
            x, y = arrangement.points(np.array([[column + 0.5, row + 0.5]]))[0] - 0.5
            if 0 <= x < arranged.shape[1] and 0 <= y < arranged.shape[0]:
                assert arranged[round(y), round(x)] == image[row, column]
                assert np.allclose(placed.to_lps(y, x), frame.to_lps(row, column))


def test_rotation_is_clockwise_and_the_flip_comes_after_it() -> None:
    image = np.array([[1, 2, 3], [4, 5, 6]])
    assert Arrangement.of((2, 3), None, 90, False).array(image).tolist() == [[4, 1], [5, 2], [6, 3]]
    assert Arrangement.of((2, 3), None, 90, True).array(image).tolist() == [[1, 4], [2, 5], [3, 6]]
    assert Arrangement.of((2, 3), None, 0, False).changes_nothing


def test_an_area_beside_the_image_shows_the_image() -> None:
    assert Arrangement.of((12, 10), DisplayedArea(50, 50, 60, 60), 0, False).changes_nothing


def test_what_the_state_says_is_read(phantom: Phantom, tmp_path: Path) -> None:
    source = headers_of(phantom)[2]
    path = write_presentation(
        tmp_path / "pr.dcm",
        phantom,
        [2, 3],
        RescaleSlope="2",
        RescaleIntercept="-5",
        SoftcopyVOILUTSequence=[
            dataset(WindowCenter="40", WindowWidth="80", ReferencedImageSequence=[reference_to(source)]),
            dataset(WindowCenter="10", WindowWidth="20", VOILUTFunction="SIGMOID"),
        ],
        PresentationLUTShape="INVERSE",
        ImageRotation=90,
        ImageHorizontalFlip="Y",
        DisplayedAreaSelectionSequence=[
            dataset(
                DisplayedAreaTopLeftHandCorner=[3, 9],
                DisplayedAreaBottomRightHandCorner=[8, 2],
                PresentationSizeMode="TRUE SIZE",
                PresentationPixelAspectRatio=[4, 3],
            )
        ],
    )
    state = read(path)
    two, three = ((headers_of(phantom)[k].SOPInstanceUID, 1) for k in (2, 3))
    assert state.is_for(two)
    assert not state.is_for((headers_of(phantom)[0].SOPInstanceUID, 1))
    assert state.voi_for(two) == Window(40, 80)
    assert state.voi_for(three) == Window(10, 20, VoiFunction.SIGMOID)
    assert (state.inverted, state.rotation_deg, state.flipped) == (True, 90, True)
    area = state.area_for(two)
    assert area is not None
    assert (area.left, area.top, area.right, area.bottom) == (2, 1, 8, 9)
    assert area.aspect == pytest.approx(4 / 3)
    assert area.mode == "TRUE SIZE"


def test_drawings_and_texts_are_read_by_layer(phantom: Phantom, tmp_path: Path) -> None:
    square = dataset(
        GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=3, GraphicData=[1.0, 1.0, 5.0, 1.0, 5.0, 5.0],
        GraphicType="POLYLINE", GraphicFilled="Y",
    )  # fmt: skip
    bad = dataset(GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=1, GraphicData=[1.0], GraphicType="POINT")
    words = dataset(
        UnformattedTextValue="one\r\ntwo", AnchorPoint=[3.0, 4.0], AnchorPointAnnotationUnits="DISPLAY", AnchorPointVisibility="Y"
    )
    state = read(
        write_presentation(
            tmp_path / "pr.dcm",
            phantom,
            [2],
            GraphicLayerSequence=[
                dataset(GraphicLayer="TOP", GraphicLayerOrder=2, GraphicLayerRecommendedDisplayCIELabValue=[34885, 53485, 50171]),
                dataset(GraphicLayer="LOW", GraphicLayerOrder=1),
            ],
            GraphicAnnotationSequence=[
                dataset(GraphicLayer="TOP", GraphicObjectSequence=[square, bad]),
                dataset(GraphicLayer="LOW", TextObjectSequence=[words]),
            ],
        )
    )
    low, top = state.graphics
    assert (low.shape, low.text, low.anchor, low.anchor_units) == (Shape.TEXT, ("one", "two"), (3.0, 4.0), Units.DISPLAY)
    assert (top.shape, top.filled) == (Shape.POLYLINE, True)
    assert max(abs(a - b) for a, b in zip(top.colour, (255, 0, 0), strict=True)) <= 3
    assert any("1 of its drawings" in remark for remark in state.remarks)
    assert {member.name for member in state.members()} == {"TOP", "LOW"}


def test_a_presentation_table_comes_after_the_window() -> None:
    inverse = LookUpTable(0, np.arange(255, -1, -1).astype(np.uint16), 8)
    state = PresentationState("", frozenset(), table=inverse)
    values = np.arange(-200, 300).reshape(20, 25)
    both = presented_voi(state, Window(40, 200), -200, 299)
    plain = grey8(values, Window(40, 200))
    assert np.abs(grey8(values, both).astype(int) - (255 - plain.astype(int))).max() <= 1


def test_tables_of_eight_bits_may_be_packed_two_in_a_word() -> None:
    packed = np.arange(256, dtype=np.uint8).view("<u2").tolist()
    assert table_of(dataset(LUTDescriptor=[256, 0, 8], LUTData=packed)).table.tolist() == list(range(256))


def test_circles_ellipses_and_curves_pass_through_their_points() -> None:
    circle = outline(Shape.CIRCLE, np.array([[5.0, 5], [8, 5]]))
    assert np.allclose(np.linalg.norm(circle - 5, axis=1), 3)
    ends = np.array([[0.0, 0], [6, 6], [2, 4], [4, 2]])
    ellipse = outline(Shape.ELLIPSE, ends)
    for point in ends:
        assert np.linalg.norm(ellipse - point, axis=1).min() < 0.01
    curve = outline(Shape.INTERPOLATED, ends)
    for point in ends:
        assert np.linalg.norm(curve - point, axis=1).min() < 1e-9


def test_the_published_picture_comes_out(test_data: Path) -> None:
    from medviewer.core.study import ImageRef
    from medviewer.dicom.frames import read_image
    from medviewer.gui.viewports.presented_images import presented_grey
    from medviewer.gui.viewports.source import Picture

    folder = test_data / "dicom/breadth/luts-overlays-presentation"
    uid = str(dcmread(folder / "imageForPrLUTs.dcm").SOPInstanceUID)
    image = read_image(ImageRef(FileLocation(folder / "imageForPrLUTs.dcm"), uid))
    state = read(folder / "prLUTs.dcm")
    picture = presented_grey(Picture(image.pixels, image.rescale, None, (1, 1)), image, state, (uid, 1))
    assert picture.voi is not None
    expected = np.array(Image.open(folder / "expected_imgForPrLUT.png").convert("L")).astype(int)
    assert np.abs(grey8(picture.pixels, picture.voi, inverted=picture.inverted) - expected).max() <= 1
