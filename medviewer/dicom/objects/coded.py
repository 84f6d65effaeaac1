"""Codes between the program's words and DICOM's code sequence items (PS3.3 section 8)."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from medviewer.core.codes import LEFT, RIGHT, Code

_UNITS = {
    "mL": "milliliter",
    "mm3": "cubic millimeter",
    "cm3": "cubic centimeter",
    "mm": "millimeter",
    "mm2": "square millimeter",
    "%": "percent",
    "1": "no units",
    "[hnsf'U]": "Hounsfield unit",
}
SIDES = {"left": LEFT, "right": RIGHT}


def concept(code: Code) -> Any:
    """The code as highdicom writes it; meanings longer than LO's 64 characters are cut."""
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning[:64])


def unit_concept(unit: str) -> Any:
    """A UCUM unit as highdicom writes it."""
    return concept(Code(unit, "UCUM", _UNITS.get(unit, unit)))


def code_of(item: Dataset) -> Code:
    """The code of a code sequence item, whichever of the three value attributes holds it; raises ``AttributeError`` without one."""
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.URNCodeValue
    return Code(str(value), str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeMeaning", "")))


def side_of(code: Code) -> str | None:
    """``left`` or ``right`` for a laterality code, None for any other (SNOMED CT, and SNOMED RT of older files)."""
    known = {("7771000", "SCT"): "left", ("24028007", "SCT"): "right", ("G-A101", "SRT"): "left", ("G-A100", "SRT"): "right"}
    return known.get((code.value, code.scheme))
