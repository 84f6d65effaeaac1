"""Every transfer syntax over depths, signs, colours and odd sizes: against the truth, and against a second decoder.

The judges: SimpleITK (GDCM with its own builds of libjpeg, CharLS and OpenJPEG), Pillow, pydicom's own RLE, and OpenJPEG for
HTJ2K that OpenJPH encoded. JPEG XL has libjxl alone, and nobody else here reads deflated frames: there the truth is the judge.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import imagecodecs
import jpeg_ls
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels import convert_color_space
from support import jpeg_lossless
from support.compressed import rle, write_compressed

from medviewer.core.study import FileLocation
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.table import decompress
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.sources.files import Archives

Array = NDArray[np.generic]
JPEG = "1.2.840.10008.1.2.4."
SHAPE = (19, 23)
DEPTHS = [(8, 8), (8, 7), (16, 12), (16, 16), (16, 9)]


@dataclass(frozen=True)
class Case:
    """What is encoded and how. ``judged`` : whether SimpleITK can and should agree."""

    name: str
    syntax: str
    form: PixelForm
    truth: Array
    encode: Callable[[Array], bytes]
    judged: bool = True
    tolerance: int = 0

    def __str__(self) -> str:
        return self.name


def form_of(allocated: int, stored: int, *, signed: bool = False, samples: int = 1, photometric: str = "") -> PixelForm:
    photometric = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    return PixelForm(*SHAPE, samples, allocated, stored, stored - 1, signed, photometric=photometric)


def noise(form: PixelForm) -> Array:
    """All values there can be, at random; a smooth ramp underneath would hide little."""
    low, high = (-(1 << form.stored - 1), 1 << form.stored - 1) if form.signed else (0, 1 << form.stored)
    return np.random.default_rng(form.stored).integers(low, high, form.shape, np.int64).astype(form.dtype)


def bits(values: Array, precision: int) -> Array:
    """Two's complement in so many bits, as codecs that know no sign carry it."""
    return (values.astype(np.int64) & ((1 << precision) - 1)).astype(np.uint8 if precision <= 8 else np.uint16)


def grey_forms() -> Iterator[tuple[str, PixelForm]]:
    for (allocated, stored), signed in itertools.product(DEPTHS, (False, True)):
        yield f"{'s' if signed else 'u'}{stored} in {allocated}", form_of(allocated, stored, signed=signed)


def deflate(values: Array) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(values.astype(values.dtype.newbyteorder("<")).tobytes()) + packer.flush()


def grey_cases() -> Iterator[Case]:
    for what, form in grey_forms():
        stored, truth = form.stored, noise(form)
        for predictor in range(1, 8):
            number = "70" if predictor == 1 else "57"
            yield Case(
                f"JPEG lossless predictor {predictor} {what}",
                JPEG + number,
                form,
                truth,
                lambda v, p=predictor, s=stored: jpeg_lossless.encode(bits(v, s), s, predictor=p),
            )
        yield Case(
            f"JPEG lossless with restarts {what}",
            JPEG + "70",
            form,
            truth,
            lambda v, s=stored: jpeg_lossless.encode(bits(v, s), s, restart_rows=4),
            judged=False,  # GDCM refuses restarts in lossless JPEG
        )
        yield Case(f"JPEG-LS {what}", JPEG + "80", form, truth, lambda v, s=stored: imagecodecs.jpegls_encode(bits(v, s)))
        yield Case(f"RLE {what}", "1.2.840.10008.1.2.5", form, truth, rle)
        yield Case(
            f"RLE with garbage in unused bits {what}",
            "1.2.840.10008.1.2.5",
            form,
            truth,
            lambda v, f=form: rle((v.astype(np.int64) ^ (0x5555 << f.stored)).astype(f"u{f.allocated // 8}")),
        )
        yield Case(f"deflated {what}", "1.2.840.10008.1.2.8.1", form, truth, deflate, judged=False)
        for sign in (False, True):
            yield Case(
                f"JPEG 2000, {'signed' if sign else 'unsigned'} codestream {what}",
                JPEG + "90",
                form,
                truth,
                lambda v, s=stored, g=sign: jpeg_2000(v, s, signed=g),
                judged=sign == form.signed,
            )
        yield Case(
            f"JPEG XL {what}",
            JPEG + "110",
            form,
            truth,
            lambda v, s=stored: imagecodecs.jpegxl_encode(bits(v, s), lossless=True),
            judged=False,
        )
        if stored in (8, 16):
            yield Case(f"HTJ2K {what}", JPEG + "201", form, truth, lambda v: imagecodecs.htj2k_encode(v, reversible=True))


