"""Deciding on findings and saving them."""

from __future__ import annotations

from pathlib import Path

from medviewer.app.save import why_not_dicom
from medviewer.gui.desk import Desk
from medviewer.gui.messages import Level

FOLDER = "medviewer-findings"


def edit(desk: Desk) -> None:
    """Ask for other words and use them."""
    finding = desk.findings.current
    if finding is None:
        return
    text = desk.ask.finding_text(finding)
    if text is not None and text != finding.text:
        desk.findings.edit(text)


def accept_all(desk: Desk) -> None:
    """Accept what is still undecided."""
    desk.findings.accept_all()


def accept_group(desk: Desk) -> None:
    """Accept what is still undecided of the current finding's group."""
    group = desk.findings.current_group
    if group is not None:
        desk.findings.accept_group(group)


def reject_group(desk: Desk) -> None:
    """Reject what is still undecided of the current finding's group."""
    group = desk.findings.current_group
    if group is not None:
        desk.findings.reject_group(group)


def fold_groups(desk: Desk) -> None:
    """Fold all groups, or unfold all if they are folded."""
    names = {group.name for group in desk.findings.groups}
    desk.findings.fold_all(not names <= desk.findings.folded)


def undo(desk: Desk) -> None:
    """Take the last decision back."""
    desk.session.decisions.undo()


def redo(desk: Desk) -> None:
    """Make the decision again."""
    desk.session.decisions.redo()


def save(desk: Desk) -> None:
    """Ask where, and write what was accepted into a new folder there."""
    analysis = desk.findings.analysis_id
    if analysis is None:
        return
    parent = desk.ask.folder("Save accepted findings: a new folder is made in the one you choose")
    if parent is not None:
        desk.session.save(analysis, new_folder(parent))
        desk.tell(Level.INFO, "Writing the accepted findings, then reading them back to check them…")


def new_folder(parent: Path) -> Path:
    """A folder that isn't there yet; an empty one the reader chose is used as it is."""
    if parent.is_dir() and not any(parent.iterdir()):
        return parent
    number = 1
    while (folder := parent / (FOLDER if number == 1 else f"{FOLDER}-{number}")).exists():
        number += 1
    return folder


def no_findings(desk: Desk) -> str | None:
    """Needs findings."""
    return None if desk.findings.findings else "There are no findings; run a model first."


def no_current(desk: Desk) -> str | None:
    """Needs a current finding."""
    if not desk.findings.findings:
        return "There are no findings; run a model first."
    return None if desk.findings.current is not None else "Choose a finding first (J and K go through the list)."


def no_groups(desk: Desk) -> str | None:
    """Needs a list in groups."""
    if not desk.findings.findings:
        return "There are no findings; run a model first."
    return None if desk.findings.groups else "The findings aren't listed by region."


def nothing_undecided_in_group(desk: Desk) -> str | None:
    """Needs a current finding whose group has one without a decision."""
    refused = no_groups(desk) or no_current(desk)
    if refused is not None:
        return refused
    group = desk.findings.current_group
    return None if group is not None and group.undecided else "Every finding of this group has been decided on."


def nothing_undecided(desk: Desk) -> str | None:
    """Needs a finding without a decision."""
    if not desk.findings.findings:
        return "There are no findings; run a model first."
    return None if any(f.decision is None for f in desk.findings.findings) else "Every finding has been decided on."


def nothing_accepted(desk: Desk) -> str | None:
    """Needs an accepted finding on DICOM images."""
    analysis = desk.display.analysis
    refused = why_not_dicom(analysis) if analysis is not None else None
    if refused is not None:
        return refused
    return None if desk.findings.accepted_count else "Nothing has been accepted yet, so there is nothing to save."


def nothing_to_undo(desk: Desk) -> str | None:
    """Needs a decision to take back."""
    return None if desk.session.decisions.can_undo else "There is no decision to take back."


def nothing_to_redo(desk: Desk) -> str | None:
    """Needs a decision that was taken back."""
    return None if desk.session.decisions.can_redo else "There is no decision to make again."
