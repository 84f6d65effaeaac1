"""What the files of a series mostly say alike: patient, study, series, and how its values are to be shown."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.core.voi import Voi
from medviewer.dicom import tags
from medviewer.dicom.charsets import character_set, decoded
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.display.lut import modality_lut, supplemental_palette
from medviewer.dicom.display.overlay_groups import has_overlays
from medviewer.dicom.elements import Elements
from medviewer.dicom.values import is_inverted, padding_of, voi_of


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What a file says about the patient."""

    id: str
    name: str
    birth_date: str
    sex: str


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What a file says about its study."""

    study_uid: str
    date: str
    time: str
    description: str
    accession: str


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What all files of a series mostly say alike."""

    patient: PatientFacts
    study: StudyFacts
    series_uid: str
    sop_class_uid: str
    modality: str
    description: str
    body_part: str
    series_number: int | None
    frame_of_reference: str | None
    is_localiser: bool
    is_cine: bool
    inverted: bool
    has_modality_table: bool
    has_colours: bool
    voi: tuple[Voi, ...]
    padding: int | None
    padding_limit: int | None
    has_extras: bool
    notices: tuple[tuple[str, str], ...]


def series_facts(elements: Elements, form: PixelForm | None) -> SeriesFacts:
    """What a header says of its series; ``form`` is that of its pixels, None without any."""
    charset = character_set(elements)
    wrong_charset = False

    def text(tag: int) -> str:
        nonlocal wrong_charset
        value, right = decoded(elements, tag, charset)
        wrong_charset |= not right
        return value

    patient = PatientFacts(
        text(tags.PATIENT_ID), text(tags.PATIENT_NAME), elements.text(tags.PATIENT_BIRTH_DATE), elements.text(tags.PATIENT_SEX)
    )
    study = StudyFacts(
        elements.text(tags.STUDY_INSTANCE_UID),
        elements.text(tags.STUDY_DATE),
        elements.text(tags.STUDY_TIME),
        text(tags.STUDY_DESCRIPTION),
        text(tags.ACCESSION_NUMBER),
    )
    description = text(tags.SERIES_DESCRIPTION)
    notices: tuple[tuple[str, str], ...] = ()
    if wrong_charset:
        notices = (("charset", "Text isn't in the character set the file declares; it may be shown wrongly."),)
    if elements.text(tags.LOSSY_COMPRESSION) == "01":
        notices = (*notices, ("lossy", "The images were compressed with loss."))
    image_type = {part.upper() for part in elements.texts(tags.IMAGE_TYPE)}
    padding, limit = padding_of(elements, signed=form is not None and form.signed)
    return SeriesFacts(
        patient=patient,
        study=study,
        series_uid=elements.text(tags.SERIES_INSTANCE_UID),
        sop_class_uid=elements.text(tags.SOP_CLASS_UID),
        modality=elements.text(tags.MODALITY),
        description=description,
        body_part=elements.text(tags.BODY_PART_EXAMINED),
        series_number=elements.integer(tags.SERIES_NUMBER),
        frame_of_reference=elements.text(tags.FRAME_OF_REFERENCE_UID) or None,
        is_localiser=bool(image_type & {"LOCALIZER", "LOCALISER", "SCOUT"}),
        is_cine=tags.FRAME_TIME in elements,
        inverted=is_inverted(elements),
        has_modality_table=modality_lut(elements, signed=False) is not None,
        has_colours=supplemental_palette(elements, form.photometric, signed=False) is not None if form is not None else False,
        voi=voi_of(elements, signed=form is not None and form.signed),
        padding=padding,
        padding_limit=limit,
        has_extras=has_overlays(elements) or tags.SHUTTER_SHAPE in elements,
        notices=notices,
    )
