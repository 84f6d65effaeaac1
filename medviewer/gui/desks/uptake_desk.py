"""Uptake of the PET on display: its factors are found in a job, and the reader chooses the unit."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Slot

from medviewer.app.jobs import Lane
from medviewer.app.session import Session
from medviewer.core.errors import MedviewerError
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.core.suv import NoSuv, Suv, SuvKind
from medviewer.core.voi import Window
from medviewer.gui.main_thread import MainThread
from medviewer.gui.viewports.display import Change, Display
from medviewer.gui.viewports.value_unit import AS_STORED, ValueUnit

PET_WINDOW = replace(Window.between(0, 5), name="Uptake 0 to 5")


class UptakeDesk(QObject):
    """``suv`` is None while it isn't known and where there is none; then ``why_not`` says why."""

    def __init__(self, session: Session, main: MainThread, display: Display, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._main, self._display = session, main, display
        self.suv: Suv | None = None
        self.why_not = ""
        self._generation = 0
        display.changed.connect(self._on_display)

    def why_not_kind(self, kind: SuvKind | None) -> str | None:
        """Why values can't be shown as uptake of that kind (None: in the files' own unit), or None."""
        if self._display.shown is None:
            return "Open a study first."
        if self._display.shown.stack.modality != "PT":
            return "This is no PET."
        if kind is None:
            return None
        if self.suv is None:
            return self.why_not or "The header is still being read."
        return None if kind in self.suv.factors else self.suv.refused.get(kind, "The header doesn't allow it.")

    def show_as(self, kind: SuvKind | None) -> None:
        """Show values as uptake of that kind, or in the files' own unit; what is bright stays as bright."""
        if self.why_not_kind(kind) is None:
            self._display.set_unit(AS_STORED if kind is None or self.suv is None else ValueUnit(kind, self.suv.factors[kind]))

    def next_kind(self) -> None:
        """The next of the units that are possible."""
        if self.suv is not None:
            kinds = [None, *(kind for kind in SuvKind if kind in self.suv.factors)]
            self.show_as(kinds[(kinds.index(self._display.value_unit.kind) + 1) % len(kinds)])

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK not in change:
            return
        self._generation += 1
        self.suv, self.why_not = None, ""
        shown = self._display.shown
        if shown is not None and shown.stack.modality == "PT" and not self._display.is_document:
            self._find(shown.stack)

    def _find(self, stack: Stack) -> None:
        generation = self._generation

        def work(progress: Progress) -> None:
            from medviewer.app.suv import series_suv

            suv, why_not = None, ""
            try:
                suv = series_suv(stack, progress)
            except (NoSuv, MedviewerError) as error:
                why_not = str(error)
            self._main.post(lambda: self._take(generation, suv, why_not))

        self._session.jobs.submit(Lane.CPU, "Looking for uptake factors", work)

    def _take(self, generation: int, suv: Suv | None, why_not: str) -> None:
        """Body weight is the first choice, unless the reader has chosen before; a late answer is dropped."""
        if generation != self._generation:
            return
        self.suv, self.why_not = suv, why_not
        if suv is not None and SuvKind.BODY_WEIGHT in suv.factors:
            self._display.suggest_unit(ValueUnit(SuvKind.BODY_WEIGHT, suv.factors[SuvKind.BODY_WEIGHT]), PET_WINDOW)
        self._display.set_unit_notice(f"Uptake can't be computed. {why_not}" if why_not else "")
