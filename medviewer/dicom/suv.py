"""Factors from a PET's values to standardised uptake, by QIBA's vendor-neutral pseudo-code; refused where anything is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

from medviewer.core.suv import Body, NoSuv, Suv, SuvKind, sizes
from medviewer.dicom import tags
from medviewer.dicom.elements import Elements
from medviewer.dicom.pet_times import at, moment, scan_moment, time_of
from medviewer.dicom.placement import group_item

PHILIPS_CREATOR = "Philips PET Private Group"
SMALLEST_DOSE_BQ = 1e5
"""Below this a dose was written in another unit: nobody is given 0.1 MBq."""
MOST_HALF_LIVES = 15
"""A scan later than this after the injection would see nothing: the dates don't belong together."""
STORED_UNITS = {"BQML": "Bq/mL", "CNTS": "counts", "GML": "g/mL", "CM2ML": "cm²/mL", "KBQML": "kBq/mL", "PROPCPS": "prop. counts/s"}
_TYPES = {
    "BW": SuvKind.BODY_WEIGHT,
    "LBM": SuvKind.LEAN_BODY,
    "LBMJAMES128": SuvKind.LEAN_BODY_JAMES_128,
    "LBMJANMA": SuvKind.LEAN_BODY_JANMAHASATIAN,
    "BSA": SuvKind.BODY_SURFACE,
}


def suv_factors(elements: Elements, earliest_acquisition: datetime | None = None) -> Suv:
    """The factors of a series, from the header of one of its images.

    ``earliest_acquisition`` is needed only where `needs_earliest` says so. Raises `NoSuv`.
    """
    if elements.text(tags.MODALITY) != "PT":
        raise NoSuv("This is no PET.")
    unit = _unit(elements)
    words = STORED_UNITS.get(unit, unit or "no unit")
    found, refused = sizes(Body(elements.number(tags.PATIENT_WEIGHT), elements.number(tags.PATIENT_SIZE), elements.text(tags.PATIENT_SEX)))
    if unit in ("GML", "CM2ML"):
        per = _normalised(elements, unit, found, refused)
    elif unit == "BQML":
        _check_corrections(elements)
        per = 1 / _dose(elements, earliest_acquisition)
    elif unit == "CNTS":
        _check_corrections(elements)
        per = _philips(elements, found, refused, earliest_acquisition)
    else:
        raise NoSuv(f"Its values are in {words}, from which no uptake can be computed.")
    if not found:
        raise NoSuv(f"{_sentence(next(iter(refused.values())))}.")
    return Suv(words, {kind: size * per for kind, size in found.items()}, {kind: f"{_sentence(why)}." for kind, why in refused.items()})


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _unit(elements: Elements) -> str:
    """Units (0054,1001); in enhanced PET the type that rescaling gives."""
    unit = elements.text(tags.UNITS)
    if unit:
        return unit
    own = elements.items(tags.PER_FRAME_GROUPS)
    group = group_item(tags.PIXEL_VALUE_TRANSFORMATION, own[0] if own else None, elements.item(tags.SHARED_GROUPS))
    return group.text(tags.RESCALE_TYPE) if group is not None else ""


def _check_corrections(elements: Elements) -> None:
    """Attenuation and decay must have been corrected for."""
    done = {text.upper() for text in elements.texts(tags.CORRECTED_IMAGE)}
    if elements.text(tags.ATTENUATION_CORRECTED) == "YES":
        done.add("ATTN")
    if elements.text(tags.DECAY_CORRECTED) == "YES":
        done.add("DECY")
    missing = [name for code, name in (("ATTN", "attenuation"), ("DECY", "decay")) if code not in done]
    if missing:
        raise NoSuv(f"Its values aren't corrected for {' and '.join(missing)} (CorrectedImage).")


