"""How a command looks in the palette."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from medviewer.gui.theme import colours
from medviewer.gui.theme.style import sized

Index = QModelIndex | QPersistentModelIndex


class PaletteRow(QStyledItemDelegate):
    """The title, the key at the right, and under it why it can't run now."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines where there is a reason."""
        del option
        return QSize(100, 44 if index.data(Qt.ItemDataRole.UserRole + 2) else 30)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        painter.save()
        area = QRectF(option.rect).adjusted(0, 1, 0, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.ACCENT_DEEP))
            painter.drawRoundedRect(area, 4, 4)
        reason, keys = index.data(Qt.ItemDataRole.UserRole + 2), index.data(Qt.ItemDataRole.UserRole + 1)
        text = area.adjusted(10, 0, -10, 0)
        line = QRectF(text.left(), text.top() + (4 if reason else 0), text.width(), 20 if reason else text.height())
        painter.setFont(sized(12))
        painter.setPen(QColor(colours.DIM if reason else colours.INK))
        painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), str(index.data()))
        painter.setPen(QColor(colours.DIM))
        painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), str(keys))
        if reason:
            font = sized(11)
            painter.setFont(font)
            words = QFontMetrics(font).elidedText(str(reason), Qt.TextElideMode.ElideRight, int(text.width()))
            painter.drawText(QRectF(text.left(), text.top() + 22, text.width(), 18), int(Qt.AlignmentFlag.AlignVCenter), words)
        painter.restore()
