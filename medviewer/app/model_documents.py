"""What ``medviewer models`` prints as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class InstalledModel(_Strict):
    """One package that can be opened. ``why_not`` : why this program can't run it, null if it can."""

    id: str
    version: str
    name: str
    family: str
    bundled: bool
    folder: str
    sha256: str
    intended_use: str
    license: str
    why_not: str | None = None


class BrokenModel(_Strict):
    """A folder that looks like a package and can't be opened, and why."""

    folder: str
    reason: str


class ModelsDocument(_Strict):
    """What is installed."""

    schema_name: Literal["medviewer/models/1"] = Field("medviewer/models/1", alias="schema")
    models: list[InstalledModel]
    broken: list[BrokenModel]

    def to_json(self) -> str:
        """The document as it is printed."""
        return self.model_dump_json(by_alias=True, indent=2)


class RemarkEntry(_Strict):
    """Something about a package: an error keeps it from being used, a warning doesn't."""

    level: Literal["error", "warning"]
    message: str


class GoldenEntry(_Strict):
    """The package's own input run again: how far each output is from the one it keeps, 0 for the same."""

    passed: bool
    tolerance: float
    differences: dict[str, float]
    provider: str


class CheckedPackage(_Strict):
    """One package that was looked at. ``golden`` : null when it was not run."""

    folder: str
    id: str | None = None
    version: str | None = None
    remarks: list[RemarkEntry]
    golden: GoldenEntry | None = None
    exit_code: int = Field(description="0, 4 for a bad package, 5 for one that fails or computes something else")

    @property
    def ok(self) -> bool:
        """Whether the package can be used."""
        return self.exit_code == 0


class CheckDocument(_Strict):
    """What was found."""

    schema_name: Literal["medviewer/check/1"] = Field("medviewer/check/1", alias="schema")
    ok: bool
    packages: list[CheckedPackage]

    def to_json(self) -> str:
        """The document as it is printed."""
        return self.model_dump_json(by_alias=True, indent=2)

    @property
    def exit_code(self) -> int:
        """That of the worst package."""
        return max((package.exit_code for package in self.packages), default=0)
