"""Small sound image files of every transfer syntax and kind, made on the spot and the same bytes every time."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

Pair = tuple[str, bytes]
STORAGE = "1.2.840.10008.5.1.4.1.1."
SYNTAX = "1.2.840.10008.1.2"
PLANTED = ("Planted^Name", "PLANTED-ID")
"""Name and number of the patient of every seed: neither may turn up in a log or a refusal."""
ROWS, COLUMNS = 12, 16
RAMP = (np.add.outer(np.arange(ROWS) * 37, np.arange(COLUMNS) * 11) % 3000).astype(np.uint16)
SMOOTH = np.add.outer(np.arange(ROWS) * 9, np.arange(COLUMNS) * 5).astype(np.uint8)
COLOUR = np.stack([SMOOTH, SMOOTH[::-1], 255 - SMOOTH], axis=-1)


def uid(text: str) -> str:
    return f"1.2.826.0.1.3680043.8.498.{zlib.crc32(text.encode())}"


def dataset(**values: object) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def common(name: str, sop_class: str, modality: str, series: str = "") -> Dataset:
    """What every object has: patient, study, series, equipment."""
    return dataset(
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        SOPClassUID=STORAGE + sop_class,
        SOPInstanceUID=uid(name),
        StudyDate="20260102",
        StudyTime="030405",
        AccessionNumber="A1",
        Modality=modality,
        Manufacturer="phantom",
        StudyDescription="fuzz",
        SeriesDescription=series or name,
        PatientName=PLANTED[0],
        PatientID=PLANTED[1],
        PatientBirthDate="19700101",
        PatientSex="O",
        StudyInstanceUID=uid("study"),
        SeriesInstanceUID=uid(series or name),
        SeriesNumber=1,
        InstanceNumber=1,
        FrameOfReferenceUID=uid("frame"),
    )


def placed(ds: Dataset, z: float = 0.0) -> Dataset:
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-20, -30, z], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness, ds.PatientPosition = [0.5, 0.75], 2, "HFS"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = -1024, 1, "HU"
    ds.WindowCenter, ds.WindowWidth = [40, 300], [400, 1500]
    return ds


def pixels(ds: Dataset, bits: int, stored: int = 0, samples: int = 1, photometric: str = "", signed: int = 0, **more: object) -> Dataset:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = samples, photometric or ("RGB" if samples > 1 else "MONOCHROME2")
    ds.Rows, ds.Columns, ds.BitsAllocated = ROWS, COLUMNS, bits
    ds.BitsStored = stored or bits
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, signed
    if samples > 1:
        ds.PlanarConfiguration = 0
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def saved(ds: Dataset, syntax: str = ".1") -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = SYNTAX + syntax
    buffer = io.BytesIO()
    file = FileDataset(buffer, ds, file_meta=meta, preamble=bytes(128))
    unknown = syntax in (".4.110", ".4.111", ".4.112", ".8.1")  # to pydicom
    dcmwrite(buffer, file, enforce_file_format=not unknown, implicit_vr=syntax == "", little_endian=syntax != ".2", force_encoding=unknown)
    return buffer.getvalue()


def native(ds: Dataset, data: bytes, syntax: str = ".1", vr: str = "OW", tag: int = 0x7FE00010) -> bytes:
    ds.add_new(tag, vr, data + bytes(len(data) % 2))
    return saved(ds, syntax)


def compressed(ds: Dataset, frames: list[bytes], syntax: str, table: bool = True, pieces: int = 1) -> bytes:
    ds.PixelData = encapsulate([bytes(frame) for frame in frames], fragments_per_frame=pieces, has_bot=table)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return saved(ds, syntax)


def rle(planes: list[bytes], repeat: bool = False) -> bytes:
    """Byte planes as RLE segments (PS3.5 annex G): literal runs, or every row's first byte repeated."""
    segments = []
    for plane in planes:
        parts = [plane[n : n + COLUMNS] for n in range(0, len(plane), COLUMNS)]
        runs = [bytes([257 - len(part)]) + part[:1] if repeat else bytes([len(part) - 1]) + part for part in parts]
        segment = b"".join(runs)
        segments.append(segment + bytes(len(segment) % 2))
    offsets = [64 + sum(map(len, segments[:n])) for n in range(len(segments))]
    return struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(segments))) + b"".join(segments)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def native_images() -> Iterator[Pair]:
    ct, le = "2", RAMP.astype("<u2").tobytes()
    for name, syntax in (("implicit", ""), ("explicit", ".1"), ("big-endian", ".2"), ("deflated", ".1.99")):
        yield (
            f"ct-{name}.dcm",
            native(pixels(placed(common(f"ct-{name}", ct, "CT")), 16, 12), le if syntax != ".2" else RAMP.astype(">u2").tobytes(), syntax),
        )
    yield "bits-8-signed.dcm", native(pixels(common("b8", "7", "OT"), 8, 7, signed=1), SMOOTH.tobytes(), vr="OB")
    yield "bits-32.dcm", native(pixels(common("b32", "7", "OT"), 32, 20), RAMP.astype("<u4").tobytes())
    yield (
        "bits-1.dcm",
        native(pixels(common("b1", "7.1", "OT"), 1, NumberOfFrames=3), np.packbits(RAMP.ravel().repeat(3) & 1).tobytes(), vr="OB"),
    )
    yield "bits-12-packed.dcm", native(pixels(common("b12", "7", "OT"), 12), bytes(range(256))[: ROWS * COLUMNS * 3 // 2] + bytes(32))
    yield "float.dcm", native(pixels(placed(common("f", "30", "MR")), 32), RAMP.astype("<f4").tobytes(), vr="OF", tag=0x7FE00008)
    yield "double.dcm", native(pixels(placed(common("d", "30", "MR")), 64), RAMP.astype("<f8").tobytes(), vr="OD", tag=0x7FE00009)
    for planar in (0, 1):
        ds = pixels(common(f"rgb{planar}", "7", "OT"), 8, samples=3)
        ds.PlanarConfiguration = planar
        yield f"rgb-planar-{planar}.dcm", native(ds, COLOUR.tobytes(), vr="OB")
    yield "rgb-16.dcm", native(pixels(common("rgb16", "7", "OT"), 16, samples=3), COLOUR.astype("<u2").tobytes())
    yield "ybr-full.dcm", native(pixels(common("ybr", "6.1", "US"), 8, samples=3, photometric="YBR_FULL"), COLOUR.tobytes(), vr="OB")
    ds = pixels(common("y422", "3.1", "US"), 8, samples=3, photometric="YBR_FULL_422", NumberOfFrames=2, FrameTime="33")
    yield "ybr-422-cine.dcm", native(ds, COLOUR.tobytes()[: ROWS * COLUMNS * 2] * 2, vr="OB")
    for bits in (8, 16):
        yield f"palette-{bits}.dcm", _palette(bits)
    yield "dx-luts-overlay.dcm", _radiograph()
    yield "pet.dcm", native(pixels(_pet(placed(common("pet", "128", "PT"))), 16, signed=1), le)
    yield "nm-frames.dcm", native(pixels(common("nm", "20", "NM"), 16, NumberOfFrames=4, PixelSpacing=[4, 4]), le * 4)
    yield "mosaic.dcm", _mosaic()


def _pet(ds: Dataset) -> Dataset:
    drug = dataset(RadionuclideTotalDose="370000000", RadionuclideHalfLife="6586.2", RadiopharmaceuticalStartTime="020000")
    ds.RadiopharmaceuticalInformationSequence = Sequence([drug])
    ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["ATTN", "DECY"]
    ds.PatientWeight, ds.PatientSize, ds.SeriesDate, ds.SeriesTime = "70", "1.8", "20260102", "030405"
    return ds


def _palette(bits: int) -> bytes:
    ds = pixels(common(f"palette{bits}", "6.1", "US"), 8, photometric="PALETTE COLOR", NumberOfFrames=2, FrameTime="40")
    for number, name in enumerate(("Red", "Green", "Blue")):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
        entries = (np.arange(256) + 50 * number) % 256
        setattr(ds, f"{name}PaletteColorLookupTableData", (entries.astype("u1") if bits == 8 else (entries * 257).astype("<u2")).tobytes())
    return native(ds, SMOOTH.tobytes() * 2, vr="OB")


def _radiograph() -> bytes:
    ds = pixels(common("dx", "1.1", "DX"), 16, 12, photometric="MONOCHROME1", PixelPaddingValue=0)
    ds.ImagerPixelSpacing, ds.ViewPosition, ds.PixelAspectRatio = [0.1, 0.1], "PA", [4, 3]
    table = dataset(LUTDescriptor=[64, 0, 12], LUTExplanation="T", LUTData=np.arange(64, dtype="<u2").tobytes())
    table["LUTData"].VR = "OW"
    ds.VOILUTSequence = Sequence([table])
    modality = dataset(LUTDescriptor=[256, 0, 16], ModalityLUTType="US", LUTData=np.arange(256, dtype="<u2").tobytes())
    modality["LUTData"].VR = "OW"
    ds.ModalityLUTSequence = Sequence([modality])
    ds.ShutterShape = ["RECTANGULAR", "CIRCULAR", "POLYGONAL"]
    ds.CenterOfCircularShutter, ds.RadiusOfCircularShutter = [6, 8], 7
    ds.VerticesOfThePolygonalShutter = [1, 1, 1, 14, 11, 14, 11, 1]
    ds.ShutterLeftVerticalEdge, ds.ShutterRightVerticalEdge = 2, 12
    ds.ShutterUpperHorizontalEdge, ds.ShutterLowerHorizontalEdge = 2, 9
    for keyword, vr, value in (
        (0x60000010, "US", ROWS), (0x60000011, "US", COLUMNS), (0x60000015, "IS", "1"), (0x60000040, "CS", "G"), (0x60000050, "SS", [1, 1]),
        (0x60000051, "US", 1), (0x60000100, "US", 1), (0x60000102, "US", 0), (0x60003000, "OW", np.packbits(RAMP.ravel() & 1).tobytes()),
    ):  # fmt: skip
        ds.add_new(keyword, vr, value)
    return native(ds, RAMP.astype("<u2").tobytes())


def _mosaic() -> bytes:
    ds = pixels(placed(common("mosaic", "4", "MR")), 16, 12)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    ds.Manufacturer, ds.AcquisitionMatrix = "SIEMENS", [4, 0, 0, 4]
    ds.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    ds.add_new(0x0019100A, "US", 12)
    ds.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
    ds.add_new(0x00291010, "OB", _csa([("NumberOfImagesInMosaic", "US", ["12"]), ("SliceNormalVector", "FD", ["0.0", "0.0", "1.0"])]))
    return native(ds, RAMP.astype("<u2").tobytes())


def _csa(values: list[tuple[str, str, list[str]]]) -> bytes:
    """A Siemens CSA header of the second kind: named tags with text items."""
    out = b"SV10\x04\x03\x02\x01" + struct.pack("<II", len(values), 77)
    for name, vr, texts in values:
        out += name.encode().ljust(64, b"\0") + struct.pack("<i4siii", len(texts), vr.encode(), 0, len(texts), 77)
        for text in texts:
            out += struct.pack("<4i", len(text), len(text), 77, len(text)) + text.encode().ljust(-(-len(text) // 4) * 4, b"\0")
    return out + bytes(len(out) % 2)


def compressed_images() -> Iterator[Pair]:
    import imagecodecs as codecs

    eight: dict[str, Callable[[Any], bytes]] = {
        ".4.50": lambda image: codecs.jpeg8_encode(image, level=95),
        ".4.110": lambda image: codecs.jpegxl_encode(image, lossless=True),
        ".4.112": lambda image: codecs.jpegxl_encode(image, level=90),
        ".4.80": codecs.jpegls_encode,
        ".4.90": lambda image: codecs.jpeg2k_encode(image, level=0, codecformat="j2k", reversible=True),
        ".4.91": lambda image: codecs.jpeg2k_encode(image, level=40, codecformat="j2k"),
        ".4.202": lambda image: codecs.htj2k_encode(image, reversible=True),
    }
    for syntax, encode in eight.items():
        kind = syntax[3:]
        yield f"{kind}-grey-8.dcm", compressed(pixels(common(f"g{kind}", "7", "OT"), 8), [encode(SMOOTH)], syntax)
        ds = pixels(common(f"c{kind}", "77.1.4", "XC"), 8, samples=3, photometric="RGB" if syntax != ".4.50" else "YBR_FULL_422")
        yield f"{kind}-colour.dcm", compressed(ds, [encode(COLOUR)], syntax)
    twelve: dict[str, Callable[[Any], bytes]] = {
        ".4.51": lambda image: codecs.jpeg8_encode(image, level=95, bitspersample=12),
        ".4.57": lambda image: codecs.ljpeg_encode(image, bitspersample=12),
        ".4.70": lambda image: codecs.ljpeg_encode(image, bitspersample=12),
        ".4.80": codecs.jpegls_encode,
        ".4.81": lambda image: codecs.jpegls_encode(image, level=2),
        ".4.90": lambda image: codecs.jpeg2k_encode(image, level=0, codecformat="j2k", reversible=True),
        ".4.91": lambda image: codecs.jpeg2k_encode(image, level=40, codecformat="j2k"),
        ".4.110": lambda image: codecs.jpegxl_encode(image, lossless=True),
        ".4.201": lambda image: codecs.htj2k_encode(image, reversible=True),
        ".4.202": lambda image: codecs.htj2k_encode(image, reversible=True),
        ".4.203": lambda image: codecs.htj2k_encode(image, reversible=False),
        ".5": lambda image: rle([(image >> 8).astype("u1").tobytes(), image.astype("u1").tobytes()]),
        ".8.1": lambda image: deflated(image.astype("<u2").tobytes()),
    }
    for syntax, encode in twelve.items():
        kind = syntax.rsplit(".", 1)[-1] if syntax != ".8.1" else "deflated-frame"
        kind = "rle" if syntax == ".5" else kind
        ds = pixels(placed(common(f"t{kind}", "4", "MR")), 16, 12)
        yield f"{kind}-grey-12.dcm", compressed(ds, [encode(RAMP)], syntax)
        image = common(f"m{kind}", "12.1", "XA")
        frames = [encode(RAMP), encode(RAMP[::-1].copy()), encode(RAMP // 2)]
        ds = pixels(image, 16, 12, NumberOfFrames=3, FrameTime="66")
        yield f"{kind}-cine.dcm", compressed(ds, frames, syntax, table=syntax != ".4.90", pieces=2 if syntax in (".4.70", ".4.90") else 1)
    yield "111-recompressed.dcm", _recompressed(codecs.jpeg8_encode(COLOUR, level=90), codecs)
    colour = [plane.tobytes() for plane in np.moveaxis(COLOUR, -1, 0)]
    yield "rle-colour.dcm", compressed(pixels(common("rlec", "6.1", "US"), 8, samples=3), [rle(colour)], ".5")
    yield "rle-repeats.dcm", compressed(pixels(common("rler", "7", "OT"), 8), [rle([SMOOTH.tobytes()], repeat=True)], ".5")
    bits = np.packbits(RAMP.ravel() & 1).tobytes()
    yield "rle-bits.dcm", compressed(pixels(common("rleb", "7.1", "OT"), 1), [rle([bits])], ".5")
    yield "deflated-frame-bits.dcm", compressed(pixels(common("deflb", "7.1", "OT"), 1), [deflated(bits)], ".8.1")
    frames = [codecs.jpeg8_encode(COLOUR, level=80)] * 3
    ds = pixels(common("ext", "3.1", "US"), 8, samples=3, photometric="YBR_FULL_422", NumberOfFrames=3, FrameTime="33")
    sizes = [len(frame) + len(frame) % 2 for frame in frames]
    ds.ExtendedOffsetTable = struct.pack("<3Q", *(sum(sizes[:n]) + 8 * n for n in range(3)))
    ds.ExtendedOffsetTableLengths = struct.pack("<3Q", *map(len, frames))
    yield "extended-offsets.dcm", compressed(ds, frames, ".4.50", table=False)
    ds = pixels(common("video", "77.1.1.1", "ES"), 8, samples=3, photometric="YBR_PARTIAL_420", NumberOfFrames=25, CineRate=25)
    yield "video.dcm", compressed(ds, [b"\0\0\0\x18ftypmp42" + bytes(400)], ".4.102", table=False)


def _recompressed(jpeg: bytes, codecs: Any) -> bytes:
    """JPEG XL made from a JPEG where the encoder can, else from its pixels."""
    try:
        stream = codecs.jpegxl_encode_jpeg(jpeg)
    except Exception:
        stream = codecs.jpegxl_encode(codecs.jpeg8_decode(jpeg), lossless=True)
    return compressed(pixels(common("xlj", "77.1.4", "XC"), 8, samples=3), [stream], ".4.111")
