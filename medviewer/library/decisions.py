"""Decisions on findings, stored the moment they are made, so that a crash or a restart loses none."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from medviewer.core.finding import Decision, Finding, Status
from medviewer.library.audit import pseudonym
from medviewer.library.paths import home_folder

log = logging.getLogger(__name__)


def _file(series_uid: str, model_sha256: str) -> Path:
    folder = home_folder() / "decisions"
    folder.mkdir(exist_ok=True)
    return folder / f"{pseudonym(series_uid)}-{model_sha256[:16]}.json"


def store(series_uid: str, model_sha256: str, findings: tuple[Finding, ...]) -> None:
    """Keep what was decided on the findings of one model on one series."""
    rows = [
        {
            "id": finding.id,
            "proposed": finding.original if finding.original is not None else finding.text,
            "text": finding.text,
            "status": finding.status.value,
            "by": finding.decision.by,
            "when": finding.decision.when.isoformat(),
        }
        for finding in findings
        if finding.decision is not None
    ]
    path = _file(series_uid, model_sha256)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)


def restore(series_uid: str, model_sha256: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Put earlier decisions back onto the same findings.

    A finding whose words have changed since (another input, another result) stays proposed.
    """
    path = _file(series_uid, model_sha256)
    if not path.exists():
        return findings
    try:
        rows = {row["id"]: row for row in json.loads(path.read_text(encoding="utf-8"))}
        return tuple(_restored(finding, rows.get(finding.id)) for finding in findings)
    except (ValueError, KeyError, TypeError):
        log.warning("A file of decisions was not readable and has been set aside")
        path.replace(path.with_suffix(".broken"))
        return findings


def _restored(finding: Finding, row: dict[str, str] | None) -> Finding:
    if row is None or row["proposed"] != finding.text:
        return finding
    decision = Decision(row["by"], datetime.fromisoformat(row["when"]))
    original = row["proposed"] if row["text"] != row["proposed"] else None
    return replace(finding, text=row["text"], original=original, status=Status(row["status"]), decision=decision)
