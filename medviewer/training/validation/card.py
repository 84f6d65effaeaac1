"""The model card, made from ``figures.json`` alone: sections after Mitchell (2019, Model Cards), tables as printed, CLAIM."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medviewer.core.errors import BadPackage
from medviewer.training.validation.claim import claim_rows
from medviewer.training.validation.figures import Figures
from medviewer.training.validation.tables import tables_of

ABOUT_NAME = "card.toml"
SECTIONS = (
    "details",
    "intended_use",
    "factors",
    "caveats",
    "data",
    "training",
    "ethics",
    "acquisition",
    "reference",
    "exclusions",
    "deidentification",
    "missing_data",
    "raters",
    "sample_size",
    "ensembling",
    "implications",
    "confidence",
)
"""What a ``card.toml`` may say; all of it is optional, and what is missing is "not done" in the checklist."""


def read_about(path: Path, facts: Mapping[str, Any]) -> dict[str, str]:
    """The sections of a ``card.toml`` whose ``{names}`` are filled in from ``facts``; empty without a file.

    A name that nobody recorded becomes "(not recorded)". Raises `BadPackage` for a section that no card has.
    """
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPackage(f"{path} is not valid TOML: {error}.") from error
    unknown = sorted(set(content) - set(SECTIONS))
    if unknown:
        raise BadPackage(f"{path}: the card has no section {', '.join(unknown)}; it has {', '.join(SECTIONS)}.")
    try:
        return {name: str(text).strip().format_map(_Recorded(facts)) for name, text in content.items()}
    except (IndexError, ValueError) as error:
        raise BadPackage(f"{path}: braces hold a plain name, such as {{seed}} ({error}).") from error


class _Recorded(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "(not recorded)"


def card_text(figures: Figures, plots: Sequence[str] = ()) -> str:
    """The card as Markdown. plots : file names beside the card."""
    about = figures.about
    parts = [
        f"# {figures.model.name}",
        "## Details",
        about.get("details", ""),
        _facts(figures),
        "## Intended use",
        about.get("intended_use") or f"{figures.model.intended_use.capitalize()}. **Not for diagnosis.**",
        *_section(about, "factors", "## Factors"),
        "## Metrics and evaluation data",
        _evaluation(figures),
        "## Results",
        *(table.as_markdown() for table in tables_of(figures)),
        *(f"![{name.removesuffix('.svg')}]({name})" for name in plots),
        *_section(about, "confidence", "## Confidence"),
        *_section(about, "data", "## Training data"),
        *_section(about, "ethics", "## Ethical considerations"),
        *_section(about, "caveats", "## Caveats"),
        *_not_done(figures),
        "## CLAIM",
        "Checklist for Artificial Intelligence in Medical Imaging (2024), in our words.",
        "\n".join(["| item | here |", "| --- | --- |", *(f"| {item} | {_cell(answer)} |" for item, answer in claim_rows(figures))]),
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def write_card(figures: Figures, path: Path, plots: Sequence[str] = ()) -> None:
    """Write ``card.md``."""
    path.write_text(card_text(figures, plots), encoding="utf-8")


def _facts(figures: Figures) -> str:
    model = figures.model
    licences = "; ".join(f"{what}: {text}" for what, text in model.licenses.items() if text)
    lines = [
        f"- `{model.id}` {model.version}, family {model.family}, network SHA-256 `{model.sha256[:16]}…`",
        f"- {model.input}" if model.input else "",
        f"- Licences: {licences}" if licences else "",
        *(f"- {name.replace('_', ' ')}: {value}" for name, value in figures.provenance.items() if isinstance(value, int | float | str)),
    ]
    return "\n".join(line for line in lines if line)


def _evaluation(figures: Figures) -> str:
    data = figures.data
    kind = {
        "synthetic": "**These are synthetic images**: the figures say how well it undoes the synthesis, not how it does on patients.",
        "pairs": "Acquired images with drawn references; predictions are those of the program's own `analyze`, on each image's grid.",
        "pictures": "Pictures prepared by the program's own code.",
    }[data.kind]
    seed = f" Seed {data.seed}." if data.seed is not None else ""
    return (
        f"{data.images:,} images of {data.patients:,} people ({data.name}; digest of the data `{data.sha256[:16]}…`). {kind}\n"
        f"{data.kept_apart}{seed} Values in brackets are 95 % intervals by drawing people with replacement, 2,000 times.\n"
        f"Measured {figures.created[:10]}."
    )


def _section(about: Mapping[str, str], key: str, title: str) -> list[str]:
    return [title, about[key]] if about.get(key) else []


def _not_done(figures: Figures) -> list[str]:
    return ["## Not measured", "\n".join(f"- {line}" for line in figures.not_done)] if figures.not_done else []


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