def jpeg_2000(values: Array, precision: int, *, signed: bool, **options: object) -> bytes:
    """A codestream with a sign of its own; the values are those of the header's sign in its bits."""
    patterns = bits(values, precision).astype(np.int64)
    if signed:
        patterns = np.where(patterns >> (precision - 1), patterns - (1 << precision), patterns)
    kind = f"{'i' if signed else 'u'}{1 if precision <= 8 else 2}"
    return bytes(
        imagecodecs.jpeg2k_encode(patterns.astype(kind), level=0, codecformat="j2k", reversible=True, bitspersample=precision, **options)
    )


def colour_cases() -> Iterator[Case]:
    for allocated in (8, 16):
        form = form_of(allocated, allocated, samples=3)
        truth = noise(form)
        for tables in (1, 2):
            yield Case(
                f"JPEG lossless RGB {allocated} {tables} tables",
                JPEG + "57",
                form,
                truth,
                lambda v, b=allocated, t=tables: jpeg_lossless.encode(v, b, tables=t),
            )
        for mode in (0, 1, 2):
            yield Case(
                f"JPEG-LS RGB {allocated} interleave {mode}", JPEG + "80", form, truth, lambda v, m=mode, f=form: jpeg_ls_colour(v, f, m)
            )
        yield Case(f"RLE RGB {allocated}", "1.2.840.10008.1.2.5", form, truth, rle, judged=allocated == 8)
        for mct in (False, True):
            label = replace(form, photometric="YBR_RCT") if mct else form
            yield Case(
                f"JPEG 2000 {label.photometric} {allocated}",
                JPEG + "90",
                label,
                truth,
                lambda v, b=allocated, m=mct: jpeg_2000(v, b, signed=False, mct=m),
            )
        yield Case(
            f"HTJ2K RGB {allocated}",
            JPEG + "201",
            form,
            truth,
            lambda v: imagecodecs.htj2k_encode(v, reversible=True, rgb=True),
            judged=False,
        )
        yield Case(
            f"JPEG XL RGB {allocated}", JPEG + "110", form, truth, lambda v: imagecodecs.jpegxl_encode(v, lossless=True), judged=False
        )
        yield Case(f"deflated RGB {allocated}", "1.2.840.10008.1.2.8.1", form, truth, deflate, judged=False)
        planar = replace(form, planar=True)
        yield Case(
            f"deflated RGB by plane {allocated}",
            "1.2.840.10008.1.2.8.1",
            planar,
            truth,
            lambda v: deflate(np.ascontiguousarray(np.moveaxis(v, -1, 0))),
            judged=False,
        )
    ybr = form_of(8, 8, samples=3, photometric="YBR_FULL")
    raw = noise(ybr)
    rgb = convert_color_space(raw, "YBR_FULL", "RGB")
    for name, number, encode in (
        ("JPEG lossless", "57", lambda v: jpeg_lossless.encode(v, 8)),
        ("JPEG-LS", "80", lambda v: jpeg_ls_colour(v, ybr, 2)),
        ("JPEG 2000", "90", lambda v: jpeg_2000(v, 8, signed=False, mct=False)),
    ):
        yield Case(f"{name} YBR_FULL", JPEG + number, ybr, rgb, lambda _, e=encode: e(raw), judged=False)
    yield Case("RLE YBR_FULL", "1.2.840.10008.1.2.5", ybr, rgb, lambda _: rle(raw), judged=False)


