"""What a report's image library says of each source image (PS3.16 TID 1600)."""

from __future__ import annotations

from pydicom.dataset import Dataset

_NAMES = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Rows", "Columns", "FrameOfReferenceUID"]
_CROSS_SECTION = ["PixelSpacing", "SliceThickness", "ImagePositionPatient", "ImageOrientationPatient"]
_EMPTY = ["PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "ReferringPhysicianName"]


def library_header(source: Dataset) -> Dataset:
    """The header highdicom builds a library entry from: names, size and, where the image has all of it, its plane.

    Identity stays empty here because real names and dates make highdicom refuse or warn; it is copied afterwards.
    """
    ds = Dataset()
    for keyword in _EMPTY:
        setattr(ds, keyword, "")
    ds.StudyDate = ds.StudyTime = None
    for keyword in _NAMES:
        if source.get(keyword) not in (None, ""):
            setattr(ds, keyword, source[keyword].value)
    # Without Modality highdicom leaves out the plane, which enhanced, CR and incomplete headers can't give;
    # the modality that the entry states comes from the SOP class.
    ds.Modality = ""
    if source.get("Modality") in ("CT", "MR", "PT") and all(source.get(keyword) for keyword in _CROSS_SECTION):
        ds.Modality = source.Modality
        for keyword in _CROSS_SECTION:
            setattr(ds, keyword, source[keyword].value)
    return ds
