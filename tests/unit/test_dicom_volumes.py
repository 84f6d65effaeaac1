"""Reading stacks: into one array, wanted slices first, damaged ones named; single images and thumbnails."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import generate_uid
from support.phantoms import LESION_VALUE, oblique, write_phantom

from medviewer.core.errors import Cancelled, CannotDecode, NoVolume
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Stack
from medviewer.core.voi import Window
from medviewer.core.volume import Rescale
from medviewer.dicom import image_file
from medviewer.dicom.description import attributes, readable_name
from medviewer.dicom.frames import ImageReader, read_image
from medviewer.dicom.headers import source_datasets
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.reading_order import NearestFirst
from medviewer.dicom.scan import scan
from medviewer.dicom.sources.files import Archives
from medviewer.dicom.thumbnails import thumbnail
from medviewer.dicom.volumes import VolumeReader, load_volume


def only_stack(folder: Path) -> Stack:
    (stack,) = scan([folder], Progress()).stacks()
    return stack


def test_ct_has_hounsfield_units_and_the_files_window(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, modality="CT")
    volume = load_volume(only_stack(tmp_path), Progress())
    assert volume.stored.dtype == np.int16
    assert volume.rescale == Rescale(1.0, -1024.0, "HU")
    assert volume.windows == ((40.0, 400.0),)
    k = int(np.argwhere(phantom.volume == phantom.volume.max())[0][0])
    assert volume.real_slice(k).max() == LESION_VALUE
    reference = sitk.GetArrayFromImage(sitk.ReadImage(str(phantom.paths[k])))[0]
    np.testing.assert_array_equal(volume.real_slice(k), reference)


def test_volume_knows_its_sources_in_the_order_of_its_slices(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, directions=oblique())
    stack = only_stack(tmp_path)
    source = load_volume(stack, Progress()).source
    assert source.sop_instance_uids == phantom.sop_instance_uids
    assert (source.series_uid, source.modality, source.frames) == (phantom.series_uid, "MR", (0,) * 20)
    datasets = source_datasets(stack)
    assert [ds.SOPInstanceUID for ds in datasets] == list(phantom.sop_instance_uids)
    assert "PixelData" not in datasets[0]


def test_wanted_slice_is_read_next_and_then_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medviewer.dicom.volumes.MOST_THREADS", 1)
    write_phantom(tmp_path)
    reader = VolumeReader(only_stack(tmp_path))
    reader.wants(17)
    order: list[int] = []
    reader.read(Progress(), order.append)
    assert order[0] == 17
    assert set(order[:5]) == {15, 16, 17, 18, 19}
    assert sorted(order) == list(range(20))
    assert reader.loaded.all()


def test_array_is_filled_in_place_in_several_threads(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    reader = VolumeReader(only_stack(tmp_path))
    array = reader.volume.stored
    assert not array.any()
    here = threading.get_ident()
    reader.read(Progress(), lambda k: None if threading.get_ident() == here and reader.loaded[k] else pytest.fail("not in this thread"))
    assert reader.volume.stored is array
    np.testing.assert_array_equal(array, phantom.volume)


def test_slice_that_cannot_be_decoded_is_skipped_at_the_smallest_value(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, modality="CT")
    stack = only_stack(tmp_path)
    content = phantom.paths[6].read_bytes()
    phantom.paths[6].write_bytes(content[: -phantom.volume[6].nbytes])
    phantom.paths[9].unlink()
    reader = VolumeReader(stack)
    volume = reader.read(Progress())
    assert {skipped.file.path for skipped in reader.skipped} == {phantom.paths[6], phantom.paths[9]}
    assert list(np.flatnonzero(~reader.loaded)) == sorted(reader.failures) == [6, 9]
    assert (volume.stored[[6, 9]] == phantom.volume.min()).all()
    np.testing.assert_array_equal(np.delete(volume.stored, [6, 9], 0), np.delete(phantom.volume, [6, 9], 0))


def test_slice_of_which_rows_are_missing_is_shown_as_far_as_it_goes_and_named(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, modality="CT")
    content = phantom.paths[6].read_bytes()
    phantom.paths[6].write_bytes(content[: -10 * 40 * 2 - 6])  # ten rows and three pixels
    stack = only_stack(tmp_path)
    assert "truncated-pixels" in {notice.code for notice in stack.warnings}
    reader = VolumeReader(stack)
    volume = reader.read(Progress())
    assert reader.failures == {6: "only 37 of its 48 rows are in the file"}
    assert reader.loaded.all()
    assert reader.done == 20
    np.testing.assert_array_equal(volume.stored[6, :37], phantom.volume[6, :37])
    assert (volume.stored[6, 37:] == phantom.volume[6, :37].min()).all()
    image = read_image(stack.images[6])
    np.testing.assert_array_equal(image.pixels, volume.stored[6])
    assert image.missing == "only 37 of its 48 rows are in the file"
    with ImageFile(stack.images[6].file, Archives()) as file, pytest.raises(CannotDecode, match="ends 806 bytes too early"):
        file.stored(1)


def test_pixels_are_never_taken_from_what_follows_them(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(1, 16, 12))
    ds = pydicom.dcmread(phantom.paths[0])
    ds.PixelData = ds.PixelData[: 5 * 24]
    ds.add_new(0xFFFCFFFC, "OB", b"\x7f" * 1000)
    ds.save_as(phantom.paths[0])
    image = read_image(ImageRef(FileLocation(phantom.paths[0]), ""))
    assert image.missing == "only 5 of its 16 rows are in the file"
    assert image.pixels.max() == phantom.volume[0, :5].max()


@pytest.mark.parametrize("multiframe", [False, True])
def test_a_file_of_many_images_is_opened_and_its_header_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, multiframe: bool
) -> None:
    phantom = write_phantom(tmp_path, multiframe=multiframe)
    stack = only_stack(tmp_path)
    read: list[object] = []
    original = image_file.read_header
    monkeypatch.setattr(image_file, "read_header", lambda *given: (read.append(1), original(*given))[1])
    np.testing.assert_array_equal(VolumeReader(stack).read(Progress()).stored, phantom.volume)
    assert len(read) == (1 if multiframe else 20)
    read.clear()
    with ImageReader() as reader:
        for ref, expected in zip(stack.images, phantom.volume, strict=True):
            np.testing.assert_array_equal(reader.read(ref).pixels, expected)
    assert len(read) == (1 if multiframe else 20)


def test_nearest_comes_first_whatever_is_wanted_in_between() -> None:
    order = NearestFirst(10, 5)
    assert [order.take() for _ in range(3)] == [5, 4, 6]
    order.wants(9)
    assert [order.take() for _ in range(3)] == [9, 8, 7]
    order.wants(0)
    assert [order.take() for _ in range(5)] == [0, 1, 2, 3, None]


def test_stack_of_which_nothing_can_be_decoded_makes_no_volume(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    stack = only_stack(tmp_path)
    for path in phantom.paths:
        path.unlink()
    with pytest.raises(NoVolume, match="none of its slices"):
        load_volume(stack, Progress())


def test_reading_can_be_cancelled_and_taken_up_again(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    reader = VolumeReader(only_stack(tmp_path))
    progress = Progress()
    with pytest.raises(Cancelled):
        reader.read(progress, lambda k: progress.cancel())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode-")]
    reader.read(Progress())
    np.testing.assert_array_equal(reader.volume.stored, phantom.volume)


def test_stack_with_a_gap_is_no_volume(tmp_path: Path) -> None:
    write_phantom(tmp_path, missing={4})
    with pytest.raises(NoVolume, match="slice 5 is missing"):
        VolumeReader(only_stack(tmp_path))


def test_rescale_that_differs_from_slice_to_slice_is_kept_for_each(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, modality="CT", shape_kji=(5, 16, 12))
    for k, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        ds.Modality, ds.Units, ds.RescaleIntercept, ds.RescaleSlope = "PT", "BQML", "0", str(1 + k / 4)
        del ds.RescaleType
        ds.save_as(path)
    volume = load_volume(only_stack(tmp_path), Progress())
    assert volume.slice_rescales == tuple(Rescale(1 + k / 4, 0.0, "BQML") for k in range(5))
    np.testing.assert_allclose(volume.real_slice(3), phantom.volume[3] * 1.75)


def test_image_says_what_it_is_and_where(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, modality="CT", directions=oblique(), spacing_ijk=(0.7, 1.3, 2.0))
    stack = only_stack(tmp_path)
    image = read_image(stack.images[4])
    np.testing.assert_array_equal(image.pixels, phantom.volume[4])
    assert image.spacing_mm == (1.3, 0.7)
    assert image.geometry is not None
    assert image.geometry.shape_kji == (1, 48, 40)
    ijk = [[0, 0, 0], [39, 0, 0], [0, 47, 0]]
    np.testing.assert_allclose(image.geometry.to_lps(ijk), phantom.geometry.to_lps(np.add(ijk, [0, 0, 4])), atol=1e-6)


def test_frame_of_an_enhanced_file_has_its_own_place(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, multiframe=True)
    stack = only_stack(tmp_path)
    for k in (0, 7, 19):
        image = read_image(stack.images[k])
        np.testing.assert_array_equal(image.pixels, phantom.volume[k])
        assert image.geometry is not None
        np.testing.assert_allclose(image.geometry.origin_lps, phantom.geometry.to_lps([[0, 0, k]])[0], atol=1e-6)


def write_projection(path: Path, pixels: np.ndarray, **attributes: object) -> Path:
    phantom = write_phantom(path.parent / "source", shape_kji=(1, 8, 8))
    ds = pydicom.dcmread(phantom.paths[0])
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "WindowCenter", "WindowWidth", "RescaleSlope"):
        if keyword in ds:
            delattr(ds, keyword)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    ds.Modality, ds.SOPInstanceUID = "CR", generate_uid()
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated = ds.BitsStored = pixels.dtype.itemsize * 8
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, 0
    ds.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    ds.PixelData = pixels.tobytes()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    ds.save_as(path)
    return path


def read_one(path: Path) -> Stack:
    (stack,) = scan([path], Progress()).stacks()
    return stack


def test_monochrome1_is_inverted_in_words_and_not_in_values(tmp_path: Path) -> None:
    pixels = np.tile(np.arange(64, dtype=np.uint16) * 100, (32, 1))
    path = write_projection(tmp_path / "cr.dcm", pixels, PhotometricInterpretation="MONOCHROME1", ImagerPixelSpacing=["0.2", "0.1"])
    image = read_image(ImageRef(FileLocation(path), ""))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.inverted
    assert image.geometry is None
    assert image.spacing_mm == (0.2, 0.1)
    picture = thumbnail(read_one(path), 64)
    assert picture.shape == (64, 64)  # 32 rows of 0.2 mm are as tall as 64 columns of 0.1 mm are wide
    assert picture[:, 0].mean() > picture[:, -1].mean()


def test_colour_image_is_rgb_and_no_volume(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = write_projection(tmp_path / "rgb.dcm", pixels, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    np.testing.assert_array_equal(read_image(ImageRef(FileLocation(path), "")).pixels, pixels)
    assert read_one(path).why_not == "colour images are shown as they are"
    assert thumbnail(read_one(path)).shape == (64, 96, 3)


def test_palette_becomes_rgb_as_in_pydicom(tmp_path: Path) -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8) % 16
    tables = {name: np.random.default_rng(n).integers(0, 65536, 16).astype("<u2") for n, name in enumerate(("Red", "Green", "Blue"))}
    path = write_projection(tmp_path / "palette.dcm", pixels, PhotometricInterpretation="PALETTE COLOR")
    ds = pydicom.dcmread(path)
    for name, table in tables.items():
        ds.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [16, 0, 16])
        ds.add_new(f"{name}PaletteColorLookupTableData", "OW", table.tobytes())
    ds.save_as(path)
    expected = pydicom.pixels.apply_color_lut(pixels, pydicom.dcmread(path)) >> 8
    np.testing.assert_array_equal(read_image(ImageRef(FileLocation(path), "")).pixels, expected)


def test_voi_table_is_given_and_its_range_stands_in_for_a_window(tmp_path: Path) -> None:
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) * 20
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [256, 100, 12])
    item.add_new("LUTData", "OW", np.sqrt(np.arange(256) * 255).astype("<u2").tobytes())
    path = write_projection(tmp_path / "voi.dcm", pixels, PhotometricInterpretation="MONOCHROME2", VOILUTSequence=[item])
    image = read_image(ImageRef(FileLocation(path), ""))
    assert image.windows == ((228.0, 256.0),)
    np.testing.assert_array_equal(image.voi[0].apply(pixels), pydicom.pixels.apply_voi(pixels, pydicom.dcmread(path)))


def test_modality_table_is_applied(tmp_path: Path) -> None:
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [64, 0, 16])
    item.add_new("LUTData", "OW", (np.arange(64)[::-1] * 7).astype("<u2").tobytes())
    item.ModalityLUTType = "US"
    path = write_projection(tmp_path / "modality.dcm", pixels, PhotometricInterpretation="MONOCHROME2", ModalityLUTSequence=[item])
    expected = pydicom.pixels.apply_modality_lut(pixels, pydicom.dcmread(path))
    np.testing.assert_array_equal(read_image(ImageRef(FileLocation(path), "")).pixels, expected)


def test_thumbnail_of_a_report_says_that_there_is_no_image(tmp_path: Path) -> None:
    path = write_projection(tmp_path / "sr.dcm", np.zeros((4, 4), np.uint8), PhotometricInterpretation="MONOCHROME2")
    ds = pydicom.dcmread(path)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    del ds.PixelData
    ds.save_as(path)
    stack = read_one(path)
    assert stack.kind.value == "report"
    with pytest.raises(CannotDecode, match="there is no image in it"):
        thumbnail(stack)


def test_corner_text_has_the_files_words(tmp_path: Path) -> None:
    write_phantom(tmp_path)
    found = attributes(only_stack(tmp_path))
    assert (found.patient_name, found.patient_id, found.repetition_time, found.echo_time) == ("Phantom Lopsided", "PHANTOM", "1900", "2.97")
    assert (found.kvp, found.slice_thickness, found.institution) == ("", "2", "test")


@pytest.mark.parametrize(
    ("name", "readable"), [("Doe^Jane^^Dr", "Doe Jane Dr"), ("=山田^太郎", "山田 太郎"), ("", ""), ("Yamada^T=山田^太郎", "Yamada T")]
)
def test_person_names_are_readable(name: str, readable: str) -> None:
    assert readable_name(name) == readable


def test_a_volume_keeps_the_values_that_a_modality_table_makes_and_the_files_voi(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(4, 16, 12))
    table = (np.arange(1200, dtype=np.uint16) * 3 + 5).astype("<u2")
    for path in phantom.paths:
        ds = pydicom.dcmread(path)
        item = pydicom.Dataset()
        item.add_new("LUTDescriptor", "SS", [len(table), 0, 16])
        item.add_new("LUTData", "OW", table.tobytes())
        item.ModalityLUTType = "HU"
        ds.ModalityLUTSequence = [item]
        ds.WindowCenterWidthExplanation, ds.VOILUTFunction = "SOFT", "SIGMOID"
        ds.add_new("PixelPaddingValue", "SS", -5)
        ds.add_new("PixelPaddingRangeLimit", "SS", -9)
        ds.save_as(path)
    volume = load_volume(only_stack(tmp_path), Progress())
    assert volume.rescale == Rescale(1, 0, "HU")
    assert volume.padding_range == (-9, -5)
    assert [(voi.name, voi.function) for voi in volume.voi if isinstance(voi, Window)] == [("SOFT", "SIGMOID")]
    for k, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        np.testing.assert_array_equal(volume.stored[k], pydicom.pixels.apply_modality_lut(ds.pixel_array, ds))
