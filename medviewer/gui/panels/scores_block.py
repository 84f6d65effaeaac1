"""The scores of a model of pictures: a bar each with its threshold marked, and how far they can be believed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from medviewer.app.analysis import Analysis
from medviewer.gui.panels.score_words import ScoreLine, details, percent_words, refusal_words, score_lines, small_print
from medviewer.gui.panels.section import Banner, words
from medviewer.gui.plain_text import tip
from medviewer.gui.theme import colours
from medviewer.gui.theme.style import sized

MAIN_HEIGHT, SUB_HEIGHT = 50, 20
BAR = 6.0
SUB_NAME = 132.0
SUB_VALUE = 48.0


class ScoresBlock(QWidget):
    """What a model said of the picture on display; takes no room where there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars = ScoreBars()
        self.refusal = Banner()
        self.small = words("", "dim")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 2, 12, 10)
        layout.setSpacing(6)
        for part in (self.refusal, self.bars, self.small):
            layout.addWidget(part)
        self.hide()

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Show what an answer says, or nothing for one about a volume."""
        lines, refused = score_lines(analysis), refusal_words(analysis)
        self.bars.show_lines(lines)
        self.refusal.show_words("bad", refused)
        self.small.setText("\n".join(small_print(analysis)))
        self.small.setToolTip(tip(details(analysis)))
        self.small.setVisible(bool(lines))
        self.setVisible(bool(lines or refused))
        self._take_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """All sentences stay in sight: the list below gives way, not they."""
        self._take_room()
        super().resizeEvent(event)

    def _take_room(self) -> None:
        layout = self.layout()
        if layout is not None:
            self.setMinimumHeight(max(0, layout.totalHeightForWidth(self.width())))


class ScoreBars(QWidget):
    """Scores with a threshold large, those that tell more about them small."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[ScoreLine, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_lines(self, lines: tuple[ScoreLine, ...]) -> None:
        """Take over the scores."""
        self.lines = lines
        self.setAccessibleName("Scores")
        self.setAccessibleDescription(". ".join(line.words for line in lines))
        self.setVisible(bool(lines))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(240, sum(MAIN_HEIGHT if line.threshold is not None else SUB_HEIGHT for line in self.lines))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The lines below each other."""
        del event
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            top = 0.0
            for line in self.lines:
                if line.threshold is not None:
                    _draw_main(painter, line, line.threshold, QRectF(0, top, self.width(), MAIN_HEIGHT))
                    top += MAIN_HEIGHT
                else:
                    _draw_sub(painter, line, QRectF(0, top, self.width(), SUB_HEIGHT))
                    top += SUB_HEIGHT
        finally:  # Qt crashes where a painter is left active by an exception
            painter.end()


def _draw_main(painter: QPainter, line: ScoreLine, threshold: float, area: QRectF) -> None:
    colour = QColor(colours.WARN if line.is_notable else colours.INK)
    painter.setFont(sized(15, bold=True))
    row = QRectF(area.left(), area.top(), area.width(), 20)
    painter.setPen(QColor(colours.INK))
    painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), line.name)
    painter.setPen(colour)
    painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), percent_words(line.value))
    bar = QRectF(area.left(), area.top() + 24, area.width(), BAR)
    _draw_bar(painter, bar, line.value, colours.WARN if line.is_notable else colours.ACCENT)
    x = bar.left() + threshold * bar.width()
    painter.fillRect(QRectF(x - 1, bar.top() - 3, 2, BAR + 6), QColor(colours.INK))
    painter.setFont(sized(10))
    painter.setPen(QColor(colours.DIM))
    text = f"threshold {percent_words(threshold)}"
    width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 2
    left = min(max(x - width / 2, area.left()), area.right() - width)
    painter.drawText(QRectF(left, bar.bottom() + 3, width, 14), int(Qt.AlignmentFlag.AlignCenter), text)


def _draw_sub(painter: QPainter, line: ScoreLine, area: QRectF) -> None:
    painter.setFont(sized(11))
    painter.setPen(QColor(colours.SOFT))
    name = QFontMetricsF(painter.font()).elidedText(line.name, Qt.TextElideMode.ElideRight, SUB_NAME - 8)
    painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)
    painter.drawText(area, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), percent_words(line.value))
    room = area.width() - SUB_NAME - SUB_VALUE
    if room > 20:
        _draw_bar(painter, QRectF(area.left() + SUB_NAME, area.center().y() - 2, room, 4), line.value, colours.SOFT)


def _draw_bar(painter: QPainter, bar: QRectF, value: float, colour: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.LINE))
    painter.drawRoundedRect(bar, bar.height() / 2, bar.height() / 2)
    filled = bar.width() * min(max(value, 0.0), 1.0)
    if filled >= 1:
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(filled, bar.height()), bar.height()), bar.height() / 2, bar.height() / 2)
