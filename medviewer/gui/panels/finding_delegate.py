"""How a finding looks in the list."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from medviewer.core.finding import Finding, Status
from medviewer.gui.panels.findings_model import FINDING, Index
from medviewer.gui.panels.sentences import STATUS_WORDS, confidence_words, interval_words, place_words
from medviewer.gui.theme import colours, icons
from medviewer.gui.theme.style import sized

# Shape and word as well as colour, so that nobody has to tell red from green.
CHIPS = {
    Status.PROPOSED: ("info", colours.WARN),
    Status.ACCEPTED: ("tick", colours.GOOD),
    Status.EDITED: ("pencil", colours.ACCENT),
    Status.REJECTED: ("cross", colours.BAD),
}
PAD, CHIP_HEIGHT = 10, 18
_WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)


class FindingDelegate(QStyledItemDelegate):
    """Status, words, place and confidence, as a card."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As high as the words need at the list's width."""
        del option
        finding: Finding = index.data(FINDING)
        view = self.parent()
        width = view.viewport().width() if isinstance(view, QAbstractItemView) else 300
        text = self._text_height(finding, width)
        return QSize(width, 6 + PAD + CHIP_HEIGHT + 6 + text + 4 + 16 * len(small_lines(finding)) + PAD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the card."""
        finding: Finding = index.data(FINDING)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(option.rect).adjusted(8.5, 3.5, -8.5, -2.5)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(QPen(QColor(colours.ACCENT if chosen else colours.LINE), 1))
        painter.setBrush(QColor("#1b2a3c" if chosen else colours.HOVER if hovered else colours.RAISED))
        painter.drawRoundedRect(card, 6, 6)
        left, width = int(card.left()) + PAD, int(card.width()) - 2 * PAD
        y = int(card.top()) + PAD
        self._chip(painter, left, y, finding.status)
        y += CHIP_HEIGHT + 6
        height = self._text_height(finding, option.rect.width())
        painter.setFont(sized(12))
        painter.setPen(QColor(colours.DIM if finding.status is Status.REJECTED else colours.INK))
        painter.drawText(QRect(left, y, width, height), _WRAP, finding.text)
        y += height + 4
        font = sized(11)
        painter.setFont(font)
        painter.setPen(QColor(colours.DIM))
        for text in small_lines(finding):
            painter.drawText(QRect(left, y, width, 16), int(Qt.AlignmentFlag.AlignVCenter), _elided(text, QFontMetrics(font), width))
            y += 16
        painter.restore()

    def _chip(self, painter: QPainter, left: int, top: int, status: Status) -> None:
        name, colour = CHIPS[status]
        font = sized(10, bold=True)
        painter.setFont(font)
        words = STATUS_WORDS[status].upper()
        width = QFontMetrics(font).horizontalAdvance(words) + 30
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.translucent(colour, 0.16))
        painter.drawRoundedRect(QRectF(left, top, width, CHIP_HEIGHT), 9, 9)
        painter.drawPixmap(left + 7, top + 3, icons.picture(name, colour, 12, painter.device().devicePixelRatio()))
        painter.setPen(QColor(colour))
        painter.drawText(QRect(left + 23, top, width - 23, CHIP_HEIGHT), int(Qt.AlignmentFlag.AlignVCenter), words)

    def _text_height(self, finding: Finding, width: int) -> int:
        metrics = QFontMetrics(sized(12))
        return metrics.boundingRect(QRect(0, 0, width - 17 - 2 * PAD, 2000), _WRAP, finding.text).height()


def small_lines(finding: Finding) -> list[str]:
    """Place, numbers with their intervals, and how sure it is: what there is of them."""
    return [line for line in (place_words(finding), interval_words(finding), f"How sure: {confidence_words(finding.confidence)}") if line]


def _elided(text: str, metrics: QFontMetrics, width: int) -> str:
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
