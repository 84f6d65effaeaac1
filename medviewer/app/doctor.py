"""What works on this machine, and what to do about what doesn't."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from medviewer.app.display import OFF_SCREEN, reason_against_a_window
from medviewer.app.version import program_commit, program_version
from medviewer.core.errors import MedviewerError
from medviewer.core.progress import Progress

PACKAGES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "pydicom",
    "SimpleITK",
    "onnxruntime-gpu",
    "onnxruntime",
    "numpy",
    "highdicom",
    "imagecodecs",
)
Level = Literal["ok", "note", "lack"]


class Check(BaseModel):
    """One thing that was looked at: what was found, and what to do where something is lacking."""

    model_config = ConfigDict(extra="forbid")
    name: str
    level: Level
    found: str
    advice: str | None = None


class Report(BaseModel):
    """Everything that was looked at."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    schema_name: Literal["medviewer/doctor/1"] = Field("medviewer/doctor/1", alias="schema")
    checks: list[Check]

    def to_json(self) -> str:
        """The document as it is printed."""
        return self.model_dump_json(by_alias=True, indent=2)

    def lines(self) -> Iterator[str]:
        """The report for a person."""
        mark = {"ok": "ok  ", "note": "note", "lack": "LACK"}
        for check in self.checks:
            yield f"{mark[check.level]}  {check.name}: {check.found}"
            if check.advice:
                yield f"      -> {check.advice}"


def examine(progress: Progress) -> Report:
    """Look at versions, display, codecs, models, and every inference provider (checked numerically against the CPU)."""
    checks = [_program(), *_versions(), _display()]
    progress.report(0.2, "Trying the decoders")
    checks += _codecs()
    progress.report(0.4, "Trying the inference providers")
    checks += _providers()
    progress.report(0.9, "Looking at the models")
    checks += _models()
    return Report(schema="medviewer/doctor/1", checks=checks)


def _program() -> Check:
    commit = program_commit()
    where = f"{program_version()}{f' ({commit[:10]})' if commit else ''}, Python {platform.python_version()}, {platform.platform()}"
    return Check(name="medviewer", level="ok", found=where)


def _versions() -> Iterator[Check]:
    for name in PACKAGES:
        try:
            yield Check(name=name, level="ok", found=importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            if not name.startswith("onnxruntime"):
                yield Check(name=name, level="lack", found="not installed", advice="Run packaging/run again, or pip install medviewer.")
    if importlib.util.find_spec("onnxruntime") is None:
        yield Check(name="onnxruntime", level="lack", found="not installed", advice="pip install onnxruntime-gpu (onnxruntime on macOS)")


def _display() -> Check:
    platform_name = os.environ.get("QT_QPA_PLATFORM", "")
    reason = reason_against_a_window()
    if reason is not None:
        return Check(name="display", level="note", found="no window can be opened; the command line works without one", advice=reason)
    if sys.platform == "linux" and platform_name in OFF_SCREEN:
        return Check(name="display", level="note", found=f"QT_QPA_PLATFORM={platform_name}: windows are drawn but not shown")
    return Check(name="display", level="ok", found=os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or sys.platform)


def _codecs() -> Iterator[Check]:
    from medviewer.dicom.codecs.self_test import self_test

    for result in self_test():
        level: Level = "ok" if result.works else "lack"
        advice = None if result.works else "Images in this transfer syntax will be refused; install imagecodecs again."
        yield Check(name=f"decoder {result.name}", level=level, found=result.note, advice=advice)


def _providers() -> Iterator[Check]:
    from medviewer.inference.providers import provider_report

    try:
        for found in provider_report():
            words = found.note
            if found.usable and found.max_abs_diff is not None:
                words = f"usable, differs from CPU by at most {found.max_abs_diff:.1e}. {words}".strip()
            level: Level = "ok" if found.usable else "note"
            advice = (
                None
                if found.usable
                else "Where there is an NVIDIA card, the extra [cuda] adds its libraries: pip install -e '.[cuda]' in the checkout."
            )
            yield Check(name=found.provider, level=level, found=words, advice=advice)
    except MedviewerError as error:
        yield Check(name="inference host", level="lack", found=str(error), advice="Models can't run; see the log file.")


def _models() -> Iterator[Check]:
    from medviewer.app.models import installed_models

    catalogue = installed_models()
    for package in catalogue.packages():
        model = package.manifest.model
        yield Check(name=f"model {model.id}", level="ok", found=f"{model.version}, files as listed")
    for folder, reason in catalogue.broken():
        yield Check(name=f"model {folder.name}", level="lack", found=reason, advice="Remove the folder or install the package again.")
