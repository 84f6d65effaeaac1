"""The panes side by side: axial, sagittal, coronal and the free one, or a single pane."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QPoint, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from medviewer.gui.theme import colours
from medviewer.gui.tools.toolbox import Toolbox
from medviewer.gui.viewports.display import Change, Display
from medviewer.gui.viewports.oblique_source import ObliqueSource
from medviewer.gui.viewports.pane import Pane
from medviewer.gui.viewports.pane_painter import CrossPlane
from medviewer.gui.viewports.planes_source import PlanesSource
from medviewer.gui.viewports.presented_images import PresentedImages
from medviewer.gui.viewports.source import Source
from medviewer.imaging.reslice import PlaneKind, acquired_kind

PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))
TWICE_MS = 600
LATER_MS = 40
"""While a volume loads, panes that show computed planes are painted so long after each other."""
KINDS = (PlaneKind.AXIAL, PlaneKind.SAGITTAL, PlaneKind.CORONAL)


class Viewports(QWidget):
    """Four panes over one display. One pane is active: keys act on it."""

    active_changed = Signal(object)  # Pane
    menu_asked = Signal(QPoint)

    def __init__(self, display: Display, toolbox: Toolbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.display, self._toolbox = display, toolbox
        self.lines_shown = True
        self._escaped = QElapsedTimer()
        self.panes = tuple(Pane(display, toolbox, self) for _ in PLACES)
        self.active = self.panes[0]
        self.maximised: Pane | None = None
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for pane, (row, column) in zip(self.panes, PLACES, strict=True):
            layout.addWidget(pane, row, column)
            pane.cross_planes = self._cross_planes
            pane.activated.connect(self.activate)
            pane.maximise_asked.connect(self.toggle_maximised)
            pane.menu_asked.connect(self.menu_asked)
        for n in (0, 1):
            layout.setRowStretch(n, 1)
            layout.setColumnStretch(n, 1)
        self._late: list[Pane] = []
        self._later = QTimer(self, singleShot=True, interval=LATER_MS)
        self._later.timeout.connect(self._refresh_one)
        display.changed.connect(self._on_change)
        toolbox.changed.connect(self._on_tool)

    @property
    def visible_panes(self) -> list[Pane]:
        """The panes that show something and aren't hidden behind a maximised one."""
        with_source = [pane for pane in self.panes if pane.source is not None]
        return [self.maximised] if self.maximised is not None else with_source

    def pane_of(self, kind: PlaneKind) -> Pane | None:
        """The pane that shows this kind of plane."""
        return next((p for p in self.panes if isinstance(p.source, PlanesSource) and p.source.kind is kind), None)

    def acquired_index(self) -> int:
        """Which of the images as acquired the crosshair is on; 0 when there is no volume."""
        sources = [pane.source for pane in self.panes]
        return next((s.index() for s in sources if isinstance(s, PlanesSource) and s.planes.is_acquired), 0)

    @Slot(object)
    def activate(self, pane: Pane) -> None:
        """Make a pane the one that keys act on."""
        if pane is not self.active or not pane.active:
            self.active = pane
            for other in self.panes:
                other.active = other is pane and len(self.visible_panes) > 1
                other.update()
            self.active_changed.emit(pane)
        pane.setFocus()

    @Slot(object)
    def toggle_maximised(self, pane: Pane) -> None:
        """Give a pane all the room, or take it back."""
        self.maximised = None if self.maximised is not None else pane
        self._lay_out()
        self.activate(pane)

    def next_pane(self) -> None:
        """Activate the next visible pane; a maximised one makes room for the next."""
        with_source = [pane for pane in self.panes if pane.source is not None]
        if not with_source:
            return
        following = with_source[(with_source.index(self.active) + 1) % len(with_source)] if self.active in with_source else with_source[0]
        if self.maximised is not None:
            self.maximised = following
            self._lay_out()
        self.activate(following)

    def escape(self) -> bool:
        """Take back the gesture that is going on; returns whether this was the second call shortly after one without a gesture."""
        if any(pane.cancel_gesture() for pane in self.panes):
            return False
        twice = self._escaped.isValid() and self._escaped.elapsed() < TWICE_MS
        self._escaped.start()
        return twice

    def show_lines(self, shown: bool) -> None:
        """Draw the crosshair's lines or not."""
        self.lines_shown = shown
        self._refresh()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The gaps between panes."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours.LINE))
        painter.end()

    @Slot(object)
    def _on_change(self, change: Change) -> None:
        if Change.STACK in change:
            self._show_stack()
        elif change == Change.DATA and self.display.reader is not None:
            self._refresh_in_turn()
        else:
            self._refresh()

    @Slot(str)
    def _on_tool(self, _: str) -> None:
        for pane in self.panes:
            pane.setCursor(self._toolbox.current.cursor)

    def _show_stack(self) -> None:
        display = self.display
        self.maximised = None
        sources: list[Source | None] = [None] * len(self.panes)
        first = 0
        if display.reader is not None:
            sources = [*(PlanesSource(display, kind) for kind in KINDS), ObliqueSource(display)]
            first = KINDS.index(acquired_kind(display.volume_shown().geometry))
        elif display.images is not None:
            sources[0] = PresentedImages(display)
        loads = display.reader is not None and display.reader.done < display.reader.loaded.size
        for pane, source in zip(self.panes, sources, strict=True):
            pane.held = loads and source is not None and source.derived is not None
            pane.show_source(source)
        self._lay_out()
        self.activate(self.panes[first])

    def _lay_out(self) -> None:
        visible = self.visible_panes
        for pane in self.panes:
            pane.setVisible(pane in visible)
        for n in (0, 1):
            grid = self.layout()
            assert isinstance(grid, QGridLayout)
            grid.setRowStretch(n, int(any(PLACES[self.panes.index(p)][0] == n for p in visible)))
            grid.setColumnStretch(n, int(any(PLACES[self.panes.index(p)][1] == n for p in visible)))
        for pane in self.panes:
            pane.active = pane is self.active and len(visible) > 1

    def _refresh(self) -> None:
        for pane in self.visible_panes:
            pane.refresh()

    def _refresh_in_turn(self) -> None:
        """More slices are there: the pane that shows slices at once, those that go through all of them one after the other."""
        for pane in self.visible_panes:
            if pane.source is not None and pane.source.derived is None:
                pane.refresh()
            elif pane not in self._late:
                self._late.append(pane)
        if self._late and not self._later.isActive():
            self._later.start()

    @Slot()
    def _refresh_one(self) -> None:
        pane = self._late.pop(0)
        pane.held = False
        if pane in self.visible_panes:
            pane.refresh()
        if self._late:
            self._later.start()

    def _cross_planes(self, pane: Pane) -> list[CrossPlane]:
        """The planes of the other panes, as lines in this one."""
        if not self.lines_shown or self.display.reader is None:
            return []
        planes = []
        for other in self.panes:
            source = other.source
            if other is pane or source is None:
                continue
            if isinstance(source, PlanesSource | ObliqueSource):
                planes.append(CrossPlane(source.frame(), source.colour))
        return planes
