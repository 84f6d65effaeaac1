#!/usr/bin/env python3
"""Writes docs/licences.md from the metadata of the installed packages; refuses a licence that may not be among them.

Run it in the environment that packaging/test makes with MEDVIEWER_TEST_TRAINING set: .venv/bin/python packaging/licences.py
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
FREE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Zlib|LGPL|MPL|Mozilla", re.IGNORECASE)
COPYLEFT = re.compile(r"(?<!L)A?GPL|Affero", re.IGNORECASE)
HEAD = """\
# Licences of others

medviewer itself is under the Apache License 2.0 (`LICENSE`). The packages below are installed beside it, by pip, from their own authors.
`packaging/licences.py` writes this page from what each package says of itself in its installed metadata.

Some carry more than their own code:

- **PySide6-Essentials**, **PySide6-Addons** and **shiboken6** hold Qt, used here under the LGPL 3.0: unchanged, and replaceable by another
  build. Of the Addons only QtPdf and QtMultimedia are imported; they bring PDFium (BSD) and FFmpeg's libraries, built under the LGPL 2.1.
- **imagecodecs** holds the libraries it decodes with; their permissive licences lie in its folder `imagecodecs/licenses`.
- **imagecodecs**, **numpy**, **scipy**, **scikit-learn** and others hold parts of GCC's runtime (`libgomp`, `libgfortran`), which the GCC
  Runtime Library Exception lets anybody ship, and `libquadmath` (LGPL 2.1).
- **onnxruntime-gpu** lists what it holds in `onnxruntime/ThirdPartyNotices.txt`.

On macOS **onnxruntime** (MIT) stands in for onnxruntime-gpu. NVIDIA's libraries are under NVIDIA's own terms and no part of this project:
the extra `cuda` installs them, and so does PyTorch's build for CUDA, which pip takes for the extra `train` on Linux unless it is told
otherwise. That build also brings **triton** (MIT). The page lists what the build for processors brings.
"""


def licence(package: Distribution) -> str:
    """What a package says of its licence: the expression, else the short text, else the classifiers; empty if nothing."""
    said = package.metadata
    text = said.get("License-Expression") or said.get("License") or ""
    if text and "\n" not in text:
        return text
    prefix = "License :: "
    return ", ".join(
        c.removeprefix(prefix).removeprefix("OSI Approved :: ") for c in said.get_all("Classifier", []) if c.startswith(prefix)
    )


def reached(requirements: Iterable[str]) -> dict[str, Distribution]:
    """The installed packages that these requirements bring, with what those bring in turn, by lower-case name."""
    found: dict[str, Distribution] = {}
    wanted = applying(requirements)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = distribution(name)
            wanted += applying(found[name].requires or ())
    return found


def applying(requirements: Iterable[str]) -> list[str]:
    """The names among requirements that hold on this machine."""
    parsed = (Requirement(text) for text in requirements)
    return [each.name.lower().replace("_", "-") for each in parsed if each.marker is None or each.marker.evaluate({"extra": ""})]


def table(packages: dict[str, Distribution]) -> str:
    rows = ["| package | version | licence |", "| --- | --- | --- |"]
    rows += [f"| {name} | {package.version.partition('+')[0]} | {licence(package)} |" for name, package in sorted(packages.items())]
    return "\n".join(rows) + "\n"


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    try:
        used = reached(project["dependencies"])
        tested = {name: package for name, package in reached(extras["test"]).items() if name not in used}
        built = {name: package for name, package in reached(["hatchling", "editables"]).items() if name not in used | tested}
        training = {name: package for name, package in reached(extras["train"]).items() if name not in used | tested | built}
    except PackageNotFoundError as error:
        sys.stderr.write(f"{error.name} is not installed here. MEDVIEWER_TEST_TRAINING=1 packaging/test installs everything.\n")
        return 1

    refused = [
        f"{name}: {text or 'says nothing'}"
        for name, text in ((name, licence(package)) for name, package in (used | tested | built | training).items())
        if not FREE.search(text) or (COPYLEFT.search(text) and "LGPL" not in text)
    ]
    if refused:
        sys.stderr.write("Licences that may not be among what is installed:\n" + "\n".join(refused) + "\n")
        return 1
    kinds = {
        "With the program": used,
        "For installing from a checkout": built,
        "For the tests": tested,
        "For training, beside those above": training,
    }
    PAGE.write_text("\n".join([HEAD, *(f"## {kind}\n\n{table(packages)}" for kind, packages in kinds.items())]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