def jpeg_ls_colour(values: Array, form: PixelForm, mode: int) -> bytes:
    source = np.ascontiguousarray(np.moveaxis(values, -1, 0) if mode == 0 else values)
    return bytes(jpeg_ls.encode_buffer(source.tobytes(), form.rows, form.columns, 3, form.stored, 0, mode))


def deep_cases() -> Iterator[Case]:
    for stored in (20, 24):
        form = form_of(32, stored)
        truth = noise(form)
        yield Case(f"RLE {stored} bits", "1.2.840.10008.1.2.5", form, truth, rle, judged=False)
        yield Case(
            f"JPEG 2000 {stored} bits",
            JPEG + "90",
            form,
            truth,
            lambda v, s=stored: imagecodecs.jpeg2k_encode(v, level=0, codecformat="j2k", reversible=True, bitspersample=s),
            judged=False,
        )
    form = form_of(32, 32, signed=True)
    yield Case("RLE s32", "1.2.840.10008.1.2.5", form, noise(form), rle, judged=False)
    form = PixelForm(*SHAPE, 1, 1, 1, 0)
    truth = np.random.default_rng(1).integers(0, 2, SHAPE, np.uint8)
    packed = np.packbits(truth.reshape(-1), bitorder="little")
    yield Case("RLE 1 bit", "1.2.840.10008.1.2.5", form, truth, lambda _: rle(packed.reshape(1, -1)), judged=False)
    yield Case("deflated 1 bit", "1.2.840.10008.1.2.8.1", form, truth, lambda _: deflate(packed), judged=False)


CASES = [*grey_cases(), *colour_cases(), *deep_cases()]


def judge(path: Path, form: PixelForm) -> Array:
    return np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(str(path)))).reshape(form.shape)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_decoder_gives_the_stored_values(case: Case, tmp_path: Path) -> None:
    data = bytes(case.encode(case.truth))
    values = decompress(data, case.form, case.syntax)
    assert values.dtype == case.form.dtype
    np.testing.assert_array_equal(values, case.truth)
    if case.judged and not (case.form.allocated == 8 and case.form.stored < 8):  # GDCM refuses 7 bits in 8
        path = write_compressed(tmp_path / "image.dcm", [[data]], case.form, case.syntax)
        np.testing.assert_array_equal(judge(path, case.form), values)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.name.startswith("RLE ") and case.form.photometric != "YBR_FULL" and case.form.allocated > 1],
    ids=str,
)
def test_rle_is_what_pydicom_reads(case: Case, tmp_path: Path) -> None:
    import pydicom

    path = write_compressed(tmp_path / "image.dcm", [[case.encode(case.truth)]], case.form, case.syntax)
    np.testing.assert_array_equal(decompress(case.encode(case.truth), case.form, case.syntax), pydicom.dcmread(path).pixel_array)


@pytest.mark.parametrize("case", [case for case in CASES if case.name.startswith("HTJ2K")], ids=str)
def test_htj2k_is_what_openjpeg_reads(case: Case) -> None:
    data = case.encode(case.truth)
    np.testing.assert_array_equal(decompress(data, case.form, case.syntax), imagecodecs.jpeg2k_decode(data))


SMOOTH = (np.add.outer(np.arange(64) * 3, np.arange(80)) % 256).astype(np.uint8)


def picture() -> NDArray[np.uint8]:
    """Colours without edges: chroma subsampling and inverse transforms differ by a level at most there."""
    row, column = np.mgrid[:64, :80]
    return np.stack([row * 3, column * 2 + 60, 200 - row - column], -1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("stored", "number"),
    [(8, "50"), (8, "51"), (12, "51"), (12, "53"), (12, "55"), (8, "81"), (12, "81"), (8, "91"), (12, "91"), (12, "203")],
)
def test_lossy_grey_is_within_one_of_a_second_decoder(stored: int, number: str, tmp_path: Path) -> None:
    form = PixelForm(64, 80, 1, 8 if stored == 8 else 16, stored, stored - 1)
    image = (SMOOTH.astype(np.uint16) << (stored - 8)).astype(form.dtype)
    if number in ("50", "51", "53", "55"):
        data = imagecodecs.jpeg8_encode(image, level=90, bitspersample=stored)
    elif number == "81":
        data = imagecodecs.jpegls_encode(image, level=2)
    elif number == "203":
        data = imagecodecs.htj2k_encode(image, level=0.001, reversible=False)
    else:
        data = imagecodecs.jpeg2k_encode(image, level=45, codecformat="j2k", reversible=False, bitspersample=stored)
    values = decompress(bytes(data), form, JPEG + number)
    path = write_compressed(tmp_path / "image.dcm", [[bytes(data)]], form, JPEG + number)
    assert np.abs(values.astype(int) - judge(path, form).astype(int)).max() <= 1
    assert np.abs(values.astype(int) - image.astype(int)).mean() < 1 << (stored - 5)


