"""The findings for Qt's view."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from medviewer.core.finding import Finding
from medviewer.gui.panels.sentences import STATUS_WORDS, confidence_words, interval_words, place_words
from medviewer.gui.plain_text import tip

Index = QModelIndex | QPersistentModelIndex
FINDING = Qt.ItemDataRole.UserRole
_NO_INDEX = QModelIndex()


class FindingsModel(QAbstractListModel):
    """Findings in order; a decision changes a row in place."""

    def __init__(self) -> None:
        super().__init__()
        self._findings: tuple[Finding, ...] = ()

    def show(self, findings: tuple[Finding, ...]) -> None:
        """Take over the findings."""
        if [f.id for f in findings] != [f.id for f in self._findings]:
            self.beginResetModel()
            self._findings = findings
            self.endResetModel()
            return
        old, self._findings = self._findings, findings
        for row, (before, now) in enumerate(zip(old, findings, strict=True)):
            if before != now:
                self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """How many findings there are."""
        return 0 if parent.isValid() else len(self._findings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A finding or its words."""
        if not index.isValid():
            return None
        finding = self._findings[index.row()]
        if role == FINDING:
            return finding
        if role == Qt.ItemDataRole.DisplayRole:
            return finding.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            about = (finding.text, place_words(finding), interval_words(finding), confidence_words(finding.confidence))
            return f"{STATUS_WORDS[finding.status]}: {'. '.join(words for words in about if words)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(tooltip(finding))
        return None


def tooltip(finding: Finding) -> str:
    """What there isn't room for in the list."""
    lines = [finding.text, *[words for words in (interval_words(finding),) if words]]
    if finding.original is not None:
        lines.append(f"The model's words: {finding.original}")
    if finding.decision is not None:
        lines.append(f"{STATUS_WORDS[finding.status]} by {finding.decision.by}, {finding.decision.when:%Y-%m-%d %H:%M} UTC")
    if finding.algorithm is not None:
        lines.append(f"{finding.algorithm.name or finding.algorithm.id} {finding.algorithm.version}")
    return "\n".join(lines)