def _dose(elements: Elements, earliest_acquisition: datetime | None) -> float:
    """What is left of the injected activity, in Bq, at the time the images are corrected to."""
    item = elements.item(tags.RADIOPHARMACEUTICALS)
    if item is None:
        raise NoSuv("What was injected (RadiopharmaceuticalInformationSequence) is missing.")
    dose, half_life = item.number(tags.TOTAL_DOSE), item.number(tags.HALF_LIFE)
    if dose is None or dose <= 0:
        raise NoSuv("The injected activity (RadionuclideTotalDose) is missing.")
    if dose < SMALLEST_DOSE_BQ:
        raise NoSuv(f"The injected activity (RadionuclideTotalDose) is {dose:g} Bq, which can't be; it may be in MBq.")
    correction = elements.text(tags.DECAY_CORRECTION)
    corrected_to = moment(elements.text(tags.DECAY_CORRECTION_DATE_TIME))
    if correction == "ADMIN":
        return dose
    if correction not in ("START", "") or (not correction and corrected_to is None):
        raise NoSuv(f"DecayCorrection is {correction or 'missing'}: it isn't known to which time its values are corrected.")
    if half_life is None or half_life <= 0:
        raise NoSuv("The half-life (RadionuclideHalfLife) is missing.")
    scan = corrected_to or scan_moment(elements, half_life, earliest_acquisition)
    if scan is None:
        raise NoSuv("The time of the scan is missing (SeriesTime and AcquisitionTime).")
    elapsed = _elapsed_s(item, scan)
    if not 0 <= elapsed <= MOST_HALF_LIVES * half_life:
        hours = elapsed / 3600
        raise NoSuv(
            f"By its header the scan was {abs(hours):.1f} hours {'after' if hours > 0 else 'before'} the injection, which can't be."
        )
    return float(dose * 2 ** (-elapsed / half_life))


def _elapsed_s(item: Elements, scan: datetime) -> float:
    """Seconds from injection to scan. A start without a date lies in the 24 hours before the scan."""
    start = moment(item.text(tags.PHARMACEUTICAL_START_DATE_TIME))
    if start is not None:
        if (start.tzinfo is None) != (scan.tzinfo is None):
            start, scan = start.replace(tzinfo=None), scan.replace(tzinfo=None)
        return (scan - start).total_seconds()
    since = time_of(item.text(tags.PHARMACEUTICAL_START_TIME))
    if since is None:
        raise NoSuv("The time of the injection is missing (RadiopharmaceuticalStartDateTime, RadiopharmaceuticalStartTime).")
    midnight = scan.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    elapsed = (scan.replace(tzinfo=None) - midnight - since).total_seconds()
    return elapsed if elapsed >= 0 else elapsed + timedelta(days=1).total_seconds()


def _philips(elements: Elements, found: dict[SuvKind, float], refused: dict[SuvKind, str], earliest: datetime | None) -> float:
    """Counts become uptake by Philips' own factors: one straight to SUVbw, the other by way of Bq/mL."""
    if elements.text(tags.PHILIPS_CREATOR) == PHILIPS_CREATOR:
        direct, activity = elements.number(tags.PHILIPS_SUV_FACTOR), elements.number(tags.PHILIPS_ACTIVITY_FACTOR)
        if direct:
            refused.pop(SuvKind.BODY_WEIGHT, None)  # the factor holds whether or not the weight is known
            return direct / found.setdefault(SuvKind.BODY_WEIGHT, 1.0)
        if activity:
            return activity / _dose(elements, earliest)
    raise NoSuv("Its values are counts, and the factor that makes activity of them (Philips' 7053,1000 or 7053,1009) is missing.")


def _normalised(elements: Elements, unit: str, found: dict[SuvKind, float], refused: dict[SuvKind, str]) -> float:
    """Values that are uptake already: of SUVType, else of body weight (body surface for cm²/mL)."""
    text = elements.text(tags.SUV_TYPE)
    kind = _TYPES.get(text or ("BW" if unit == "GML" else "BSA"))
    if kind is None:
        raise NoSuv(f"Its values are uptake of a kind that isn't known (SUVType {text}).")
    refused.pop(kind, None)
    return 1 / found.setdefault(kind, 1.0)


def needs_earliest(elements: Elements) -> bool:
    """Whether the time of the scan can only be found by looking at every image of the series."""
    series = at(elements.text(tags.SERIES_DATE), elements.text(tags.SERIES_TIME))
    acquisition = at(elements.text(tags.ACQUISITION_DATE), elements.text(tags.ACQUISITION_TIME))
    known = elements.number(tags.FRAME_REFERENCE_TIME) and elements.number(tags.ACTUAL_FRAME_DURATION)
    later = series is not None and acquisition is not None and series > acquisition
    return (later or series is None) and not known and tags.GE_SCAN_DATE_TIME not in elements
