"""Rows of the command table about findings: going through them, and answering."""

from __future__ import annotations

from medviewer.gui.actions import findings
from medviewer.gui.commands.command import Command, Menu


def finding_commands() -> list[Command]:
    """Deciding."""
    menu, apart = Menu.FINDINGS, findings.no_groups
    return [
        Command("finding.next", "Next finding", lambda d: d.findings.step(1), menu, ("J",), refuse=findings.no_findings),
        Command("finding.previous", "Previous finding", lambda d: d.findings.step(-1), menu, ("K",), refuse=findings.no_findings),
        Command("finding.next-group", "Next region's findings", lambda d: d.findings.step_group(1), menu, ("Shift+J",), refuse=apart),
        Command(
            "finding.previous-group",
            "Previous region's findings",
            lambda d: d.findings.step_group(-1),
            menu,
            ("Shift+K",),
            refuse=apart,
        ),
        Command("finding.fold-groups", "Fold or unfold all regions", findings.fold_groups, menu, ("Shift+R",), refuse=apart),
        *_answers(menu),
        Command(
            "finding.accept-group",
            "Accept the region's undecided findings",
            findings.accept_group,
            menu,
            ("Shift+A",),
            refuse=findings.nothing_undecided_in_group,
            group=1,
        ),
        Command(
            "finding.reject-group",
            "Reject the region's undecided findings",
            findings.reject_group,
            menu,
            ("Shift+X",),
            refuse=findings.nothing_undecided_in_group,
            group=1,
        ),
        Command(
            "finding.accept-all",
            "Accept all undecided findings",
            findings.accept_all,
            menu,
            ("Ctrl+Shift+A",),
            short="Accept all",
            refuse=findings.nothing_undecided,
            group=1,
        ),
        Command(
            "edit.undo", "Undo the last decision", findings.undo, menu, ("Ctrl+Z",), refuse=findings.nothing_to_undo, icon="undo", group=2
        ),
        Command(
            "edit.redo", "Redo the decision", findings.redo, menu, ("Ctrl+Shift+Z",), refuse=findings.nothing_to_redo, icon="redo", group=2
        ),
        Command(
            "finding.save",
            "Save accepted findings…",
            findings.save,
            menu,
            ("Ctrl+S",),
            short="Save…",
            refuse=findings.nothing_accepted,
            icon="save",
            group=3,
        ),
    ]


def _answers(menu: Menu) -> list[Command]:
    """The three answers to a finding."""
    none, accept, reject = findings.no_current, lambda d: d.findings.accept(), lambda d: d.findings.reject()
    return [
        Command("finding.accept", "Accept the finding", accept, menu, ("A",), refuse=none, icon="tick", group=1, short="Accept"),
        Command(
            "finding.edit",
            "Not quite: put the finding into your own words…",
            findings.edit,
            menu,
            ("E",),
            refuse=none,
            icon="pencil",
            group=1,
            short="Not quite…",
        ),
        Command("finding.reject", "Reject the finding", reject, menu, ("X",), refuse=none, icon="cross", group=1, short="Reject"),
    ]
