"""Small sound objects that are no plain images, and folders, directories and ZIPs of files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from .seed_images import COLUMNS, RAMP, ROWS, STORAGE, common, compressed, dataset, native, pixels, placed, saved, uid

Files = dict[str, bytes]


def objects() -> Iterator[tuple[str, bytes]]:
    yield "enhanced-mr.dcm", _enhanced("4.1", "MR")
    yield "enhanced-ct-jpeg2000.dcm", _enhanced("2.1", "CT", packed=True)
    yield "enhanced-pet.dcm", _enhanced("130", "PT")
    yield "tomosynthesis.dcm", _enhanced("13.1.3", "MG")
    yield "seg-binary.dcm", _segmentation("BINARY")
    yield "seg-fractional.dcm", _segmentation("FRACTIONAL")
    yield "seg-labelmap.dcm", _segmentation("LABELMAP")
    yield "parametric-map.dcm", _parametric()
    yield "sr.dcm", _report()
    yield "kos.dcm", _key_objects()
    yield "gsps.dcm", _presentation()
    yield "rt-structures.dcm", _structures()
    yield "rt-dose.dcm", _dose()
    yield "rt-plan.dcm", _plan()
    yield "ecg.dcm", _waveform()
    yield "pdf.dcm", _pdf()
    ds = common("japanese", "4", "MR")
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    yield "japanese.dcm", native(pixels(placed(ds), 16, 12), RAMP.astype("<u2").tobytes())
    ds = common("chinese", "7", "OT")
    ds.SpecificCharacterSet, ds.PatientName, ds.StudyDescription = "GB18030", "Wang^XiaoDong=王^小东", "胸部"
    yield "chinese.dcm", native(pixels(ds, 16, 12), RAMP.astype("<u2").tobytes())


def folders() -> Iterator[tuple[str, Files]]:
    """Several files each: name of the seed, and content by relative path."""
    yield "ct-series", {f"IM{k}": _slice("ct", k) for k in range(4)}
    yield "mr-4d", {f"IM{t}{k}": _slice("4d", k, time=t) for t in range(2) for k in range(3)}
    yield "structures-on-ct", {**{f"IM{k}": _slice("ct", k) for k in range(3)}, "RS": _structures(), "RD": _dose(), "PR": _presentation()}
    yield "seg-on-ct", {**{f"IM{k}": _slice("ct", k) for k in range(3)}, "SEG": _segmentation("BINARY"), "SR": _report()}
    members = {f"DICOM/IM{k}": _slice("ct", k) for k in range(3)}
    yield "dicomdir", {**members, "DICOMDIR": _directory(list(members))}
    for name, method in (("zip-stored", zipfile.ZIP_STORED), ("zip-deflated", zipfile.ZIP_DEFLATED), ("zip-lzma", zipfile.ZIP_LZMA)):
        yield name, {"study.zip": zipped({**members, "readme.txt": b"not an image"}, method)}
    yield "zip-dicomdir", {"study.zip": zipped({**members, "DICOMDIR": _directory(list(members))}, zipfile.ZIP_DEFLATED)}


def zipped(files: Files, method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content, method)
    return buffer.getvalue()


def _slice(name: str, k: int, time: int = 0) -> bytes:
    ds = placed(common(f"{name}{time}{k}", "2" if name == "ct" else "4", "CT" if name == "ct" else "MR", series=name), 2.0 * k)
    ds.InstanceNumber, ds.TemporalPositionIdentifier, ds.AcquisitionTime = k + 1, time + 1, f"0304{time:02}"
    return native(pixels(ds, 16, 12), (RAMP + k).astype("<u2").tobytes())


def _functional(frames: int) -> tuple[Dataset, list[Dataset]]:
    shared = dataset(
        PixelMeasuresSequence=Sequence([dataset(PixelSpacing=[0.5, 0.75], SliceThickness=2, SpacingBetweenSlices=2)]),
        PlaneOrientationSequence=Sequence([dataset(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
        PixelValueTransformationSequence=Sequence([dataset(RescaleIntercept=0, RescaleSlope=1, RescaleType="US")]),
        FrameVOILUTSequence=Sequence([dataset(WindowCenter=300, WindowWidth=600)]),
    )
    own = [
        dataset(
            FrameContentSequence=Sequence(
                [dataset(StackID="1", InStackPositionNumber=n + 1, TemporalPositionIndex=1, DimensionIndexValues=[1, n + 1])]
            ),
            PlanePositionSequence=Sequence([dataset(ImagePositionPatient=[-20, -30, 2 * n])]),
            MRDiffusionSequence=Sequence([dataset(DiffusionBValue=0.0, DiffusionDirectionality="NONE")]),
        )
        for n in range(frames)
    ]
    return shared, own


def _enhanced(sop_class: str, modality: str, packed: bool = False) -> bytes:
    ds = pixels(common(f"enhanced {modality}", sop_class, modality), 16, 12, NumberOfFrames=4)
    shared, own = _functional(4)
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = Sequence([shared]), Sequence(own)
    organisation = dataset(DimensionOrganizationUID=uid("dimensions"))
    ds.DimensionOrganizationSequence = Sequence([organisation])
    ds.DimensionIndexSequence = Sequence(
        [
            dataset(DimensionOrganizationUID=uid("dimensions"), DimensionIndexPointer=0x00209056, FunctionalGroupPointer=0x00209111),
            dataset(DimensionOrganizationUID=uid("dimensions"), DimensionIndexPointer=0x00209057, FunctionalGroupPointer=0x00209111),
        ]
    )
    if packed:
        import imagecodecs

        frames = [imagecodecs.jpeg2k_encode(RAMP + n, level=0, codecformat="j2k", reversible=True) for n in range(4)]
        return compressed(ds, frames, ".4.90")
    return native(ds, b"".join((RAMP + n).astype("<u2").tobytes() for n in range(4)))


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _segmentation(kind: str) -> bytes:
    labels = kind == "LABELMAP"
    ds = common(f"seg {kind}", "66.7" if labels else "66.4", "SEG")
    bits = 1 if kind == "BINARY" else 8
    pixels(ds, bits, NumberOfFrames=3)
    ds.SegmentationType, ds.ContentLabel, ds.ImageType = kind, "SEG", ["DERIVED", "PRIMARY"]
    if kind == "FRACTIONAL":
        ds.SegmentationFractionalType, ds.MaximumFractionalValue = "PROBABILITY", 255
    liver, organ = _code("10200004", "SCT", "Liver"), _code("123037004", "SCT", "Anatomical structure")
    ds.SegmentSequence = Sequence(
        [
            dataset(
                SegmentNumber=n,
                SegmentLabel=f"Liver {n}",
                SegmentAlgorithmType="MANUAL",
                SegmentedPropertyCategoryCodeSequence=Sequence([organ]),
                SegmentedPropertyTypeCodeSequence=Sequence([liver]),
                RecommendedDisplayCIELabValue=[40000, 30000, 30000],
            )
            for n in (1, 2)
        ]
    )
    shared, own = _functional(3)
    for n, group in enumerate(own):
        if not labels:
            group.SegmentIdentificationSequence = Sequence([dataset(ReferencedSegmentNumber=1 + n % 2)])
        source = dataset(ReferencedSOPClassUID=f"{STORAGE}2", ReferencedSOPInstanceUID=uid(f"ct0{n}"))
        group.DerivationImageSequence = Sequence([dataset(SourceImageSequence=Sequence([source]))])
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = Sequence([shared]), Sequence(own)
    instances = [dataset(ReferencedSOPClassUID=f"{STORAGE}2", ReferencedSOPInstanceUID=uid(f"ct0{n}")) for n in range(3)]
    ds.ReferencedSeriesSequence = Sequence([dataset(SeriesInstanceUID=uid("ct"), ReferencedInstanceSequence=Sequence(instances))])
    mask = (RAMP.ravel() > 900).astype(np.uint8)
    return native(ds, (np.packbits(np.tile(mask, 3), bitorder="little") if bits == 1 else np.tile(mask, 3)).tobytes(), vr="OB")


def _parametric() -> bytes:
    ds = pixels(common("pm", "30", "MR"), 32, NumberOfFrames=3)
    shared, own = _functional(3)
    mapping = dataset(
        RealWorldValueFirstValueMapped=0, RealWorldValueLastValueMapped=1, RealWorldValueIntercept=0.0, RealWorldValueSlope=1.0
    )
    mapping.LUTLabel, mapping.MeasurementUnitsCodeSequence = "ADC", Sequence([_code("mm2/s", "UCUM", "mm2/s")])
    shared.RealWorldValueMappingSequence = Sequence([mapping])
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = Sequence([shared]), Sequence(own)
    return native(ds, np.tile(RAMP.astype("<f4"), (3, 1, 1)).tobytes(), vr="OF", tag=0x7FE00008)


def _referenced(frame: int = 0) -> Dataset:
    return dataset(ReferencedSOPClassUID=f"{STORAGE}2", ReferencedSOPInstanceUID=uid(f"ct0{frame}"))


def _evidence() -> Sequence:
    series = dataset(SeriesInstanceUID=uid("ct"), ReferencedSOPSequence=Sequence([_referenced()]))
    return Sequence([dataset(StudyInstanceUID=uid("study"), ReferencedSeriesSequence=Sequence([series]))])


def _content(kind: str, relation: str = "CONTAINS", **more: object) -> Dataset:
    return dataset(RelationshipType=relation, ValueType=kind, ConceptNameCodeSequence=Sequence([_code("121071", "DCM", "Finding")]), **more)


def _report() -> bytes:
    ds = common("sr", "88.33", "SR")
    unit = Sequence([_code("mm", "UCUM", "mm")])
    number = _content("NUM", MeasuredValueSequence=Sequence([dataset(NumericValue="12.5", MeasurementUnitsCodeSequence=unit)]))
    picture = _content("IMAGE", ReferencedSOPSequence=Sequence([_referenced()]))
    shape = _content("SCOORD", GraphicData=[1.0, 2.0, 8.0, 9.0], GraphicType="POLYLINE")
    shape.ContentSequence = Sequence([_content("IMAGE", "SELECTED FROM", ReferencedSOPSequence=Sequence([_referenced()]))])
    texts = [_content("TEXT", TextValue="<b>No & finding</b>"), number, picture, shape, _content("PNAME", PersonName="A^B")]
    texts += [_content("DATETIME", DateTime="20260102030405"), _content("CODE", ConceptCodeSequence=Sequence([_code("1", "X", "y")]))]
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = Sequence([_code("126000", "DCM", "Imaging Measurement Report")])
    ds.ContentSequence = Sequence([*texts, _content("CONTAINER", ContinuityOfContent="SEPARATE", ContentSequence=Sequence(texts[:2]))])
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.CurrentRequestedProcedureEvidenceSequence = _evidence()
    return saved(ds)


def _key_objects() -> bytes:
    ds = common("kos", "88.59", "KO")
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = Sequence([_code("113000", "DCM", "Of Interest")])
    ds.ContentSequence = Sequence([_content("IMAGE", ReferencedSOPSequence=Sequence([_referenced()])), _content("TEXT", TextValue="key")])
    ds.CurrentRequestedProcedureEvidenceSequence = _evidence()
    return saved(ds)


def _presentation() -> bytes:
    ds = common("gsps", "11.1", "PR")
    ds.ContentLabel, ds.PresentationCreationDate, ds.PresentationCreationTime = "PS", "20260102", "030405"
    ds.ReferencedSeriesSequence = Sequence([dataset(SeriesInstanceUID=uid("ct"), ReferencedImageSequence=Sequence([_referenced()]))])
    ds.GraphicLayerSequence = Sequence([dataset(GraphicLayer="L1", GraphicLayerOrder=1)])
    line = dataset(GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=2, GraphicData=[1.0, 1.0, 9.0, 8.0])
    line.GraphicType, line.GraphicFilled = "POLYLINE", "N"
    words = dataset(UnformattedTextValue="here", AnchorPoint=[3.0, 4.0], AnchorPointVisibility="Y", AnchorPointAnnotationUnits="PIXEL")
    note = dataset(GraphicLayer="L1", GraphicObjectSequence=Sequence([line]), TextObjectSequence=Sequence([words]))
    ds.GraphicAnnotationSequence = Sequence([note])
    area = dataset(DisplayedAreaTopLeftHandCorner=[1, 1], DisplayedAreaBottomRightHandCorner=[COLUMNS, ROWS])
    area.PresentationSizeMode = "SCALE TO FIT"
    ds.DisplayedAreaSelectionSequence = Sequence([area])
    ds.SoftcopyVOILUTSequence = Sequence([dataset(WindowCenter="40", WindowWidth="400")])
    ds.PresentationLUTShape = "IDENTITY"
    return saved(ds)


def _structures() -> bytes:
    ds = common("rtss", "481.3", "RTSTRUCT")
    ds.StructureSetLabel, ds.StructureSetDate = "S", "20260102"
    ds.StructureSetROISequence = Sequence([dataset(ROINumber=1, ReferencedFrameOfReferenceUID=uid("frame"), ROIName="PTV")])
    image = Sequence([_referenced()])
    contours = [
        dataset(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=4, ContourImageSequence=image, ContourData=data)
        for data in ([-19, -29, 0, -10, -29, 0, -10, -26, 0, -19, -26, 0], [-19, -29, 2, -10, -29, 2, -10, -26, 2, -19, -26, 2])
    ]
    ds.ROIContourSequence = Sequence([dataset(ROIDisplayColor=[255, 0, 0], ReferencedROINumber=1, ContourSequence=Sequence(contours))])
    ds.RTROIObservationsSequence = Sequence([dataset(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="PTV")])
    return saved(ds)


def _dose() -> bytes:
    ds = pixels(placed(common("dose", "481.2", "RTDOSE")), 32, NumberOfFrames=3)
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType, ds.DoseGridScaling = "GY", "PHYSICAL", "PLAN", 0.001
    ds.GridFrameOffsetVector, ds.FrameIncrementPointer = [0, 2, 4], 0x3004000C
    return native(ds, np.tile(RAMP.astype("<u4"), (3, 1, 1)).tobytes())


def _plan() -> bytes:
    ds = common("plan", "481.5", "RTPLAN")
    ds.RTPlanLabel, ds.RTPlanGeometry = "P", "PATIENT"
    ds.BeamSequence = Sequence([dataset(BeamNumber=1, BeamName="B", NumberOfControlPoints=0)])
    return saved(ds)


def _waveform() -> bytes:
    ds = common("ecg", "9.1.1", "ECG")
    channel = dataset(ChannelSourceSequence=Sequence([_code("2:1", "MDC", "Lead I")]), WaveformBitsStored=16, ChannelSensitivity=1.25)
    channel.ChannelSensitivityUnitsSequence, channel.ChannelSensitivityCorrectionFactor = Sequence([_code("uV", "UCUM", "uV")]), 1.0
    channel.ChannelBaseline = 0.0
    group = dataset(WaveformOriginality="ORIGINAL", NumberOfWaveformChannels=2, NumberOfWaveformSamples=100, SamplingFrequency=500.0)
    group.ChannelDefinitionSequence, group.WaveformBitsAllocated, group.WaveformSampleInterpretation = (
        Sequence([channel, channel]),
        16,
        "SS",
    )
    group.add_new(0x54001010, "OW", np.arange(200, dtype="<i2").tobytes())
    ds.WaveformSequence = Sequence([group])
    ds.WaveformAnnotationSequence = Sequence([dataset(UnformattedTextValue="sinus rhythm", AnnotationGroupNumber=0)])
    return saved(ds)


def _pdf() -> bytes:
    ds = common("pdf", "104.1", "DOC")
    ds.MIMETypeOfEncapsulatedDocument, ds.DocumentTitle = "application/pdf", "Report"
    ds.EncapsulatedDocument = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    return saved(ds)


def _directory(names: list[str]) -> bytes:
    """A DICOMDIR whose records lead to the files; offsets are set by two passes of writing."""
    ds = dataset(FileSetID="FUZZ", FileSetConsistencyFlag=0)
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    levels = [
        _record("PATIENT", PatientName="Planted^Name", PatientID="PLANTED-ID"),
        _record("STUDY", StudyInstanceUID=uid("study"), StudyDate="20260102", StudyTime="030405", StudyID="1"),
        _record("SERIES", SeriesInstanceUID=uid("ct"), Modality="CT", SeriesNumber=1),
    ]
    images = [_record("IMAGE", ReferencedFileID=name.split("/"), InstanceNumber=n + 1) for n, name in enumerate(names)]
    ds.DirectoryRecordSequence = Sequence([*levels, *images])
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.1.3.10", uid("dir")
    content = _without_sop(ds)
    offsets = _record_offsets(content)
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = offsets[0]
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = offsets[0]
    for level, below in zip(levels, offsets[1:4], strict=True):
        level.OffsetOfReferencedLowerLevelDirectoryEntity = below
    for image, following in zip(images, [*offsets[4:], 0], strict=True):
        image.OffsetOfTheNextDirectoryRecord = following
    return _without_sop(ds)


def _record(kind: str, **values: object) -> Dataset:
    record = dataset(OffsetOfTheNextDirectoryRecord=0, RecordInUseFlag=0xFFFF, OffsetOfReferencedLowerLevelDirectoryEntity=0)
    record.DirectoryRecordType = kind
    for keyword, value in values.items():
        setattr(record, keyword, value)
    if kind == "IMAGE":
        record.ReferencedSOPClassUIDInFile, record.ReferencedTransferSyntaxUIDInFile = f"{STORAGE}2", "1.2.840.10008.1.2.1"
    return record


def _without_sop(ds: Dataset) -> bytes:
    from .tree import parse, write

    tree = parse(saved(ds))
    tree.elements = [node for node in tree.elements if node.tag >> 16 != 0x0008]
    return write(tree).content


def _record_offsets(content: bytes) -> list[int]:
    from .tree import parse, write

    tree = parse(content)
    sequence = tree.find(0x00041220)
    assert sequence is not None
    assert sequence.children is not None
    found = []
    for n in range(len(sequence.children)):
        part = tree.copy()
        shortened = part.find(0x00041220)
        assert shortened is not None
        assert shortened.children is not None
        del shortened.children[n:]
        found.append(len(write(part).content))
    return found
