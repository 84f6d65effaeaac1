"""Reports as values, compared item by item with what DCMTK's dsrdump reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from medviewer.dicom.objects.sr_content import ContentItem, report_of
from medviewer.gui.documents.report_html import closed_at_first, report_html
from medviewer.gui.documents.report_style import PAPER, Style
from medviewer.gui.documents.report_words import unit_words

LINE = re.compile(r"^(?P<indent> *)<(?P<body>.*)>(?: \{[^}]*\})?(?: # .*)?$")
TYPES = "CONTAINER|TEXT|CODE|NUM|DATETIME|DATE|TIME|UIDREF|PNAME|SCOORD3D|SCOORD|TCOORD|COMPOSITE|IMAGE|WAVEFORM"
BODY = re.compile(
    rf"^(?P<relation>[a-z ]*?) ?(?P<type>{TYPES}):(?:\((?P<code>[^,]*),(?P<scheme>[^,]*),\"(?P<meaning>.*?)\"\))?=(?P<value>.*)$", re.S
)
REFERRING = re.compile(r"^(?P<relation>[a-z ]+) (?P<target>[\d.]+)$")
RELATIONS = {
    "contains": "CONTAINS",
    "has obs context": "HAS OBS CONTEXT",
    "has acq context": "HAS ACQ CONTEXT",
    "has concept mod": "HAS CONCEPT MOD",
    "has properties": "HAS PROPERTIES",
    "inferred from": "INFERRED FROM",
    "selected from": "SELECTED FROM",
    "": "",
}


def dumped(path: Path) -> list[tuple[int, str, str, str, str]]:
    """(depth, relationship, type, concept's meaning, value) of each item as dsrdump prints it."""
    program = shutil.which("dsrdump")
    if program is None:
        pytest.skip("dsrdump isn't installed")
    options = ["-q", "+Pl", "+Pc", "+Psu", "+Pu", "+U8", "-Ph", "-Er", "-Ev", "-Ec", "-Ee", "-Dv"]
    run = subprocess.run([program, *options, str(path)], capture_output=True, check=True)
    found = []
    for line in run.stdout.decode("utf-8").split("\n"):
        match = LINE.match(line)
        if match is None:
            continue
        depth, body = len(match["indent"]) // 2, match["body"]
        referring = REFERRING.match(body)
        if referring is not None:
            found.append((depth, RELATIONS[referring["relation"]], "", "", referring["target"]))
            continue
        item = BODY.match(body)
        assert item is not None, body
        value = "" if item["type"] == "CONTAINER" else item["value"]
        found.append((depth, RELATIONS[item["relation"]], item["type"], item["meaning"] or "", value))
    return found


def ours(path: Path) -> list[tuple[int, str, str, str, str]]:
    report = report_of(dcmread(path, force=True))
    return [
        (item.position.count("."), item.relationship, item.value_type, item.concept.meaning if item.concept else "", written(item))
        for item in report.root.walk()
    ]


def written(item: ContentItem) -> str:
    """The value in dsrdump's notation."""
    if item.target:
        return item.target
    if item.quantity is not None:
        unit = item.quantity.unit
        return f'"{item.quantity.value}" ({unit.value},{unit.scheme},"{unit.meaning}")' if unit else "empty"
    if item.code is not None:
        return f'({item.code.value},{item.code.scheme},"{item.code.meaning}")'
    if item.coordinates is not None:
        points = ",".join("/".join(f"{n:g}" if isinstance(n, float) else f"{float(n):g}" for n in p) for p in item.coordinates.points)
        return f"({item.coordinates.graphic},{points})"
    if item.references:
        reference = item.references[0]
        parts = [f'"{reference.sop_class_uid}"', f'"{reference.sop_instance_uid}"']
        if reference.frames:
            parts.append(",".join(str(n) for n in reference.frames))
        if reference.channels:
            parts += [f"{group}/{channel}" for group, channel in reference.channels]
        return f"({','.join(parts)})"
    if item.value_type == "CONTAINER":
        return ""
    return '"' + item.text.replace("\r", "\\r").replace("\n", "\\n") + '"'


def normal(value: str) -> str:
    """Without what the two write differently on purpose: presentation states, empty parts, frames of reference."""
    first = re.sub(r",\(\"1\.2\.840\.10008\.5\.1\.4\.1\.1\.11[^)]*\)", "", value)
    return first.replace(",,", ",").replace(",)", ")")


REPORTS = ["test-SR.dcm", "reportsi.dcm", "reportsi_with_empty_number_tags.dcm"]


@pytest.mark.parametrize("name", REPORTS)
def test_content_is_what_dsrdump_reads(name: str) -> None:
    path = Path(get_testdata_file(name, download=False))
    expected, found = dumped(path), ours(path)
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a[:4] == b[:4]
        assert normal(a[4]) == normal(b[4])


def test_content_of_real_reports_is_what_dsrdump_reads(test_data: Path) -> None:
    breadth = test_data / "dicom" / "breadth"
    paths = [
        *sorted((breadth / "sr").glob("sr*.dcm")),
        breadth / "charsets" / "MarekLatin2.dcm",
        breadth / "generated" / "key_object_selection_of_ct_image.dcm",
    ]
    assert len(paths) == 10
    for path in paths:
        expected, found = dumped(path), ours(path)
        assert [a[:4] for a in found] == [b[:4] for b in expected], path.name
        for a, b in zip(found, expected, strict=True):
            if a[2] not in ("SCOORD", "SCOORD3D", "TCOORD"):
                assert normal(a[4]) == normal(b[4]), path.name


def item(kind: str, meaning: str, relationship: str = "CONTAINS", **values: object) -> Dataset:
    ds = Dataset()
    ds.ValueType, ds.RelationshipType = kind, relationship
    name = Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "1", "99TEST", meaning
    ds.ConceptNameCodeSequence = [name]
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def report(*items: Dataset, **values: object) -> Dataset:
    ds = item("CONTAINER", "A title", ContentSequence=list(items), **values)
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    return ds


def test_what_a_report_holds_can_not_become_markup() -> None:
    nasty = "<img src='http://example.org/x.png'><script>1</script> & \"'"
    html = report_html(report_of(report(item("TEXT", nasty, TextValue=nasty))), Style())
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2


def test_a_number_without_a_value_says_why() -> None:
    why = Dataset()
    why.CodeValue, why.CodingSchemeDesignator, why.CodeMeaning = "114009", "DCM", "Value out of range"
    html = report_html(report_of(report(item("NUM", "Length", MeasuredValueSequence=[], NumericValueQualifierCodeSequence=[why]))), Style())
    assert "no value" in html
    assert "Value out of range" in html


def test_a_measurement_keeps_its_name_even_where_the_writer_calls_everything_continuous() -> None:
    measured, unit = Dataset(), Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "mm2", "UCUM", "square millimeter"
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "12.5", [unit]
    group = item(
        "CONTAINER",
        "Group",
        ContinuityOfContent="CONTINUOUS",
        ContentSequence=[item("NUM", "Area of region", MeasuredValueSequence=[measured])],
    )
    html = report_html(report_of(report(group)), Style())
    assert "Area of region" in html
    assert "<b>12.5</b> mm²" in html


def test_status_says_whether_somebody_vouches_for_it() -> None:
    observer = Dataset()
    observer.VerifyingObserverName, observer.VerifyingOrganization, observer.VerificationDateTime = "Doe^Jane", "Clinic", "20260102030405"
    verified = report(CompletionFlag="COMPLETE", VerificationFlag="VERIFIED", VerifyingObserverSequence=[observer])
    assert "Verified by Doe, Jane, Clinic, 2026-01-02 03:04" in report_html(report_of(verified), Style())
    assert "Not verified" in report_html(report_of(report(CompletionFlag="PARTIAL", VerificationFlag="UNVERIFIED")), Style())


def test_a_reference_leads_to_an_image_only_if_it_is_open() -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    reference.ReferencedFrameNumber = [4, 7]
    found = report_of(report(item("IMAGE", "Source", ReferencedSOPSequence=[reference])))
    html = report_html(found, Style(where=lambda uid, frame: "series 4, image 9" if (uid, frame) == ("1.2.3", 7) else None))
    assert "href='image:1.2.3/7'" in html
    assert "series 4, image 9" in html
    assert "href='image:1.2.3/4'" not in html
    assert "href" not in report_html(found, Style(where=lambda *_: "here", links=False, ink=PAPER))


def test_damage_costs_only_its_item() -> None:
    bad = item("NUM", "Broken", MeasuredValueSequence=[])
    bad.ValueType = ""
    html = report_html(report_of(report(bad, item("TEXT", "After", TextValue="still here"))), Style())
    assert "still here" in html
    assert "doesn&#x27;t say what kind" in html


def test_deep_nesting_ends_with_a_sentence() -> None:
    inner = item("TEXT", "deepest", TextValue="unseen")
    for _ in range(60):
        inner = item("CONTAINER", "level", ContentSequence=[inner])
    items = list(report_of(report(inner)).root.walk())
    assert "left out" in items[-1].problem


def test_many_alike_containers_begin_closed_and_few_do_not() -> None:
    values = [item("TEXT", f"value {n}", TextValue="x") for n in range(40)]
    many = report(*(item("CONTAINER", "Event", ContentSequence=values) for _ in range(10)))
    assert len(closed_at_first(report_of(many))) == 10
    assert closed_at_first(report_of(report(item("CONTAINER", "Event", ContentSequence=values)))) == frozenset()


@pytest.mark.parametrize(
    ("code", "words"), [("mm2", "mm²"), ("cm3", "cm³"), ("1", ""), ("mGy.cm", "mGy.cm"), ("[hnsf'U]", "Hounsfield unit")]
)
def test_units_read_as_people_write_them(code: str, words: str) -> None:
    from medviewer.core.codes import Code

    assert unit_words(Code(code, "UCUM", "Hounsfield unit")) == words
