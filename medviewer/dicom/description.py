"""What the corner text of a viewport says about a stack: the patient, the study, how it was acquired."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.core.errors import CannotDecode
from medviewer.core.study import Stack
from medviewer.dicom import tags
from medviewer.dicom.charsets import character_set, decoded
from medviewer.dicom.elements import BadHeader
from medviewer.dicom.header import NotDicom, read_header
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, why_unreadable


@dataclass(frozen=True, slots=True)
class ImageAttributes:
    """Values as the file writes them, dates as YYYYMMDD; empty where absent.

    patient_name : family, given and further names parted by spaces, alphabetic group only.
    """

    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    patient_age: str = ""
    patient_position: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    accession_number: str = ""
    series_number: str = ""
    series_description: str = ""
    protocol_name: str = ""
    modality: str = ""
    body_part: str = ""
    laterality: str = ""
    view_position: str = ""
    institution: str = ""
    manufacturer: str = ""
    model_name: str = ""
    field_strength: str = ""
    repetition_time: str = ""
    echo_time: str = ""
    inversion_time: str = ""
    flip_angle: str = ""
    kvp: str = ""
    exposure: str = ""
    convolution_kernel: str = ""
    slice_thickness: str = ""


_TAGS = {
    "patient_name": tags.PATIENT_NAME,
    "patient_id": tags.PATIENT_ID,
    "patient_birth_date": tags.PATIENT_BIRTH_DATE,
    "patient_sex": tags.PATIENT_SEX,
    "patient_age": tags.PATIENT_AGE,
    "patient_position": tags.PATIENT_POSITION,
    "study_date": tags.STUDY_DATE,
    "study_time": tags.STUDY_TIME,
    "study_description": tags.STUDY_DESCRIPTION,
    "accession_number": tags.ACCESSION_NUMBER,
    "series_number": tags.SERIES_NUMBER,
    "series_description": tags.SERIES_DESCRIPTION,
    "protocol_name": tags.PROTOCOL_NAME,
    "modality": tags.MODALITY,
    "body_part": tags.BODY_PART_EXAMINED,
    "laterality": tags.LATERALITY,
    "view_position": tags.VIEW_POSITION,
    "institution": tags.INSTITUTION_NAME,
    "manufacturer": tags.MANUFACTURER,
    "model_name": tags.MODEL_NAME,
    "field_strength": tags.FIELD_STRENGTH,
    "repetition_time": tags.REPETITION_TIME,
    "echo_time": tags.ECHO_TIME,
    "inversion_time": tags.INVERSION_TIME,
    "flip_angle": tags.FLIP_ANGLE,
    "kvp": tags.KVP,
    "exposure": tags.EXPOSURE,
    "convolution_kernel": tags.CONVOLUTION_KERNEL,
    "slice_thickness": tags.SLICE_THICKNESS,
}


def attributes(stack: Stack) -> ImageAttributes:
    """The attributes of a stack, from the header of its first image. Raises `CannotDecode`."""
    location = stack.images[0].file
    try:
        with Archives() as archives:
            file, size = archives.open(location)
            with file:
                elements = read_header(file, size).elements
    except (OSError, BadHeader, NotDicom, *ZIP_ERRORS) as error:
        raise CannotDecode(str(location), f"its header can't be read: {why_unreadable(error)}", "damaged") from error
    charset = character_set(elements)
    values = {name: decoded(elements, tag, charset)[0] for name, tag in _TAGS.items()}
    values["patient_name"] = readable_name(values["patient_name"])
    return ImageAttributes(**values)


def readable_name(name: str) -> str:
    """A person name (PS3.5 6.2.1.1) without its carets: the first component group that holds anything."""
    groups = [" ".join(part for part in group.split("^") if part).strip() for group in name.split("=")]
    return next((group for group in groups if group), "")
