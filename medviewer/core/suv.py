"""Standardised uptake values: what a PET's activity is divided by, and multiplied with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class SuvKind(StrEnum):
    """What uptake is related to, named as in PS3.16 CID 85."""

    BODY_WEIGHT = "SUVbw"
    LEAN_BODY = "SUVlbm"
    LEAN_BODY_JAMES_128 = "SUVlbm(James128)"
    LEAN_BODY_JANMAHASATIAN = "SUVlbm(Janma)"
    BODY_SURFACE = "SUVbsa"


@dataclass(frozen=True, slots=True)
class Suv:
    """For each kind the factor by which the images' real-world values become that uptake, or why it can't be known.

    stored_unit : of the real-world values as a person writes it (``Bq/mL``, ``counts``). unit : of each kind's values.
    """

    stored_unit: str
    factors: dict[SuvKind, float] = field(default_factory=dict)
    refused: dict[SuvKind, str] = field(default_factory=dict)


class NoSuv(Exception):
    """Uptake can't be computed; the text is a sentence that says why."""


UNITS = {kind: "cm²/mL" if kind is SuvKind.BODY_SURFACE else "g/mL" for kind in SuvKind}


@dataclass(frozen=True, slots=True)
class Body:
    """The patient; None where the file doesn't say. Height in metres, sex ``M`` or ``F``."""

    weight_kg: float | None
    height_m: float | None
    sex: str


def sizes(body: Body) -> tuple[dict[SuvKind, float], dict[SuvKind, str]]:
    """What uptake is multiplied with for each kind, in g (body surface: cm²), and why not for the others.

    Lean body mass by James with the factor 120 for men as QIBA's pseudo-code has it, with 128 as James published it, and
    by Janmahasatian (Clin Pharmacokinet 2005;44:1051); body surface by Du Bois.
    """
    weight, height = body.weight_kg, body.height_m
    found: dict[SuvKind, float] = {}
    if weight is None or weight <= 0:
        return {}, dict.fromkeys(SuvKind, "the patient's weight (PatientWeight) is missing")
    found[SuvKind.BODY_WEIGHT] = weight * 1000
    others = [kind for kind in SuvKind if kind is not SuvKind.BODY_WEIGHT]
    if height is None or height <= 0:
        return found, dict.fromkeys(others, "the patient's height (PatientSize) is missing")
    if not 0.2 <= height <= 2.8:
        return found, dict.fromkeys(others, f"the patient's height (PatientSize) is {height:g} m, which can't be")
    found[SuvKind.BODY_SURFACE] = 0.007184 * weight**0.425 * (height * 100) ** 0.725 * 1e4
    if body.sex not in ("M", "F"):
        lean = [kind for kind in others if kind is not SuvKind.BODY_SURFACE]
        return found, dict.fromkeys(lean, "the patient's sex is neither M nor F, and lean body mass depends on it")
    ratio, mass_index = (weight / (height * 100)) ** 2, weight / height**2
    if body.sex == "M":
        lean_masses = 1.10 * weight - 120 * ratio, 1.10 * weight - 128 * ratio, 9270 * weight / (6680 + 216 * mass_index)
    else:
        lean_masses = 1.07 * weight - 148 * ratio, 1.07 * weight - 148 * ratio, 9270 * weight / (8780 + 244 * mass_index)
    refused = {}
    kinds = SuvKind.LEAN_BODY, SuvKind.LEAN_BODY_JAMES_128, SuvKind.LEAN_BODY_JANMAHASATIAN
    for kind, mass in zip(kinds, lean_masses, strict=True):
        if mass > 0:
            found[kind] = mass * 1000
        else:
            refused[kind] = "James' formula gives no lean body mass for this weight and height"
    return found, refused
