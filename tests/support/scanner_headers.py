"""CT files whose headers are as long and as crowded as those of real scanners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

PRIVATE_ELEMENTS = 90


def write_scanner_series(folder: Path, count: int, *, size: int = 64, implicit: bool = False) -> list[Path]:
    """One axial series of ``count`` slices; about 190 elements, private groups and sequences a file. Returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    ds = _header(size)
    if implicit:
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    for number in range(count):
        _this_slice(ds, number, count)
        ds.save_as(folder / f"CT{number + 1:05d}.dcm", enforce_file_format=True)
    return sorted(folder.iterdir())


def _header(size: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"]
    ds.SOPClassUID = CTImageStorage
    for day in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, f"{day}Date", "20260102")
        setattr(ds, f"{day}Time", "101112.345000")
    ds.AccessionNumber, ds.Modality, ds.Manufacturer = "A00012345", "CT", "Maker of scanners"
    ds.InstitutionName, ds.InstitutionAddress = "A Hospital", "Some street 1, some city, some country"
    ds.ReferringPhysicianName, ds.StationName = "Referrer^R", "CT66251"
    ds.StudyDescription, ds.SeriesDescription = "Thorax^Routine (Adult)", "Thorax 1.0 B31f"
    ds.InstitutionalDepartmentName, ds.PhysiciansOfRecord, ds.OperatorsName = "Radiology", "Physician^P", "Operator^O"
    ds.ManufacturerModelName, ds.PatientName, ds.PatientID = "Sensation 64", "Phantom^Crowded", "CROWDED-1"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19500101", "O", "076Y"
    ds.BodyPartExamined, ds.SliceThickness, ds.KVP, ds.DataCollectionDiameter = "CHEST", "1", "120", "500"
    ds.DeviceSerialNumber, ds.SoftwareVersions, ds.ProtocolName = "54321", "syngo CT 2012B", "ThoraxRoutine"
    ds.ReconstructionDiameter, ds.DistanceSourceToDetector, ds.DistanceSourceToPatient = "320", "1040", "570"
    ds.GantryDetectorTilt, ds.TableHeight, ds.RotationDirection = "0", "140", "CW"
    ds.ExposureTime, ds.XRayTubeCurrent, ds.Exposure, ds.FilterType = "500", "180", "90", "0"
    ds.GeneratorPower, ds.FocalSpots, ds.DateOfLastCalibration = "22", "1.2", "20251230"
    ds.TimeOfLastCalibration, ds.ConvolutionKernel, ds.PatientPosition = "080910.000000", "B31f", "HFS"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = generate_uid(), generate_uid(), generate_uid()
    ds.StudyID, ds.SeriesNumber, ds.AcquisitionNumber, ds.PositionReferenceIndicator = "1", "4", "2", ""
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", size, size
    ds.PixelSpacing, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = [0.625, 0.625], 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth, ds.RescaleIntercept, ds.RescaleSlope = [50, -600], [350, 1200], "-1024", "1"
    ds.WindowCenterWidthExplanation = ["WINDOW1", "WINDOW2"]
    ds.RequestedProcedureDescription, ds.PerformedProcedureStepStartDate = "CT Thorax", "20260102"
    _sequences(ds)
    for group, creator in ((0x0019, "SIEMENS CT VA0  COAD"), (0x0021, "SIEMENS MED"), (0x0029, "SIEMENS CSA HEADER"), (0x0051, "OTHER")):
        block = ds.private_block(group, creator, create=True)
        for number in range(PRIVATE_ELEMENTS // 4):
            vr, value = (("LO", f"value {number}"), ("DS", f"{number * 1.25}"), ("IS", str(number)), ("OB", b"\1\2" * 40))[number % 4]
            block.add_new(number + 1, vr, value)
    ds.PixelData = np.zeros((size, size), np.uint16).tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def _sequences(ds: Dataset) -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, generate_uid()
    for keyword in ("ReferencedStudySequence", "ReferencedPatientSequence", "SourceImageSequence", "ReferencedImageSequence"):
        setattr(ds, keyword, [reference, reference])
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTTHOR", "99LOCAL", "CT Thorax"
    request = Dataset()
    request.RequestedProcedureID, request.ScheduledProcedureStepID, request.ScheduledProtocolCodeSequence = "RP1", "SP1", [code]
    ds.ProcedureCodeSequence, ds.RequestAttributesSequence = [code], [request]


def _this_slice(ds: FileDataset, number: int, count: int) -> None:
    ds.SOPInstanceUID = generate_uid()
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.ContentTime = f"1011{12 + number // 1000:02d}.{number % 1000:03d}000"
    ds.AcquisitionTime = ds.ContentTime
    ds.InstanceNumber = str(number + 1)
    z = round(-300.5 + number * 0.7, 4)
    ds.ImagePositionPatient, ds.SliceLocation = [-160, -302.5, z], z
    ds.XRayTubeCurrent, ds.Exposure = str(180 + number % 37), str(90 + number % 17)
    ds.SmallestImagePixelValue, ds.LargestImagePixelValue = number % 7, 1000 + number * 13 % 997
    ds.ReferencedImageSequence[0].ReferencedSOPInstanceUID = f"1.2.3.{count}.{number}"
