"""Uptake factors: worked out by hand from QIBA's pseudo-code, and numbers published with cornerstonejs/calculate-suv (MIT)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage
from support.images import write_image

from medviewer.app.suv import series_suv
from medviewer.core.progress import Progress
from medviewer.core.suv import Body, NoSuv, SuvKind, sizes
from medviewer.dicom.scan import scan

HALF_LIFE = 6586.2
DOSE = 3.7e8
ALL = {
    "SeriesDate": "20260102", "SeriesTime": "100000", "AcquisitionDate": "20260102", "AcquisitionTime": "100000", "Units": "BQML",
    "CorrectedImage": ["DECY", "ATTN", "SCAT"], "DecayCorrection": "START", "PatientWeight": "70", "PatientSize": "1.75", "PatientSex": "F",
    "RescaleSlope": "2.5", "RescaleIntercept": "0",
}  # fmt: skip


def injection(**changes: object) -> list[Dataset]:
    ds = Dataset()
    values = {"RadionuclideTotalDose": DOSE, "RadionuclideHalfLife": HALF_LIFE, "RadiopharmaceuticalStartTime": "090000"} | changes
    for keyword, value in values.items():
        if value is not None:
            setattr(ds, keyword, value)
    return [ds]


def suv(tmp_path: Path, *, injected: list[Dataset] | None = None, private=(), **changes: object):
    attributes = {k: v for k, v in (ALL | changes).items() if v is not None}
    if injected is None:
        injected = injection()
    if injected:
        attributes["RadiopharmaceuticalInformationSequence"] = injected
    path = write_image(tmp_path / "pet.dcm", np.ones((4, 4), np.uint16), Modality="PT", **attributes)
    ds = pydicom.dcmread(path)
    ds.SOPClassUID = PositronEmissionTomographyImageStorage
    for tag, vr, value in private:
        ds.add_new(tag, vr, value)
    ds.save_as(path)
    (stack,) = scan([path], Progress()).stacks()
    return series_suv(stack, Progress())


def body_weight(tmp_path: Path, **changes: object) -> float:
    return suv(tmp_path, **changes).factors[SuvKind.BODY_WEIGHT]


def expected(seconds: float) -> float:
    return 70_000 / (DOSE * 2 ** (-seconds / HALF_LIFE))


def test_an_hour_between_injection_and_scan(tmp_path):
    found = suv(tmp_path)
    assert found.stored_unit == "Bq/mL"
    assert found.factors[SuvKind.BODY_WEIGHT] == pytest.approx(expected(3600), rel=1e-12)
    decayed = DOSE * 2 ** (-3600 / HALF_LIFE)
    lean = 1.07 * 70 - 148 * (70 / 175) ** 2
    assert found.factors[SuvKind.LEAN_BODY] == pytest.approx(lean * 1000 / decayed)
    assert found.factors[SuvKind.LEAN_BODY_JANMAHASATIAN] == pytest.approx(9270 * 70 / (8780 + 244 * 70 / 1.75**2) * 1000 / decayed)
    surface = 0.007184 * 70**0.425 * 175**0.725
    assert found.factors[SuvKind.BODY_SURFACE] == pytest.approx(surface * 1e4 / decayed)
    assert not found.refused


def test_the_numbers_published_with_calculate_suv():
    """A man of 75 kg and 1.85 m, activity 100 at the time of the scan."""
    found, refused = sizes(Body(75, 1.85, "M"))
    assert not refused
    assert found[SuvKind.BODY_WEIGHT] / 100 == 750
    assert found[SuvKind.BODY_SURFACE] / 100 == pytest.approx(198.13758427117767)
    assert found[SuvKind.LEAN_BODY] / 100 == pytest.approx(627.7757487216948)
    assert found[SuvKind.LEAN_BODY_JANMAHASATIAN] / 100 == pytest.approx(609.1533588651974)
    assert found[SuvKind.LEAN_BODY_JAMES_128] == pytest.approx((1.10 * 75 - 128 * (75 / 185) ** 2) * 1000)


def test_corrected_to_the_injection_nothing_has_decayed(tmp_path):
    assert body_weight(tmp_path, DecayCorrection="ADMIN") == pytest.approx(70_000 / DOSE)


@pytest.mark.parametrize(
    ("injected", "seconds"),
    [
        (injection(RadiopharmaceuticalStartDateTime="20260102084500", RadiopharmaceuticalStartTime="010000"), 4500),
        (injection(RadiopharmaceuticalStartDateTime="20260102084500.500000", RadiopharmaceuticalStartTime=None), 4499.5),
        (injection(RadiopharmaceuticalStartDateTime="20260101230000", RadiopharmaceuticalStartTime=None), 11 * 3600),
        (injection(RadiopharmaceuticalStartTime="233000.25"), 10.5 * 3600 - 0.25),  # without a date: the evening before
    ],
)
def test_the_injection_may_have_a_date_or_lie_before_midnight(tmp_path, injected, seconds):
    assert body_weight(tmp_path, injected=injected) == pytest.approx(expected(seconds))


def test_a_scan_after_midnight(tmp_path):
    early = {"SeriesTime": "003000", "AcquisitionTime": "003000"}
    assert body_weight(tmp_path, injected=injection(RadiopharmaceuticalStartTime="233000"), **early) == pytest.approx(expected(3600))


def test_a_series_made_later_is_traced_back_to_its_scan(tmp_path):
    later = {"SeriesTime": "150000", "AcquisitionTime": "100500", "ActualFrameDuration": "180000", "FrameReferenceTime": "360000"}
    decay = math.log(2) / HALF_LIFE * 180
    average = HALF_LIFE / math.log(2) * math.log(decay / (1 - math.exp(-decay)))
    assert 89 < average < 90  # a little before the middle of the frame
    assert body_weight(tmp_path, **later) == pytest.approx(expected(3600 + 300 - 360 + average))


def test_ge_writes_the_scans_time_into_an_element_of_its_own(tmp_path):
    private = ((0x00090010, "LO", "GEMS_PETD_01"), (0x0009100D, "DT", "20260102095900.00"))
    assert body_weight(tmp_path, SeriesTime="150000", private=private) == pytest.approx(expected(3540))
    other = ((0x00090010, "LO", "SOMEBODY"), (0x0009100D, "DT", "20260102095900.00"))
    assert body_weight(tmp_path, SeriesTime="150000", private=other) == pytest.approx(expected(3600))


def test_a_decay_correction_time_in_the_header_is_believed(tmp_path):
    assert body_weight(tmp_path, DecayCorrectionDateTime="20260102093000") == pytest.approx(expected(1800))


def test_values_that_are_uptake_already(tmp_path):
    found = suv(tmp_path, Units="GML", injected=[], PatientWeight=None)
    assert found.factors == {SuvKind.BODY_WEIGHT: 1}
    other = suv(tmp_path, Units="GML", SUVType="LBMJANMA")
    assert other.factors[SuvKind.LEAN_BODY_JANMAHASATIAN] == 1
    lean = 9270 * 70 / (8780 + 244 * 70 / 1.75**2)
    assert other.factors[SuvKind.BODY_WEIGHT] == pytest.approx(70 / lean)


def test_philips_counts_have_factors_of_their_own(tmp_path):
    creator = (0x70530010, "LO", "Philips PET Private Group")
    direct = suv(tmp_path, Units="CNTS", private=(creator, (0x70531000, "DS", "0.000551"), (0x70531009, "DS", "1.602563")))
    assert direct.factors[SuvKind.BODY_WEIGHT] == pytest.approx(0.000551)
    activity = suv(tmp_path, Units="CNTS", private=(creator, (0x70531000, "DS", "0"), (0x70531009, "DS", "1.602563")))
    assert activity.factors[SuvKind.BODY_WEIGHT] == pytest.approx(1.602563 * expected(3600))
    assert activity.stored_unit == "counts"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PatientWeight": None}, "PatientWeight"),
        ({"PatientWeight": "0"}, "PatientWeight"),
        ({"CorrectedImage": ["DECY"]}, "attenuation"),
        ({"CorrectedImage": None}, "attenuation and decay"),
        ({"DecayCorrection": "NONE"}, "DecayCorrection is NONE"),
        ({"DecayCorrection": None}, "DecayCorrection is missing"),
        ({"Units": "PROPCPS"}, "prop. counts"),
        ({"Units": "CNTS"}, "7053,1000"),
        ({"injected": []}, "RadiopharmaceuticalInformationSequence"),
        ({"injected": injection(RadionuclideTotalDose=None)}, "RadionuclideTotalDose"),
        ({"injected": injection(RadionuclideTotalDose=370)}, "MBq"),
        ({"injected": injection(RadionuclideHalfLife=None)}, "RadionuclideHalfLife"),
        ({"injected": injection(RadiopharmaceuticalStartTime=None)}, "time of the injection"),
        ({"injected": injection(RadiopharmaceuticalStartDateTime="20260102110000")}, "before the injection"),
        ({"injected": injection(RadiopharmaceuticalStartDateTime="20250102090000")}, "after the injection"),
        ({"SeriesTime": None, "AcquisitionTime": None}, "SeriesTime"),
        ({"Units": "GML", "SUVType": "IBW"}, "IBW"),
    ],
)
def test_what_is_missing_is_said(tmp_path, changes, words):
    with pytest.raises(NoSuv, match=words):
        suv(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "kinds", "words"),
    [
        ({"PatientSize": None}, {SuvKind.BODY_WEIGHT}, "PatientSize"),
        ({"PatientSize": "175"}, {SuvKind.BODY_WEIGHT}, "175 m"),
        ({"PatientSex": "O"}, {SuvKind.BODY_WEIGHT, SuvKind.BODY_SURFACE}, "sex"),
    ],
)
def test_what_depends_on_more_is_refused_alone(tmp_path, changes, kinds, words):
    found = suv(tmp_path, **changes)
    assert set(found.factors) == kinds
    assert set(found.refused) == set(SuvKind) - kinds
    assert all(words in why for why in found.refused.values())


def test_real_scans_give_the_uptake_worked_out_from_their_headers(test_data: Path):
    folder = test_data / "dicom/breadth/pet"
    (ge,) = scan([folder / "GH184.dcm"], Progress()).stacks()
    seconds = (11 * 3600 + 36) - (9 * 3600 + 32 * 60)
    assert series_suv(ge, Progress()).factors == {
        SuvKind.BODY_WEIGHT: pytest.approx(90_000 / (474592928 * 2 ** (-seconds / 6588))),
        SuvKind.BODY_SURFACE: pytest.approx(0.007184 * 90**0.425 * 170.00000476837**0.725 * 1e4 / (474592928 * 2 ** (-seconds / 6588))),
    }
    (other,) = scan([folder / "1.dcm"], Progress()).stacks()
    seconds = (15 * 3600 + 23 * 60 + 16.921) - (14 * 3600 + 17 * 60)
    assert series_suv(other, Progress()).factors == {
        SuvKind.BODY_WEIGHT: pytest.approx(69_734.4 / (178340011.59668 * 2 ** (-seconds / 6586.2)))
    }
