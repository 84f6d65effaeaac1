"""One file as a scan remembers it: who it belongs to, what its images are and where they lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

from medviewer.core.study import FileLocation, ImageRef, Refused, StackKind
from medviewer.core.voi import Voi
from medviewer.core.volume import Rescale
from medviewer.dicom import tags
from medviewer.dicom.codecs.form import BadPixels, PixelForm, pixel_form
from medviewer.dicom.elements import BadHeader, Elements
from medviewer.dicom.fragments import check_fragments
from medviewer.dicom.header import Header, NotDicom, read_header
from medviewer.dicom.honest_notices import display_notices
from medviewer.dicom.kinds import DICOMDIR_CLASS, is_image_class, is_video, kind_of
from medviewer.dicom.layouts import Layouts
from medviewer.dicom.mosaic import mosaic_of
from medviewer.dicom.placement import FrameFacts, frame_facts
from medviewer.dicom.remembered import Remembered
from medviewer.dicom.series_facts import PatientFacts, StudyFacts, series_facts
from medviewer.dicom.sources.dicomdir import account
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives, why_unreadable
from medviewer.dicom.values import rescale_of

MOST_FRAMES = 1 << 18
"""Frames of one file that are believed; the tiles of whole slides, which are the most that is met, stay below."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of an instance: where it is in the file and in the patient, and what its values mean."""

    ref: ImageRef
    facts: FrameFacts
    rescale: Rescale

    def shape(self, form: PixelForm | None) -> tuple[int, int]:
        """Rows and columns: of the tile of a mosaic, else of the file's frames (0, 0 without pixels)."""
        if self.ref.tile is not None:
            return self.ref.tile.rows, self.ref.tile.columns
        return (form.rows, form.columns) if form is not None else (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One DICOM file. ``frames`` has one entry for objects without images, so that the file stays in sight.

    form : None when there are no pixels. kind : None for images, whose stacks decide it.
    notices : (code, sentence) of what is odd about the file.
    copy : above 0 when the same bytes were met before.
    """

    file: FileLocation
    patient: PatientFacts
    study: StudyFacts
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    modality: str
    description: str
    body_part: str
    series_number: int | None
    instance_number: int
    kind: StackKind | None
    form: PixelForm | None
    frames: tuple[Frame, ...]
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
    notices: tuple[tuple[str, str], ...] = ()
    copy: int = 0


class Seen:
    """What a thread that reads many files remembers of them."""

    def __init__(self) -> None:
        self.layouts, self.remembered = Layouts(), Remembered()


def read_instance(location: FileLocation, archives: Archives, seen: Seen | None = None) -> Instance | Refused | None:
    """Read one file's header; None when it isn't DICOM, `Refused` when it is and can't be opened.

    seen : remembers what files of one series share, for those who read many.
    """
    seen = seen or Seen()
    try:
        file, size = archives.open(location)
        with file:
            header = read_header(file, size, seen.layouts)
            if DICOMDIR_CLASS in (header.media_class, header.elements.text(tags.SOP_CLASS_UID)):
                return Refused(location, *account(header.elements, location, archives))
            return _checked(location, header, seen.remembered)
    except NotDicom:
        return None
    except BadHeader as error:
        if error.media_class == DICOMDIR_CLASS:
            words = "it is a directory of other files and is damaged; the files that lie with it are opened directly"
            return Refused(location, "dicomdir", words)
        return Refused(location, error.code, str(error))
    except BadPixels as error:
        return Refused(location, "damaged", str(error))
    except OSError as error:
        return Refused(location, "unreadable", f"it can't be read: {why_unreadable(error)}")
    except ZIP_ERRORS as error:
        if location.member is None:
            return Refused(location, "damaged-gzip", f"it can't be decompressed: {why_unreadable(error)}")
        return Refused(location, "damaged-zip", f"it can't be read from the ZIP: {why_unreadable(error)}")


def _checked(location: FileLocation, header: Header, remembered: Remembered) -> Instance | Refused:
    """The instance, unless its pixel data can't be what the header says."""
    elements, pixels = header.elements, header.pixels
    sop_class = elements.text(tags.SOP_CLASS_UID)
    if pixels is None or (tags.ROWS not in elements and tags.COLUMNS not in elements and not is_image_class(sop_class)):
        is_image = is_image_class(sop_class) or (tags.ROWS in elements and kind_of(sop_class) is None)
        return _instance(location, header, None, 1, (_NO_PIXELS,) if is_image else (), remembered)
    form = remembered.of(pixel_form, elements, pixels.tag)
    count = elements.integer(tags.NUMBER_OF_FRAMES) or 1
    if not 1 <= count <= MOST_FRAMES:
        return Refused(location, "damaged", f"NumberOfFrames is {count}")
    if pixels.length is None:
        notices = check_fragments(header, count, location)
        return notices if isinstance(notices, Refused) else _instance(location, header, form, count, notices, remembered)
    expected, there = form.native_bytes(count), min(pixels.length, header.size - pixels.offset)
    if there >= expected:
        return _instance(location, header, form, count, (), remembered)
    missing = f"pixel data ends after {there} of {expected} bytes"
    whole = there * 8 // form.native_bits
    rows = (there * 8 - whole * form.native_bits) * form.rows // form.native_bits if not form.planar else 0
    if not whole and not rows:
        return Refused(location, "truncated", f"its {missing}" if there else "its pixel data is empty")
    of_one = f"{rows} of {form.rows} rows" if rows else ""
    said = f"{whole} of {count} images{' and ' + of_one + ' of the next' if of_one else ''}" if count > 1 else of_one
    return _instance(location, header, form, count, (("truncated-pixels", f"The {missing}: {said} are there."),), remembered)


_NO_PIXELS = ("no-pixels", "The file has the header of an image and no pixel data.")


def _instance(
    location: FileLocation,
    header: Header,
    form: PixelForm | None,
    count: int,
    notices: tuple[tuple[str, str], ...],
    remembered: Remembered,
) -> Instance:
    elements = header.elements
    alike = remembered.of(series_facts, elements, form)
    uid = elements.text(tags.SOP_INSTANCE_UID)
    rescales = rescale_of(elements, count, remembered)
    frames = tuple(
        Frame(ImageRef(location, uid, number + 1), facts, rescale)
        for number, (facts, rescale) in enumerate(zip(frame_facts(elements, count, remembered), rescales, strict=True))
    )
    if form is not None and len(frames) == 1 and elements.is_mosaic:
        frames, words = _unpacked(frames[0], elements, form)
        notices = (*notices, *(("mosaic", word) for word in words))
    notices = (*notices, *alike.notices, *display_notices(elements, count))
    instance_number = elements.integer(tags.INSTANCE_NUMBER) or 0
    if elements.bad:
        names = ", ".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in sorted(elements.bad))
        notices = (*notices, ("bad-value", f"Values of {names} can't be read as numbers and were left out."))
    kind = StackKind.VIDEO if is_video(header.transfer_syntax) else kind_of(alike.sop_class_uid)
    if kind is StackKind.VIDEO and form is not None and not is_video(header.transfer_syntax):
        kind = None  # a video class may hold single images as well, as motion JPEG for one
    return Instance(
        file=location,
        patient=alike.patient,
        study=alike.study,
        series_uid=alike.series_uid,
        sop_class_uid=alike.sop_class_uid,
        sop_instance_uid=uid,
        transfer_syntax=header.transfer_syntax,
        modality=alike.modality,
        description=alike.description,
        body_part=alike.body_part,
        series_number=alike.series_number,
        instance_number=instance_number,
        kind=kind,
        form=form,
        frames=frames,
        frame_of_reference=alike.frame_of_reference,
        is_localiser=alike.is_localiser,
        is_cine=alike.is_cine,
        inverted=alike.inverted,
        has_modality_table=alike.has_modality_table,
        has_colours=alike.has_colours,
        voi=alike.voi,
        padding=alike.padding,
        padding_limit=alike.padding_limit,
        has_extras=alike.has_extras,
        notices=notices,
    )


def _unpacked(frame: Frame, elements: Elements, form: PixelForm) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    """The slices of a mosaic as frames of their own; the image as it is, where the file doesn't say how it is laid out."""
    mosaic = mosaic_of(elements, form.rows, form.columns, frame.facts)
    if mosaic is None:
        return (frame,), ("Each image is a mosaic of many slices, and the file doesn't say how it is laid out.",)
    tiles = zip(mosaic.tiles, mosaic.facts, strict=True)
    frames = tuple(Frame(replace(frame.ref, tile=tile), facts, frame.rescale) for tile, facts in tiles)
    return frames, (mosaic.notice,) if mosaic.notice else ()
