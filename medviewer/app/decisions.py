"""A person's decisions on findings: accept, edit, reject, undo, redo."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from medviewer.core.finding import Decision, Finding


@dataclass(frozen=True, slots=True)
class _Step:
    analysis: str
    before: tuple[Finding, ...]
    after: tuple[Finding, ...]


class Decisions:
    """Findings by analysis as they stand now, with undo and redo over all of them.

    ``changed`` is called with the analysis' id and its findings after every change.
    """

    def __init__(self, changed: Callable[[str, tuple[Finding, ...]], None]) -> None:
        self._changed = changed
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    def begin(self, analysis: str, findings: tuple[Finding, ...]) -> None:
        """Take up the findings of a new analysis."""
        self._findings[analysis] = findings

    def forget(self, analysis: str) -> None:
        """Let go of an analysis that is no longer open, and of the steps that can't be taken back any more."""
        self._findings.pop(analysis, None)
        self._done = [step for step in self._done if step.analysis != analysis]
        self._undone = [step for step in self._undone if step.analysis != analysis]

    def findings(self, analysis: str) -> tuple[Finding, ...]:
        """The findings of an analysis as they stand."""
        return self._findings[analysis]

    def accept(self, analysis: str, finding: str, by: str) -> None:
        """Stand behind a finding."""
        self._replace(analysis, finding, lambda f: f.accepted(_now(by)))

    def reject(self, analysis: str, finding: str, by: str) -> None:
        """Turn a finding down."""
        self._replace(analysis, finding, lambda f: f.rejected(_now(by)))

    def edit(self, analysis: str, finding: str, text: str, by: str) -> None:
        """Put a finding into other words, which also accepts it; raises ``ValueError`` for empty text."""
        text = " ".join(text.split())
        if not text:
            raise ValueError("A finding needs words; reject it instead of emptying it.")
        self._replace(analysis, finding, lambda f: f.edited(text, _now(by)))

    def accept_all(self, analysis: str, by: str) -> None:
        """Accept every finding that is still proposed, as one step."""
        self.accept_undecided(analysis, {finding.id for finding in self._findings[analysis]}, by)

    def accept_undecided(self, analysis: str, among: Collection[str], by: str) -> None:
        """Accept those of some findings, named by id, that are still proposed, as one step."""
        decision = _now(by)
        self._decide_undecided(analysis, among, lambda finding: finding.accepted(decision))

    def reject_undecided(self, analysis: str, among: Collection[str], by: str) -> None:
        """Reject those of some findings, named by id, that are still proposed, as one step."""
        decision = _now(by)
        self._decide_undecided(analysis, among, lambda finding: finding.rejected(decision))

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return bool(self._undone)

    def undo(self) -> None:
        """Take the last step back."""
        if self._done:
            step = self._done.pop()
            self._undone.append(step)
            self._set(step.analysis, step.before)

    def redo(self) -> None:
        """Do the step again that was taken back last."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            self._set(step.analysis, step.after)

    def _decide_undecided(self, analysis: str, among: Collection[str], change: Callable[[Finding], Finding]) -> None:
        findings = self._findings[analysis]
        self._do(analysis, tuple(change(f) if f.decision is None and f.id in among else f for f in findings))

    def _replace(self, analysis: str, finding: str, change: Callable[[Finding], Finding]) -> None:
        findings = self._findings[analysis]
        if finding not in {f.id for f in findings}:
            raise KeyError(finding)
        self._do(analysis, tuple(change(f) if f.id == finding else f for f in findings))

    def _do(self, analysis: str, after: tuple[Finding, ...]) -> None:
        before = self._findings[analysis]
        if after == before:
            return
        self._done.append(_Step(analysis, before, after))
        self._undone.clear()
        self._set(analysis, after)

    def _set(self, analysis: str, findings: tuple[Finding, ...]) -> None:
        self._findings[analysis] = findings
        self._changed(analysis, findings)


def _now(by: str) -> Decision:
    return Decision(by, datetime.now(UTC))
