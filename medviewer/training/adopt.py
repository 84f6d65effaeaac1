"""Putting what a validation found into the package it judged: card, plots, figures, the heatmap's verdict, volume intervals.

``python -m medviewer.training.adopt PACKAGE VALIDATION`` changes a package in place; the network isn't touched.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tomllib
from pathlib import Path

from medviewer.core.errors import BadPackage, MedviewerError
from medviewer.models.manifest import MANIFEST_NAME
from medviewer.models.package import open_package
from medviewer.training.validation.figures import read_figures
from medviewer.training.validation.report import manifest_additions

_CARD = re.compile(r"^(\s*card\s*=\s*\{.*?sha256\s*=\s*\")[0-9a-f]{64}(\".*)$", re.MULTILINE)
_HEADER = re.compile(r"^\s*\[")


def adopt(package: Path, report: Path) -> None:
    """Take over a validation's report. Raises `BadPackage` when it is of another network; the package then stays as it was."""
    figures = read_figures(report / "figures.json")
    opened = open_package(package)
    if figures.model.sha256 != opened.sha256:
        raise BadPackage(f"{report} judged another network than {package} has; validate this one.")
    manifest = package / MANIFEST_NAME
    before = manifest.read_text(encoding="utf-8")
    card = (report / "card.md").read_bytes()
    old_card = (package / "card.md").read_bytes() if (package / "card.md").is_file() else b""
    text = merged(before, manifest_additions(figures), hashlib.sha256(card).hexdigest())
    try:
        (package / "card.md").write_bytes(card)
        manifest.write_text(text, encoding="utf-8")
        open_package(package)
    except MedviewerError:
        (package / "card.md").write_bytes(old_card)
        manifest.write_text(before, encoding="utf-8")
        raise
    for old in package.glob("plot-*.svg"):
        old.unlink()
    for path in (report / "figures.json", *report.glob("plot-*.svg")):
        shutil.copyfile(path, package / path.name)


def merged(manifest: str, additions: str, card_sha256: str) -> str:
    """A manifest's text with the card's digest, the explanation's verdict and the volume intervals replaced."""
    text, found = _CARD.subn(rf"\g<1>{card_sha256}\g<2>", manifest)
    if not found:
        raise BadPackage("The manifest names no card: give [files] a card with its sha256 on one line.")
    new = tomllib.loads(additions)
    sections = _sections(text)
    if "explanation" in new:
        _set_verdict(sections, _sections(additions))
    if "calibration" in new:
        sections = [s for s in sections if not s[0].strip().startswith("[[calibration.volume]]")]
        sections[-1] = [*sections[-1], ""] if sections[-1][-1].strip() else sections[-1]
        sections += [s for s in _sections(additions) if s[0].strip().startswith("[[calibration.volume]]")]
    return "\n".join(line for section in sections for line in section).rstrip() + "\n"


def _sections(text: str) -> list[list[str]]:
    """Lines, cut before every table's header; what comes before the first one is a section too.

    Lines inside a bracketed value that begin with a bracket are no headers.
    """
    sections: list[list[str]] = [[]]
    depth = 0
    for line in text.splitlines():
        if depth == 0 and _HEADER.match(line):
            sections.append([])
        else:
            plain = re.sub(r'"[^"]*"', "", line).split("#")[0]
            depth += plain.count("[") - plain.count("]")
        sections[-1].append(line)
    return [section for section in sections if section]


def _set_verdict(sections: list[list[str]], additions: list[list[str]]) -> None:
    new = [line for section in additions if section[0].strip() == "[explanation]" for line in section[1:] if line.strip()]
    for section in sections:
        if section[0].strip() == "[explanation]":
            kept = [line for line in section if not re.match(r"\s*(verdict|show)\s*=", line)]
            while kept and not kept[-1].strip():
                kept.pop()
            section[:] = [*kept, *new, ""]
            return
    raise BadPackage("The manifest has no [explanation], so there is no heatmap to say anything of.")


def main() -> None:
    """The command."""
    if len(sys.argv) != 3:
        sys.stderr.write("python -m medviewer.training.adopt PACKAGE VALIDATION\n")
        sys.exit(2)
    try:
        adopt(Path(sys.argv[1]), Path(sys.argv[2]))
    except MedviewerError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