MARKERS = {
    "none": b"",
    "JFIF": b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
    "Adobe, YCbCr": b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01",
    "Adobe, RGB": b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00",
}


def without_markers(data: bytes) -> bytes:
    """The JPEG without application segments."""
    kept, at = data[:2], 2
    while data[at + 1] & 0xF0 == 0xE0:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return kept + data[at:]


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
@pytest.mark.parametrize("label", ["YBR_FULL", "YBR_FULL_422", "RGB"])
@pytest.mark.parametrize("marker", MARKERS)
def test_jpeg_colour_follows_the_jpeg_and_then_the_label(subsampling: str, label: str, marker: str) -> None:
    inside = "RGB" if marker == "Adobe, RGB" or (marker == "none" and label == "RGB") else "YCBCR"
    truth = picture()
    data = imagecodecs.jpeg8_encode(truth, level=95, colorspace="RGB", outcolorspace=inside, subsampling=subsampling)
    data = without_markers(bytes(data))
    data = data[:2] + MARKERS[marker] + data[2:]
    form = PixelForm(64, 80, 3, 8, 8, 7, photometric=label)
    values = decompress(data, form, JPEG + "50")
    assert np.abs(values.astype(int) - truth).mean() < 2.5
    # Pillow takes the colours from the markers too, but guesses YCbCr where there is none.
    if marker != "none" or label != "RGB":
        pillow = np.asarray(Image.open(BytesIO(data)).convert("RGB"))
        assert np.abs(values.astype(int) - pillow).max() <= 1


def test_components_named_rgb_are_rgb() -> None:
    truth = picture()
    data = without_markers(bytes(imagecodecs.jpeg8_encode(truth, level=95, colorspace="RGB", outcolorspace="RGB")))
    for before, name in zip((1, 2, 3), b"RGB", strict=True):
        data = data.replace(bytes([before, 0x11, 0]), bytes([name, 0x11, 0]), 1)
    scan = data.index(b"\xff\xda")
    tail = data[scan:].replace(b"\x03\x01", b"\x03R", 1).replace(b"R\x00\x02\x00\x03\x00", b"R\x00G\x00B\x00", 1)
    values = decompress(data[:scan] + tail, PixelForm(64, 80, 3, 8, 8, 7, photometric="YBR_FULL"), JPEG + "50")
    assert np.abs(values.astype(int) - truth).mean() < 2.5


def test_jpeg_2000_in_a_jp2_file_is_read_and_its_size_checked() -> None:
    form = form_of(16, 16)
    truth = noise(form)
    data = bytes(imagecodecs.jpeg2k_encode(truth, level=0, codecformat="jp2", reversible=True))
    np.testing.assert_array_equal(decompress(data, form, JPEG + "90"), truth)
    with pytest.raises(Exception, match="19 x 23 where the header says 20 x 23"):
        decompress(data, replace(form, rows=20), JPEG + "90")


def test_planes_and_fragments_come_through_the_file(tmp_path: Path) -> None:
    form = form_of(8, 8, samples=3)
    truth = noise(form)
    data = rle(truth)
    path = write_compressed(tmp_path / "image.dcm", [[data]], form, "1.2.840.10008.1.2.5")
    with Archives() as archives, ImageFile(FileLocation(path), archives) as file:
        np.testing.assert_array_equal(file.stored(1), truth)
    np.testing.assert_array_equal(judge(path, form), truth)
