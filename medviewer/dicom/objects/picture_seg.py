"""Segmentations of a single image that lies in no patient space (CR, DX): each pixel stands for the pixel it was made on.

PS3.3 A.51.1 and A.51.5.1: without a Frame of Reference UID rows and columns are those of the referenced image, every frame
has a Derivation Image functional group, and Pixel Measures, Plane Position and Plane Orientation may be absent (Table A.51-2).
"""

from __future__ import annotations

from fractions import Fraction

from pydicom.dataset import Dataset

from medviewer.core.errors import CannotWrite
from medviewer.core.geometry import Geometry

_LOSSY_METHODS = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
"""What a transfer syntax compresses with, for images that are lossy and don't say how (PS3.3 C.7.6.1.1.5.1)."""
_DIRECTIONS = frozenset("ALRPHF")


def picture_placeholder(picture: Dataset, geometry: Geometry) -> Dataset:
    """What highdicom asks of a source image: its names and size, without identity or a place, which real headers say oddly.

    Raises `CannotWrite` when the mask's grid isn't that of the picture's pixels.
    """
    size = 1, int(picture.get("Rows") or 0), int(picture.get("Columns") or 0)
    if geometry.shape_kji != size:
        raise CannotWrite(
            f"The mask has {geometry.shape_kji[1]} x {geometry.shape_kji[2]} pixels and the image {size[1]} x {size[2]}; "
            "a mask on an image without a place in the patient needs one pixel for each of the image's."
        )
    ds = Dataset()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(ds, keyword, "")
    ds.StudyDate = ds.StudyTime = None
    ds.StudyInstanceUID, ds.SeriesInstanceUID = picture.StudyInstanceUID, picture.SeriesInstanceUID
    ds.SOPClassUID, ds.SOPInstanceUID = picture.SOPClassUID, picture.SOPInstanceUID
    ds.Modality = "OT"
    ds.Rows, ds.Columns = size[1:]
    return ds


def describe_as_picture(ds: Dataset, picture: Dataset) -> None:
    """What a Segmentation says of its pixels that share the picture's place: orientation, shape, lossy compression."""
    # PS3.3 C.7.6.1: type 2C where there is no Image Orientation (Patient); empty if not known
    ds.PatientOrientation = _orientation(picture)
    ratio = _aspect_ratio(picture)
    if ratio is not None:
        ds.PixelAspectRatio = list(ratio)
    if str(picture.get("LossyImageCompression") or "") == "01":
        _mark_lossy(ds, picture)


def frames_off_picture(ds: Dataset, picture: Dataset) -> list[str]:
    """What in the frames' references (PS3.3 C.7.6.16.2.6) isn't the picture, as a file that was read back has them."""
    for group in ds.PerFrameFunctionalGroupsSequence:
        (derivation,) = group.DerivationImageSequence
        (source,) = derivation.SourceImageSequence
        if source.ReferencedSOPInstanceUID != picture.SOPInstanceUID or source.SpatialLocationsPreserved != "YES":
            return ["a frame refers to another image"]
    return []


def _orientation(picture: Dataset) -> list[str] | str:
    """Patient Orientation as the picture has it, where that is two directions (PS3.3 C.7.6.1.1.1)."""
    value = picture.get("PatientOrientation")
    if value is None or isinstance(value, str) or len(value) != 2:
        return ""
    words = [str(word) for word in value]
    return words if all(word and set(word) <= _DIRECTIONS and len(word) <= 3 for word in words) else ""


def _aspect_ratio(picture: Dataset) -> tuple[int, int] | None:
    """Vertical to horizontal size of the picture's pixels where they aren't square (PS3.3 C.7.6.3.1.7), without a size in mm."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"):
        value = picture.get(keyword)
        if value is None or isinstance(value, str) or len(value) != 2:
            continue
        down, across = (float(v) for v in value)
        if down > 0 and across > 0:
            ratio = Fraction(down / across).limit_denominator(10_000)
            return (ratio.numerator, ratio.denominator) if ratio not in (0, 1) else None
    return None


def _mark_lossy(ds: Dataset, picture: Dataset) -> None:
    """Lossy source pixels make the Segmentation's lossy (PS3.3 C.8.20.2.2)."""
    ds.LossyImageCompression = "01"
    ratio, method = picture.get("LossyImageCompressionRatio"), picture.get("LossyImageCompressionMethod")
    if not method:
        meta = getattr(picture, "file_meta", None)
        method = _LOSSY_METHODS.get(str(meta.get("TransferSyntaxUID") or "")) if meta is not None else None
    if ratio:
        ds.LossyImageCompressionRatio = ratio
    if method:
        ds.LossyImageCompressionMethod = method
