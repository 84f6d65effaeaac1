"""Names and descriptions in every character set of PS3.5, against its annexes' examples and pydicom."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.charset import decode_bytes

from medviewer.dicom import tags
from medviewer.dicom.charsets import character_set, decoded
from medviewer.dicom.element_values import Elements
from medviewer.dicom.header import read_header

CHARSET_FILES = Path(pydicom.__file__).parent / "data" / "charset_files"


def read(raw: bytes, declared: str, tag: int = tags.PATIENT_NAME) -> tuple[str, bool]:
    elements = Elements()
    elements.values = {tag: raw, tags.SPECIFIC_CHARACTER_SET: declared.encode()}
    return decoded(elements, tag, character_set(elements))


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        pytest.param("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
                     "Yamada^Tarou=山田^太郎=やまだ^たろう", id="H.3.1"),
        pytest.param("ISO 2022 IR 13\\ISO 2022 IR 87",
                     b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
                     "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", id="H.3.2"),
        pytest.param("\\ISO 2022 IR 149",
                     b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
                     "Hong^Gildong=洪^吉洞=홍^길동", id="I.2"),
        pytest.param("ISO_IR 192", b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=", "Wang^XiaoDong=王^小東=", id="J.1"),
        pytest.param("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东=", id="J.3"),
        pytest.param("\\ISO 2022 IR 58", b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=", "Zhang^XiaoDong=张^小东=", id="K.2"),
    ],
)  # fmt: skip
def test_examples_of_the_standard_are_read(declared: str, raw: bytes, text: str) -> None:
    assert read(raw, declared) == (text, True)


def test_long_text_returns_to_its_first_set_at_each_line() -> None:
    """PS3.5 K.3."""
    raw = (
        b"1) \x1b$)A\xd6\xd0\xce\xc4\r\n2) The second line includes \x1b$)A\xd6\xd0\xce\xc4 too.\r\n"
        b"3) The third line \xd6\xd0 doesn't say so."
    )
    text, is_right = read(raw[: raw.index(b"3)")], "\\ISO 2022 IR 58", tags.SERIES_DESCRIPTION)
    assert (text, is_right) == ("1) 中文\r\n2) The second line includes 中文 too.", True)
    assert read(raw, "\\ISO 2022 IR 58", tags.SERIES_DESCRIPTION)[1] is False


SINGLE = {
    "ISO_IR 100": "Äneas^Rüdiger", "ISO_IR 101": "Łukasz^Żółć", "ISO_IR 109": "Ġużeppa^Ħ", "ISO_IR 110": "Ģirts^Ķ",
    "ISO_IR 126": "Διονυσιος^Ω",
    "ISO_IR 127": "قباني^لنزار", "ISO_IR 138": "שרון^דבורה", "ISO_IR 144": "Люксембург^Ё", "ISO_IR 148": "Çelik^Şükrü",
    "ISO_IR 166": "นามสกุล^ชื่อ",
    "ISO_IR 13": "ﾔﾏﾀﾞ^ﾀﾛｳ", "ISO_IR 203": "Žižka^Œ€", "ISO_IR 192": "混^합=Ж", "GBK": "张^小东", "GB18030": "张^小东",
}  # fmt: skip


@pytest.mark.parametrize("declared", SINGLE)
def test_sets_without_escapes_are_read_as_pydicom_writes_them(declared: str) -> None:
    codec = pydicom.charset.python_encoding.get(declared, "iso8859-15")
    assert read(SINGLE[declared].encode(codec), declared) == (SINGLE[declared], True)


@pytest.mark.parametrize("number", [100, 101, 109, 110, 126, 127, 138, 144, 148, 166])
def test_single_byte_sets_are_switched_to_by_escapes_as_pydicom_does(number: int) -> None:
    name = f"ISO 2022 IR {number}"
    codec = pydicom.charset.python_encoding[name]
    finals = {100: b"A", 101: b"B", 109: b"C", 110: b"D", 144: b"L", 127: b"G", 126: b"F", 138: b"H", 148: b"M", 166: b"T"}
    raw = b"first^\x1b-" + finals[number] + SINGLE[f"ISO_IR {number}"].split("^")[0].encode(codec)
    text, is_right = read(raw, f"\\{name}")
    assert is_right
    assert text == decode_bytes(raw, ["iso8859", codec], {"\\", "^", "="})


def test_set_returns_to_the_first_at_name_delimiters_and_not_in_other_text() -> None:
    raw = b"\x1b$)C\xb1\xe6^\xb1\xe6"
    assert read(raw, "\\ISO 2022 IR 149")[1] is False
    assert read(raw, "\\ISO 2022 IR 149", tags.SERIES_DESCRIPTION) == ("길^길", True)


def test_delimiters_inside_double_byte_characters_are_parts_of_them() -> None:
    kanji = "表^曜=申\\"  # bytes 0x5C, 0x5E, 0x3D occur in JIS codes
    raw = b"".join(b"\x1b$B" + part.encode("iso2022_jp")[3:-3] + b"\x1b(B" if not part.isascii() else part.encode() for part in kanji)
    assert read(raw, "\\ISO 2022 IR 87")[0] == kanji


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        ("", "Müller^Jörg".encode(), "Müller^Jörg"),  # UTF-8, undeclared
        ("ISO_IR 100", "Müller^Jörg".encode(), "Müller^Jörg"),  # UTF-8, declared Latin-1
        ("", "Müller^Jörg".encode("latin-1"), "Müller^Jörg"),  # Latin-1, undeclared
        ("ISO_IR 192", "Müller^Jörg".encode("latin-1"), "Müller^Jörg"),  # Latin-1, declared UTF-8
        ("\\ISO 2022 IR 149", b"\xb1\xe6\xb5\xbf", "길동"),  # without the escape it needs
        ("ISO_IR 999", "Müller".encode(), "Müller"),  # a set nobody knows
        ("ISO_IR 192", b"\xff\x1b[31m", "ÿ[31m"),
        ("\\ISO 2022 IR 87", b"\x1b$B;", "$B;"),  # ends inside a character
    ],
)
def test_wrong_or_missing_declarations_give_the_best_guess_and_a_warning(declared: str, raw: bytes, text: str) -> None:
    assert read(raw, declared) == (text, False)


@pytest.mark.parametrize("spelling", ["ISO_IR 192", "ISO IR 192", "ISO_IR_192", "iso_ir 192 ", "ISO-IR 192", "ISO_IR192", "UTF-8"])
def test_declarations_are_understood_however_they_are_spelled(spelling: str) -> None:
    assert read("山田".encode(), spelling) == ("山田", True)


@pytest.mark.parametrize("path", sorted(CHARSET_FILES.glob("*.dcm")), ids=lambda path: path.name)
def test_names_are_those_that_pydicom_reads(path: Path) -> None:
    with path.open("rb") as file:
        elements = read_header(file, path.stat().st_size).elements
    ds = pydicom.dcmread(path)
    names = ds.get("PatientName", "")
    theirs = "\\".join(map(str, names)) if isinstance(names, pydicom.multival.MultiValue) else str(names)
    text, is_right = decoded(elements, tags.PATIENT_NAME, character_set(elements))
    assert (text.rstrip("="), is_right) == (theirs.rstrip("="), True)


def test_item_has_the_set_it_declares_and_else_that_of_the_data_set() -> None:
    item, silent = Elements(), Elements()
    item.values = {tags.SPECIFIC_CHARACTER_SET: b"ISO_IR 192", tags.SERIES_DESCRIPTION: "é".encode()}
    silent.values = {tags.SERIES_DESCRIPTION: b"\xe9"}
    outer = ("100",)
    assert decoded(item, tags.SERIES_DESCRIPTION, character_set(item, outer)) == ("é", True)
    assert decoded(silent, tags.SERIES_DESCRIPTION, character_set(silent, outer)) == ("é", True)


def test_polish_report_has_the_texts_of_its_json(test_data: Path) -> None:
    folder = test_data / "dicom" / "breadth" / "charsets"
    expected = (folder / "MarekLatin2.json").read_text(encoding="utf-8")
    content = (folder / "MarekLatin2.dcm").read_bytes()
    with (folder / "MarekLatin2.dcm").open("rb") as file:
        charset = character_set(read_header(file, len(content)).elements)
    for raw in (b"Oddzia\xb3", b"J\xeazyk tre\xb6ci", b"Imi\xea i Nazwisko osoby opisuj\xb1cej"):
        assert raw in content
        item = Elements()
        item.values = {tags.SERIES_DESCRIPTION: raw}
        text, is_right = decoded(item, tags.SERIES_DESCRIPTION, character_set(item, charset))
        assert is_right
        assert f'"{text}"' in expected
