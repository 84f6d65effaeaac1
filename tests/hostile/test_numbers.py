"""Numbers that no scanner writes: nothing overflows, and what can't be is left out and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from support.phantoms import write_phantom

from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef
from medviewer.dicom.display.shutter import shutter_of
from medviewer.dicom.element_values import Elements
from medviewer.dicom.frames import read_image
from medviewer.dicom.mosaic import mosaic_of
from medviewer.dicom.placement import frame_facts
from medviewer.dicom.scan import scan
from medviewer.dicom.thumbnails import thumbnail


def changed(path: Path, keyword: str, text: str) -> None:
    """Write a value as it stands, whatever pydicom thinks of it."""
    ds: Dataset = pydicom.dcmread(path)
    element = ds[keyword]
    mark = "\\".join("7" * 12 for _ in range(text.count("\\") + 1))
    element.value = mark.split("\\") if "\\" in mark else mark
    ds.save_as(path)
    content = path.read_bytes()
    assert content.count(mark.encode()) == 1
    path.write_bytes(content.replace(mark.encode(), text.encode().ljust(len(mark))))


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("ImagePositionPatient", r"1e308\-1e308\1e300"),
        ("ImagePositionPatient", r"0\0\1e16"),
        ("PixelSpacing", r"1e-320\1e-320"),
        ("PixelSpacing", r"1e308\1e308"),
        ("PixelSpacing", r"1\1e200"),
        ("SliceThickness", "1e-320"),
        ("SliceThickness", "1e308"),
        ("ImageOrientationPatient", r"1e300\0\0\0\1\0"),
    ],
)
def test_absurd_placement_is_left_out_and_the_images_open(tmp_path: Path, keyword: str, text: str) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(5, 12, 12))
    changed(phantom.paths[2], keyword, text)
    found = scan([tmp_path], Progress())
    assert not found.refused
    for stack in found.stacks():
        assert thumbnail(stack).size
        for image in stack.images:
            decoded = read_image(image)
            assert decoded.geometry is None or np.isfinite(decoded.geometry.index_to_lps).all()
            assert decoded.spacing_mm is None or (np.isfinite(decoded.spacing_mm).all() and min(decoded.spacing_mm) > 0)


def test_position_beyond_belief_is_named_as_a_bad_value(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(1, 12, 12))
    changed(phantom.paths[0], "ImagePositionPatient", r"0\0\1e16")
    (stack,) = scan([tmp_path], Progress()).stacks()
    assert [notice.code for notice in stack.warnings] == ["bad-value"]
    assert "(0020,0032)" in stack.warnings[0].message


def test_slice_as_thin_as_a_microscopes_is_placed(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(1, 12, 12))
    changed(phantom.paths[0], "PixelSpacing", r"0.00025\0.00025")
    image = read_image(ImageRef(FileLocation(phantom.paths[0]), phantom.sop_instance_uids[0]))
    assert image.geometry is not None
    assert image.geometry.spacing_ijk == pytest.approx((0.00025, 0.00025, 2))


def test_axes_in_one_plane_are_no_geometry_at_any_scale() -> None:
    flat = np.array([[1, 1, 2, 0], [0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]], np.float64)
    for scale in (1e-4, 1, 1e4):
        matrix = flat.copy()
        matrix[:3, :3] *= scale
        with pytest.raises(ValueError, match="invertible"):
            Geometry((2, 2, 2), matrix)


def elements(**values: bytes) -> Elements:
    found = Elements()
    found.values = {pydicom.datadict.tag_for_keyword(keyword): value for keyword, value in values.items()}
    return found


def test_shutter_with_corners_a_million_miles_away_takes_no_memory_for_the_way() -> None:
    vertices = rb"1\1\999999999999\1\999999999999\999999999999\1\1e300"
    shutter = shutter_of(elements(ShutterShape=b"POLYGONAL", VerticesOfThePolygonalShutter=vertices), 1, (20, 30), None)
    assert shutter is not None
    assert shutter.open.shape == (20, 30)
    assert shutter.open[5:, 5:].all()


def test_mosaic_of_as_many_slices_as_pixels_is_no_mosaic() -> None:
    header = elements(
        ImagePositionPatient=rb"0\0\0",
        ImageOrientationPatient=rb"1\0\0\0\1\0",
        PixelSpacing=rb"1\1",
        SliceThickness=b"2",
    )
    (facts,) = frame_facts(header, 1)
    header.values[0x00290010] = b"SIEMENS CSA HEADER"
    for count, slices in ((b"4", 4), (b"900000000", None), (b"-5", None), (b"0", None)):
        name = b"NumberOfImagesInMosaic".ljust(64, b"\0")
        head = b"SV10\4\3\2\1" + (1).to_bytes(4, "little") + (77).to_bytes(4, "little")
        item = b"".join(n.to_bytes(4, "little") for n in (len(count), len(count), 77, 0)) + count.ljust(12, b"\0")
        header.values[0x00291010] = (
            head + name + (1).to_bytes(4, "little") + b"US\0\0" + bytes(4) + (1).to_bytes(4, "little") + bytes(4) + item
        )
        mosaic = mosaic_of(header, 30000, 30000, facts)
        assert (len(mosaic.tiles) if mosaic else None) == slices


def test_a_signalling_nan_among_float_pixels_is_empty_like_any_other(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(1, 12, 12))
    ds: Dataset = pydicom.dcmread(phantom.paths[0])
    values = np.linspace(0, 100, 144, dtype="<f4")
    values[:4] = np.array([0x7FA00001, 0x7F800000, 0xFF800000, 0x7FC00000], "<u4").view("<f4")
    del ds.PixelData, ds.PixelRepresentation, ds.BitsStored, ds.HighBit
    ds.BitsAllocated, ds.FloatPixelData = 32, values.tobytes()
    ds.save_as(phantom.paths[0])
    (stack,) = scan([tmp_path], Progress()).stacks()
    picture = thumbnail(stack, 12)
    assert picture[0, 0] == picture[0, 3] == 0
    assert picture[-1, -1] > picture[1, 0]


def test_a_thousand_columns_are_refused_in_a_sentence_of_ordinary_length(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(1, 12, 12))
    ds: Dataset = pydicom.dcmread(phantom.paths[0])
    ds.Columns = list(range(1000))
    ds.save_as(phantom.paths[0])
    (refused,) = scan([tmp_path], Progress()).refused
    assert refused.reason == "Rows is 12 and Columns is a list of 1000 numbers, so its image has no size"


@pytest.mark.timeout(30)  # a set of all frames, made once a frame, took minutes
def test_a_nuclear_image_that_claims_very_many_frames_ends_all_the_same(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(1, 12, 12))
    ds: Dataset = pydicom.dcmread(phantom.paths[0])
    ds.Modality, ds.NumberOfFrames, ds.Rows, ds.Columns = "NM", 100_000, 1, 1
    ds.ImageType = ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]
    ds.EnergyWindowVector = [1 + n % 30_000 for n in range(100_000)]
    ds.PixelData = bytes(2 * 100_000)
    ds.save_as(phantom.paths[0])
    found = scan([tmp_path], Progress())
    assert sum(len(stack.images) for stack in found.stacks()) == 100_000
