"""Decoders: every one proves itself, agrees with pydicom's encoders, and refuses what isn't an image."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from support.phantoms import Phantom, write_phantom

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef
from medviewer.dicom.codecs.colour import ybr_to_rgb
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.native import correct_bits, unpack
from medviewer.dicom.codecs.samples import Sample, samples
from medviewer.dicom.codecs.self_test import self_test
from medviewer.dicom.codecs.table import CannotDecompress, decompress, fit, supported_syntaxes
from medviewer.dicom.frames import read_image
from medviewer.dicom.scan import scan
from medviewer.dicom.volumes import load_volume


def all_samples() -> list[Sample]:
    return list(samples())


@pytest.mark.parametrize("sample", all_samples(), ids=lambda sample: sample.name)
def test_decoder_gives_back_what_was_encoded(sample: Sample) -> None:
    values = decompress(bytes(sample.encode(sample.image)), sample.form, sample.transfer_syntax)
    assert values.dtype == sample.form.dtype
    assert np.abs(values.astype(int) - sample.image).max() <= sample.tolerance


def test_self_test_passes_and_covers_every_decoder() -> None:
    results = list(self_test())
    assert [result.name for result in results if not result.works] == []
    assert len(results) == 9


@pytest.mark.parametrize("sample", all_samples(), ids=lambda sample: sample.name)
@pytest.mark.parametrize("damage", ["empty", "noise", "cut"])
def test_damaged_codestream_is_refused_or_decoded_and_never_crashes(sample: Sample, damage: str) -> None:
    whole = bytes(sample.encode(sample.image))
    data = {"empty": b"", "noise": np.random.default_rng(1).bytes(500), "cut": whole[: len(whole) // 3]}[damage]
    if damage == "cut":
        with suppress(CannotDecompress):  # some codecs give what is there
            assert decompress(data, sample.form, sample.transfer_syntax).shape == sample.form.shape
    else:
        with pytest.raises(CannotDecompress, match=r"damaged|cut short|segments"):
            decompress(data, sample.form, sample.transfer_syntax)


def test_codestream_of_another_size_is_refused_before_decoding() -> None:
    for sample in all_samples():
        if sample.name in ("RLE", "deflated frames"):
            continue
        form = PixelForm(sample.form.rows + 1, sample.form.columns, 1, sample.form.allocated, sample.form.stored, sample.form.high_bit)
        with pytest.raises(CannotDecompress, match="48 x 64 where the header says 49 x 64"):
            decompress(bytes(sample.encode(sample.image)), form, sample.transfer_syntax)


def test_unknown_syntax_is_named() -> None:
    with pytest.raises(CannotDecompress, match=r"1\.2\.3\.4"):
        decompress(b"", PixelForm(4, 4), "1.2.3.4")
    assert len(supported_syntaxes()) > 15


def encoded(path: Path, stored: NDArray[np.int16], syntax: UID) -> bytes:
    import imagecodecs

    if syntax == JPEG2000Lossless:
        return bytes(imagecodecs.jpeg2k_encode(stored, level=0, codecformat="j2k", reversible=True))
    return bytes(imagecodecs.jpegls_encode(stored.view(np.uint16)))


def rewrite(phantom: Phantom, syntax: UID) -> None:
    for path, stored in zip(phantom.paths, phantom.volume, strict=True):
        ds = pydicom.dcmread(path)
        if syntax == RLELossless:
            ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
        elif syntax in (JPEG2000Lossless, JPEGLSLossless):
            ds.PixelData = encapsulate([encoded(path, stored, syntax)])
            ds["PixelData"].VR = "OB"
        elif syntax == ExplicitVRBigEndian:
            ds.PixelData = stored.astype(">i2").tobytes()
        ds.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(path, ds, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian)


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless],
    ids=lambda uid: uid.name,
)
def test_volume_is_the_same_in_every_syntax(tmp_path: Path, syntax: UID) -> None:
    phantom = write_phantom(tmp_path, modality="CT", shape_kji=(4, 24, 20))
    rewrite(phantom, syntax)
    (stack,) = scan([tmp_path], Progress()).stacks()
    assert stack.transfer_syntaxes == (syntax,)
    np.testing.assert_array_equal(load_volume(stack, Progress()).stored, phantom.volume)


def test_missing_fragment_end_is_refused_as_truncated(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(4, 24, 20))
    rewrite(phantom, JPEG2000Lossless)
    content = phantom.paths[1].read_bytes()
    phantom.paths[1].write_bytes(content[:-100])
    (refused,) = scan([tmp_path], Progress()).refused
    assert refused.code == "truncated"
    assert "ends inside fragment" in refused.reason


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("stored", "high_bit"), [(12, 11), (10, 9), (12, 15)])
def test_bits_outside_the_stored_ones_are_ignored(signed: bool, stored: int, high_bit: int) -> None:
    form = PixelForm(8, 8, stored=stored, high_bit=high_bit, signed=signed)
    low, high = (-(1 << stored - 1), 1 << stored - 1) if signed else (0, 1 << stored)
    truth = np.random.default_rng(3).integers(low, high, (8, 8))
    shift = high_bit + 1 - stored
    raw = ((truth & (1 << stored) - 1) << shift).astype(np.uint16)
    garbage = np.uint16(0xFFFF ^ ((1 << stored) - 1) << shift)
    values = unpack((raw | garbage).tobytes(), form).copy()
    correct_bits(values, form)
    np.testing.assert_array_equal(values, truth)


def test_packed_bits_that_dont_end_at_a_byte_run_on_into_the_next_frame() -> None:
    form = PixelForm(5, 3, allocated=1, stored=1, high_bit=0)
    frames = np.random.default_rng(4).integers(0, 2, (3, 5, 3), dtype=np.uint8)
    data = np.packbits(frames.reshape(-1), bitorder="little").tobytes()
    for number, frame in enumerate(frames):
        begin = form.native_bits * number
        np.testing.assert_array_equal(unpack(data[begin // 8 :], form, first_bit=begin % 8), frame)


def test_sign_is_taken_from_the_header_where_the_codec_has_none() -> None:
    truth = np.array([[-2048, -1], [0, 2047]], np.int16)
    form = PixelForm(2, 2, stored=12, high_bit=11, signed=True)
    np.testing.assert_array_equal(fit((truth.view(np.uint16) & 0xFFF), form), truth)


def test_ybr_becomes_rgb_as_in_pydicom() -> None:
    values = np.random.default_rng(5).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    ours = ybr_to_rgb(values).astype(int)
    theirs = convert_color_space(values, "YBR_FULL", "RGB").astype(int)
    assert np.abs(ours - theirs).max() == 0


def test_decoding_what_is_gone_or_no_image_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotDecode, match="can't be opened"):
        read_image(ImageRef(FileLocation(tmp_path / "gone.dcm"), "1"))
    (tmp_path / "text.dcm").write_text("no image in here")
    with pytest.raises(CannotDecode, match="not a DICOM file"):
        read_image(ImageRef(FileLocation(tmp_path / "text.dcm"), "1"))
