"""One pane: an image, what lies over it, and the mouse on it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from medviewer.core.voi import LookUpTable, Voi, Window
from medviewer.core.volume import Rescale
from medviewer.gui.plain_text import tip
from medviewer.gui.theme import colours
from medviewer.gui.tools.toolbox import Toolbox
from medviewer.gui.viewports.badges import badges
from medviewer.gui.viewports.corner_text import CornerFacts, corner_text
from medviewer.gui.viewports.display import Change, Display
from medviewer.gui.viewports.gestures import Gestures
from medviewer.gui.viewports.heat_legend import draw_legends
from medviewer.gui.viewports.object_words import words_at
from medviewer.gui.viewports.oblique_source import ObliqueSource
from medviewer.gui.viewports.painting import (
    LINE,
    PAD,
    SLIDER_WIDTH,
    Badge,
    draw_badges,
    draw_corners,
    draw_letters,
    draw_scale_bar,
    draw_title,
)
from medviewer.gui.viewports.pane_painter import CrossPlane, PanePainter, draw_border, draw_crosshair, draw_message
from medviewer.gui.viewports.picture_words import region_words, scale_words, view_words
from medviewer.gui.viewports.place_mark import draw_place, place_on_screen, view_of
from medviewer.gui.viewports.placement import Placement, View
from medviewer.gui.viewports.slice_slider import SliceSlider
from medviewer.gui.viewports.source import Picture, Source
from medviewer.gui.viewports.time_words import time_words


class Pane(QWidget):
    """Shows one source of pictures. The window, the crosshair and the overlays come from the display all panes share.

    held : paint nothing but a word for now, as others come first.
    """

    activated = Signal(object)  # Pane
    maximise_asked = Signal(object)  # Pane
    menu_asked = Signal(QPoint)
    index_changed = Signal(int)

    def __init__(self, display: Display, toolbox: Toolbox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.display = display
        self.source: Source | None = None
        self.view = View()
        self.active = False
        self.held = False
        self.cross_planes: Callable[[Pane], list[CrossPlane]] = lambda _: []
        self._painter, self._gestures = PanePainter(), Gestures(self, toolbox)
        self._hover: QPointF | None = None
        self._badge_places: list[tuple[QRectF, Badge]] = []
        self._slider = SliceSlider(self)
        self._slider.slid.connect(self.go)
        self._slider.hide()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_source(self, source: Source | None) -> None:
        """Show other pictures, fitted."""
        self.source, self.view = source, View()
        self._painter.forget()
        self.setAccessibleName(f"{source.title} view" if source is not None else "Empty view")
        self.refresh()

    @property
    def is_free(self) -> bool:
        """Whether this pane's plane can be turned."""
        return isinstance(self.source, ObliqueSource)

    @property
    def picture(self) -> Picture | None:
        """What is on display now."""
        return self.source.picture() if self.source is not None else None

    def voi_now(self) -> Voi | None:
        """The window or table this pane shows through; None for colour and before there is a picture."""
        picture = self.picture
        if picture is None or picture.is_colour:
            return None
        return self.display.window if self.display.window_is_own else picture.voi or self.display.window

    def window_now(self) -> Window | None:
        """The same, with the range of a table for its window: where the reader's own window begins."""
        voi = self.voi_now()
        return voi.window if isinstance(voi, LookUpTable) else voi

    def placement(self) -> Placement | None:
        """Where the picture lies in the pane."""
        picture = self.picture
        if picture is None or self.source is None:
            return None
        return Placement.of(picture, self.view, QSizeF(self.size()), self.source.fit_mm())

    def set_view(self, view: View) -> None:
        """Zoom and move."""
        self.view = view
        self.update()

    def reset_view(self) -> None:
        """Fit the picture again."""
        self.set_view(View())

    def step(self, steps: int) -> None:
        """Go some images on (or back)."""
        if self.source is not None:
            self.go(self.source.index() + steps)

    def go(self, index: int) -> None:
        """Show the image of that index, or the nearest there is."""
        if self.source is not None:
            self.source.go(index)
            self.refresh()
            self.index_changed.emit(self.source.index())

    def point_at(self, position: QPointF) -> None:
        """Bring the crosshair to what lies under a place in the pane."""
        picture, placement = self.picture, self.placement()
        if picture is not None and placement is not None and picture.frame is not None and self.display.volume is not None:
            self.display.set_point(picture.frame.to_lps(*placement.to_picture(position)))

    def show_place(self) -> None:
        """Move the view so that the marked place is in sight."""
        placement = self.placement()
        if placement is not None:
            self.set_view(view_of(place_on_screen(self.display.place, self.source, placement), self.view, QSizeF(self.size()), placement))

    def snapshot(self) -> Callable[[], None]:
        """A call that puts everything a gesture may change back to how it is now."""
        display, view, window, own = self.display, self.view, self.display.window, self.display.window_is_own
        point, oblique = display.point, display.oblique

        def restore() -> None:
            self.set_view(view)
            display.window, display.window_is_own, display.oblique = window, own, oblique
            display.point = point
            display.changed.emit(Change.WINDOW | Change.POINT | Change.OBLIQUE)

        return restore

    def cancel_gesture(self) -> bool:
        """Take back the gesture that is going on; returns whether there was one."""
        return self._gestures.cancel()

    def refresh(self) -> None:
        """Paint again, with the slider where it belongs."""
        if self.source is not None:
            self._slider.show_state(self.source.count(), self.source.index(), self.source.loaded())
        else:
            self._slider.hide()
        self.update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The image with everything over it."""
        del event
        painter = QPainter(self)
        try:
            self._paint(painter)
        finally:  # Qt crashes where a painter is left active by an exception
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        area = QRectF(self.rect())
        picture, placement = (None, None) if self.held else (self.picture, self.placement())
        if picture is None or placement is None or self.source is None or not picture.loaded:
            painter.fillRect(self.rect(), QColor(colours.VIEW))
            draw_message(painter, area, self._empty_words())
        else:
            voi = self.voi_now() or Window.between(0, 255)
            base = self._painter.base(self.display, self.source, picture, voi, placement, self.size(), self.devicePixelRatio())
            painter.drawPixmap(0, 0, base)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if picture is not None and placement is not None and self.source is not None:
            self._draw_over(painter, area, picture, placement)
        if self.active:
            draw_border(painter, QSizeF(self.size()))

    def _draw_over(self, painter: QPainter, area: QRectF, picture: Picture, placement: Placement) -> None:
        source, display = self.source, self.display
        assert source is not None
        draw_crosshair(painter, picture, placement, display.point, self.cross_planes(self))
        draw_place(painter, place_on_screen(display.place if display.overlay.shown else None, source, placement))
        letters = picture.letters()
        if letters is not None:
            draw_letters(painter, area, letters)
        if placement.calibrated:
            draw_scale_bar(painter, area, placement.scale, scale_words(picture))
        draw_title(painter, area, source.title, source.colour, active=self.active)
        facts = self.corner_facts()
        lines = 0
        if facts is not None:
            corners = corner_text(facts, everything=display.text_shown)
            draw_corners(painter, area, corners, LINE + 4)
            lines = len(corners.top_right)
        places = draw_badges(painter, area.right() - PAD - SLIDER_WIDTH, PAD + lines * LINE, badges(display, source, picture))
        self._badge_places = places + draw_legends(painter, area, display)

    def corner_facts(self) -> CornerFacts | None:
        """What the corner text speaks of now."""
        shown, source, picture, placement = self.display.shown, self.source, self.picture, self.placement()
        if shown is None or source is None or picture is None or placement is None:
            return None
        value, region = None, ""
        drawn: tuple[str, ...] = ()
        if self._hover is not None:
            row, column = (round(place) for place in placement.to_picture(self._hover))
            value, region = picture.value_at(row, column), region_words(picture, row, column)
            drawn = words_at(self.display, source, picture, row, column)
        rescale = picture.rescale or self.display.value_unit.rescaled(self.display.volume.rescale if self.display.volume else Rescale())
        return CornerFacts(
            shown.patient,
            shown.study,
            shown.stack,
            self.display.attributes,
            source.index(),
            source.count(),
            source.derived,
            source.gap_mm,
            picture.frame,
            self.voi_now(),
            rescale.unit,
            self.display.inverted,
            placement.percent,
            value,
            region,
            time_words(self.display.time, self.display.times) if self.display.times else "",
            drawn,
            view_words(picture.view),
        )

    def _empty_words(self) -> str:
        if self.source is None:
            return ""
        return self.source.why_not() or "Loading…"

    # events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make this the active pane and begin a gesture."""
        self.activated.emit(self)
        self._gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the gesture and read the value under the mouse."""
        self._hover = event.position()
        self._gestures.move(event)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture, or ask for the menu."""
        menu = self._gestures.release(event)
        if menu is not None:
            self.menu_asked.emit(menu)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Give this pane all the room, or take it back."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._gestures.cancel()
            self.maximise_asked.emit(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leaf through the images, or zoom."""
        self.activated.emit(self)
        self._gestures.wheel(event)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """No value under the mouse any more."""
        self._hover = None
        self.update()
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the slider at the edge."""
        self._slider.setGeometry(self.width() - self._slider.width() - 2, 6, self._slider.width(), self.height() - 12)
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Explain a badge under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            hit = next((badge for place, badge in self._badge_places if place.contains(QPointF(event.pos()))), None)
            QToolTip.showText(event.globalPos(), tip(hit.meaning) if hit is not None else "", self)
            return True
        return super().event(event)
