"""Patient, study and equipment of the objects the program writes."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import validate_value

from medviewer import __version__
from medviewer.dicom.uids import stable_uid

MANUFACTURER = "medviewer"
IMPLEMENTATION_UID = UID(stable_uid("implementation"))
DEVICE_UID = UID(stable_uid("device"))
CHARACTER_SET = "ISO_IR 192"
NOT_REVIEWED = "AI result - not reviewed"

_TYPE_2 = [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
]
_COPIED = [
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "IssuerOfPatientID",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
    "StudyDescription",
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "ClinicalTrialTimePointID",
]


def copy_identity(source: Dataset, target: Dataset) -> None:
    """Give ``target`` the patient and study of ``source``, and nothing else of its header.

    Values pass unchanged, in Unicode (Specific Character Set ISO_IR 192). A value that its VR forbids is
    left empty where the standard wants the attribute, and left out where it doesn't.
    Attributes: PS3.3 C.7.1.1 Patient, C.7.2.1 General Study, C.7.2.2 Patient Study, C.7.1.3 and C.7.2.3 Clinical Trial.
    """
    target.SpecificCharacterSet = CHARACTER_SET
    target.StudyInstanceUID = source.StudyInstanceUID
    for keyword in _TYPE_2:
        setattr(target, keyword, _valid_value(source, keyword) or "")
    for keyword in _COPIED:
        value = _valid_value(source, keyword)
        if keyword in target:
            del target[keyword]
        if value:
            setattr(target, keyword, value)
    if target.get("PatientIdentityRemoved") == "YES" and not target.get("DeidentificationMethodCodeSequence"):
        target.DeidentificationMethod = target.get("DeidentificationMethod") or "not stated by the source images"


def _valid_value(source: Dataset, keyword: str) -> object:
    if keyword not in source:
        return None
    element = source[keyword]
    if element.VR == "SQ" or not element.value:
        return element.value
    if keyword == "PatientSex" and element.value not in ("M", "F", "O"):
        return None
    values = element.value if element.VM > 1 else [element.value]
    try:
        for value in values:
            validate_value(element.VR, str(value), validation_mode=2)
    except ValueError:
        return None
    return element.value


def series_title(description: str, *, accepted: bool) -> str:
    """Series Description (LO, 64 characters): says that nobody reviewed the result unless somebody did."""
    text = " ".join(description.replace("\\", " ").split())
    if accepted:
        return text[:64]
    return (f"{NOT_REVIEWED}: {text}" if text else NOT_REVIEWED)[:64]


def stamp_equipment(ds: Dataset) -> None:
    """Say in the dataset and its file header which program and version wrote it (PS3.3 C.7.5.1, C.7.5.2)."""
    ds.Manufacturer = MANUFACTURER
    ds.ManufacturerModelName = MANUFACTURER
    ds.DeviceSerialNumber = __version__
    ds.SoftwareVersions = __version__
    ds.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    ds.file_meta.ImplementationVersionName = f"MEDVIEWER_{__version__}"[:16]


def same_study(sources: Sequence[Dataset]) -> bool:
    """Whether all sources belong to one study and one series."""
    return len({(ds.StudyInstanceUID, ds.SeriesInstanceUID) for ds in sources}) == 1
