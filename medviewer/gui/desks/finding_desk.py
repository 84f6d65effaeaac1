"""The findings on display: in order, one of them current, and the reader's decisions on them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from medviewer.app.finding_groups import FindingGroup, finding_groups
from medviewer.app.session import Session
from medviewer.core.finding import Finding
from medviewer.gui.events import Events
from medviewer.gui.viewports.display import Change, Display


class Order(StrEnum):
    """How the list is sorted. A model's author puts what matters most first; many findings are easier to read by region."""

    REGION = "By region"
    MODEL = "As the model lists them"
    SUREST = "Surest first"
    LEAST_SURE = "Least sure first"
    UNDECIDED = "Undecided first"


class FindingDesk(QObject):
    """Findings of the analysis on display. ``asked_name`` returns the reader's name, or None if they won't say."""

    changed = Signal()
    current_changed = Signal(str)  # the finding's id, or ""
    place_asked = Signal()  # the place on the single image that the display marks now

    def __init__(
        self, session: Session, events: Events, display: Display, asked_name: Callable[[], str | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session, self._display, self._asked_name = session, display, asked_name
        self.findings: tuple[Finding, ...] = ()
        self.groups: tuple[FindingGroup, ...] = ()
        self.folded: frozenset[str] = frozenset()
        self.can_group = False
        self.current_id = ""
        self.order = Order.REGION
        self._grouped_for = ""
        display.changed.connect(self._on_display)
        events.findings_changed.connect(self._on_findings)

    @property
    def analysis_id(self) -> str | None:
        """The analysis on display."""
        return self._display.analysis.id if self._display.analysis is not None else None

    @property
    def current(self) -> Finding | None:
        """The current finding."""
        return next((finding for finding in self.findings if finding.id == self.current_id), None)

    @property
    def accepted_count(self) -> int:
        """How many findings a person stands behind."""
        return sum(finding.is_accepted for finding in self.findings)

    @property
    def current_group(self) -> FindingGroup | None:
        """The group of the current finding, if the list is in groups."""
        return next((group for group in self.groups if self.current_id in group), None)

    def select(self, finding_id: str) -> None:
        """Make a finding the current one and show where it is; its group opens if it is hidden there."""
        self.current_id = finding_id
        finding, group = self.current, self.current_group
        if group is not None and self._current_is_hidden:
            self.fold(group.name, False)
        self.current_changed.emit(self.current_id)
        if finding is not None:
            self._show(finding)

    def step(self, steps: int) -> None:
        """Go to another finding of the list."""
        if not self.findings:
            return
        places = [finding.id for finding in self.findings]
        place = places.index(self.current_id) + steps if self.current_id in places else (0 if steps > 0 else len(places) - 1)
        self.select(places[int(np.clip(place, 0, len(places) - 1))])

    def step_group(self, steps: int) -> None:
        """Go to the first finding of another group; from none to the first or the last."""
        if not self.groups:
            return
        group = self.current_group
        place = self.groups.index(group) + steps if group is not None else (0 if steps > 0 else len(self.groups) - 1)
        self.select(self.groups[int(np.clip(place, 0, len(self.groups) - 1))].findings[0].id)

    def fold(self, name: str, folded: bool) -> None:
        """Hide a group's findings, but for those that stand out, or show them."""
        self._fold(self.folded | {name} if folded else self.folded - {name})

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold all groups."""
        self._fold(frozenset(group.name for group in self.groups) if folded else frozenset())

    def _fold(self, folded: frozenset[str]) -> None:
        self.folded = folded
        if self._current_is_hidden:
            self._let_go()
        self.changed.emit()

    @property
    def _current_is_hidden(self) -> bool:
        finding, group = self.current, self.current_group
        return finding is not None and group is not None and group.name in self.folded and not finding.notable

    def _let_go(self) -> None:
        """No finding is current; so it is with one that is hidden, as keys must decide on nothing that isn't seen."""
        self.current_id = ""
        self._display.set_place(None)
        self.current_changed.emit("")

    def sort(self, order: Order) -> None:
        """List the findings in another order."""
        self.order = order
        self._read()

    def accept(self) -> None:
        """Accept the current finding."""
        self._decide(lambda analysis, finding, by: self.session.decisions.accept(analysis, finding, by))

    def reject(self) -> None:
        """Reject the current finding."""
        self._decide(lambda analysis, finding, by: self.session.decisions.reject(analysis, finding, by))

    def edit(self, text: str) -> None:
        """Put the current finding into other words."""
        self._decide(lambda analysis, finding, by: self.session.decisions.edit(analysis, finding, text, by))

    def accept_all(self) -> None:
        """Accept every finding that is still undecided."""
        by, analysis = self._reader(), self.analysis_id
        if by is not None and analysis is not None:
            self.session.decisions.accept_all(analysis, by)

    def accept_group(self, group: FindingGroup) -> None:
        """Accept every finding of a group that is still undecided."""
        self._decide_group(group, self.session.decisions.accept_undecided)

    def reject_group(self, group: FindingGroup) -> None:
        """Reject every finding of a group that is still undecided."""
        self._decide_group(group, self.session.decisions.reject_undecided)

    def _decide_group(self, group: FindingGroup, decision: Callable[[str, Collection[str], str], None]) -> None:
        by, analysis = self._reader(), self.analysis_id
        if by is not None and analysis is not None:
            decision(analysis, {finding.id for finding in group.findings}, by)

    def _decide(self, decision: Callable[[str, str, str], None]) -> None:
        finding, analysis = self.current, self.analysis_id
        if finding is None or analysis is None:
            return
        by = self._reader()
        if by is not None:
            decision(analysis, finding.id, by)

    def _reader(self) -> str | None:
        """The reader's name, asked for once and kept."""
        settings = self.session.settings
        if not settings.reader_name.strip():
            name = self._asked_name()
            if not name:
                return None
            settings.reader_name = name
            self.session.keep_settings()
        return settings.reader_name

    def _show(self, finding: Finding) -> None:
        """Bring the crosshair to the finding: its point, or else its slice; on a single image mark its place."""
        place, volume = finding.location, self._display.volume
        self._display.set_place(place)
        if volume is None:
            self.place_asked.emit()
            return
        if place.point_lps_mm is not None:
            self._display.set_point(place.point_lps_mm)
        elif place.slice is not None:
            ijk = volume.geometry.to_index(self._display.point.reshape(1, 3))[0]
            self._display.set_point(volume.geometry.to_lps([[ijk[0], ijk[1], place.slice]])[0])

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.ANALYSIS in change or Change.STACK in change:
            self._read()

    @Slot(str)
    def _on_findings(self, analysis: str) -> None:
        if analysis == self.analysis_id:
            self._read()

    def _read(self) -> None:
        analysis = self.analysis_id
        found = self.session.decisions.findings(analysis) if analysis is not None else ()
        groups = finding_groups(found)
        self.can_group = bool(groups)
        self.groups = groups if self.order is Order.REGION else ()
        self.findings = tuple(f for group in groups for f in group.findings) if self.groups else in_order(found, self.order)
        if analysis != self._grouped_for:  # another result: closed, so that all regions are seen at once
            self._grouped_for, self.folded = analysis or "", frozenset(group.name for group in groups)
        if self.current is None or self._current_is_hidden:
            self._let_go()
        self._display.set_reviewed(bool(found) and all(finding.decision is not None for finding in found))
        self.changed.emit()


def in_order(findings: tuple[Finding, ...], order: Order) -> tuple[Finding, ...]:
    """The findings in that order; what is equal keeps the model's. Only `UNDECIDED` lets a decision move a finding."""
    match order:
        case Order.SUREST:
            return tuple(sorted(findings, key=lambda f: -(f.confidence.value if f.confidence.value is not None else -1.0)))
        case Order.LEAST_SURE:
            return tuple(sorted(findings, key=lambda f: f.confidence.value if f.confidence.value is not None else 2.0))
        case Order.UNDECIDED:
            return tuple(sorted(findings, key=lambda f: f.decision is not None))
    return findings
