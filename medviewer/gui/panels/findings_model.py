"""The findings for Qt's view: in groups with a row of their own, or one after the other."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from medviewer.app.finding_groups import FindingGroup
from medviewer.core.finding import Finding
from medviewer.gui.panels.sentences import STATUS_WORDS, confidence_words, count_words, interval_words, notable_words, place_words
from medviewer.gui.plain_text import tip

Index = QModelIndex | QPersistentModelIndex
FINDING = Qt.ItemDataRole.UserRole
"""The row's `Finding`, or None where it is a group's."""
GROUP = Qt.ItemDataRole.UserRole + 1
"""The row's `GroupRow`, or None where it is a finding's."""
IN_GROUP = Qt.ItemDataRole.UserRole + 2
"""Whether the row is a finding below its group's row."""
_NO_INDEX = QModelIndex()


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The row above a group's findings. Folded, only those that stand out are below it."""

    group: FindingGroup
    folded: bool


class FindingsModel(QAbstractListModel):
    """Findings in order; a decision changes a row in place."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Finding | GroupRow, ...] = ()
        self._is_grouped = False

    def show(self, findings: tuple[Finding, ...], groups: tuple[FindingGroup, ...] = (), folded: Set[str] = frozenset()) -> None:
        """Take over the findings; those of ``groups``, if there are any, with the names of the groups that are folded."""
        rows = _grouped(groups, folded) if groups else findings
        if [_key(row) for row in rows] != [_key(row) for row in self._rows] or self._is_grouped != bool(groups):
            self.beginResetModel()
            self._rows, self._is_grouped = rows, bool(groups)
            self.endResetModel()
            return
        old, self._rows = self._rows, rows
        for row, (before, now) in enumerate(zip(old, rows, strict=True)):
            if before != now:
                self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """How many rows there are, those of groups too."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """A group's row can have the keyboard's attention, but it isn't what decisions are about."""
        if index.isValid() and isinstance(self._rows[index.row()], GroupRow):
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A finding or a group, or its words."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if isinstance(row, GroupRow):
            return _of_group(row, role)
        if role == IN_GROUP:
            return self._is_grouped
        return _of_finding(row, role)


def _grouped(groups: tuple[FindingGroup, ...], folded: Set[str]) -> tuple[Finding | GroupRow, ...]:
    rows: list[Finding | GroupRow] = []
    for group in groups:
        is_folded = group.name in folded
        rows += [GroupRow(group, is_folded), *(group.notable if is_folded else group.findings)]
    return tuple(rows)


def _key(row: Finding | GroupRow) -> str:
    return f"group {row.group.name}" if isinstance(row, GroupRow) else f"finding {row.id}"


def _of_group(row: GroupRow, role: int) -> object:
    if role == GROUP:
        return row
    if role == Qt.ItemDataRole.DisplayRole:
        return row.group.name
    if role == Qt.ItemDataRole.AccessibleTextRole:
        words = (count_words(row.group.findings), notable_words(row.group), "folded" if row.folded else "unfolded")
        return f"{row.group.name}, a group: {', '.join(part for part in words if part)}"
    if role == Qt.ItemDataRole.ToolTipRole:
        return tip("\n".join(finding.text for finding in row.group.findings)) if row.folded else None
    return None


def _of_finding(finding: Finding, role: int) -> object:
    if role == FINDING:
        return finding
    if role == Qt.ItemDataRole.DisplayRole:
        return finding.text
    if role == Qt.ItemDataRole.AccessibleTextRole:
        about = (finding.text, place_words(finding), interval_words(finding), confidence_words(finding.confidence))
        said = f"{STATUS_WORDS[finding.status]}: {'. '.join(words for words in about if words)}"
        return f"Stands out. {said}" if finding.notable else said
    if role == Qt.ItemDataRole.ToolTipRole:
        return tip(tooltip(finding))
    return None


def tooltip(finding: Finding) -> str:
    """What there isn't room for in the list."""
    lines = [finding.text, *[words for words in (place_words(finding), interval_words(finding)) if words]]
    lines.append(f"How sure: {confidence_words(finding.confidence)}")
    if finding.original is not None:
        lines.append(f"The model's words: {finding.original}")
    if finding.decision is not None:
        lines.append(f"{STATUS_WORDS[finding.status]} by {finding.decision.by}, {finding.decision.when:%Y-%m-%d %H:%M} UTC")
    if finding.algorithm is not None:
        lines.append(f"{finding.algorithm.name or finding.algorithm.id} {finding.algorithm.version}")
    return "\n".join(lines)
