"""The look of every widget, from one style sheet on a 4 px grid."""

from __future__ import annotations

from string import Template

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from medviewer.gui.theme import colours

FAMILIES = [
    "Inter",
    "Segoe UI",
    "SF Pro Text",
    "Helvetica Neue",
    "Noto Sans",
    "Open Sans",
    "Ubuntu",
    "Cantarell",
    "DejaVu Sans",
    "Noto Sans CJK SC",
]
BASE_PX, SMALL_PX, TITLE_PX = 12, 11, 15

_SHEET = Template("""
QWidget { color: $INK; font-size: 12px; }
QMainWindow, QDialog { background: $BACK; }
QToolTip { background: $RAISED; color: $INK; border: 1px solid $LINE; padding: 6px 8px; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: 15px; font-weight: 600; }
QLabel[role="heading"] { color: $SOFT; font-size: 11px; font-weight: 600; letter-spacing: 0.6px; }
QLabel[role="soft"] { color: $SOFT; }
QLabel[role="dim"] { color: $DIM; font-size: 11px; }
QLabel[role="bad"] { color: $BAD; }
QFrame[role="panel"] { background: $PANEL; border: none; }
QFrame[role="card"] { background: $RAISED; border: 1px solid $LINE; border-radius: 6px; }
QFrame[role="rule"] { background: $LINE; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="banner-warn"] { background: #3a2f15; border: 1px solid #7a5f22; border-radius: 6px; }
QFrame[role="banner-bad"] { background: #3a1d1a; border: 1px solid #7d3b33; border-radius: 6px; }
QFrame[role="banner-good"] { background: #16302a; border: 1px solid #2c6a55; border-radius: 6px; }
QFrame[role="banner-info"] { background: #17283b; border: 1px solid #2b4f78; border-radius: 6px; }

QMenuBar { background: $BACK; padding: 2px 4px; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; color: $SOFT; }
QMenuBar::item:selected { background: $HOVER; color: $INK; }
QMenu { background: $RAISED; border: 1px solid $LINE; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 8px; border-radius: 4px; }
QMenu::item:selected { background: $ACCENT_DEEP; }
QMenu::item:disabled { color: #5b636d; }
QMenu::separator { height: 1px; background: $LINE; margin: 4px 8px; }
QMenu::icon { padding-left: 6px; }

QToolBar { background: $BACK; border: none; border-bottom: 1px solid $LINE; padding: 4px 8px; spacing: 2px; }
QToolBar::separator { background: $LINE; width: 1px; margin: 6px 6px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 5px; color: $SOFT; }
QToolButton:hover { background: $HOVER; color: $INK; }
QToolButton:checked { background: $ACCENT_DEEP; border-color: #2f5f93; color: $INK; }
QToolButton:disabled { color: #4a515a; }
QToolButton:focus { border-color: $ACCENT; }
QToolBar QToolButton { font-size: 10px; padding: 4px 4px 3px 4px; min-width: 50px; }
QToolBar QToolButton[switch="true"]:checked { background: transparent; border-color: transparent; border-bottom: 2px solid $ACCENT;
    border-bottom-left-radius: 0; border-bottom-right-radius: 0; }
QToolBar QToolButton[switch="true"]:checked:hover { background: $HOVER; }
QToolButton::menu-indicator { image: none; }

QPushButton { background: $RAISED; border: 1px solid #363c45; border-radius: 4px; padding: 5px 12px; min-height: 16px; }
QPushButton:hover { background: $HOVER; border-color: #454d58; }
QPushButton:pressed { background: $PANEL; }
QPushButton:focus { border-color: $ACCENT; }
QPushButton:disabled { color: #5b636d; background: $PANEL; border-color: $LINE; }
QPushButton[role="primary"] { background: #2d6fb3; border-color: #3b82c9; color: white; font-weight: 600; }
QPushButton[role="primary"]:hover { background: #357dc7; }
QPushButton[role="primary"]:pressed { background: #285f99; }
QPushButton[role="primary"]:disabled { background: #24303d; border-color: #2c3845; color: #6d7782; }
QPushButton[role="flat"] { background: transparent; border-color: transparent; color: $SOFT; padding: 4px 8px; text-align: left; }
QPushButton[role="flat"]:hover { background: $HOVER; color: $INK; }
QPushButton[role="flat"]:focus { border-color: $ACCENT; }

QLineEdit, QPlainTextEdit, QTextBrowser, QComboBox { background: #0d0f12; border: 1px solid #333942; border-radius: 4px; padding: 5px 8px;
    selection-background-color: $ACCENT_DEEP; }
QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus { border-color: $ACCENT; }
QComboBox { min-height: 16px; padding-right: 20px; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$ICONS/chevron-down-soft.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $RAISED; border: 1px solid $LINE; selection-background-color: $ACCENT_DEEP; outline: none;
    padding: 4px; }

QTabWidget::pane { border: none; }
QTabBar { background: $PANEL; border: none; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $DIM; padding: 9px 12px 8px 12px; border-bottom: 2px solid transparent;
    font-weight: 600; font-size: 12px; }
QTabBar::tab:hover { color: $INK; }
QTabBar::tab:selected { color: $INK; border-bottom-color: $ACCENT; }
QTabBar::tab:focus { color: $ACCENT; }

QAbstractItemView { background: $PANEL; border: none; outline: none; alternate-background-color: $PANEL; }
QTreeView::item, QListView::item, QTableView::item { padding: 4px; }
QTableView { gridline-color: $LINE; selection-background-color: $ACCENT_DEEP; }
QListView::item:selected, QTreeView::item:selected { background: $ACCENT_DEEP; color: $INK; }
QHeaderView { background: $PANEL; border: none; }
QHeaderView::section { background: $PANEL; color: $DIM; border: none; border-bottom: 1px solid $LINE; padding: 6px 8px;
    font-weight: 600; font-size: 11px; }

QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: #3a414a; border-radius: 3px; min-height: 32px; margin: 2px; }
QScrollBar::handle:vertical:hover { background: #515a66; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle:horizontal { background: #3a414a; border-radius: 3px; min-width: 32px; margin: 2px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSlider { min-height: 18px; }
QSlider::groove:horizontal { height: 4px; background: #333942; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $ACCENT; border-radius: 2px; }
QSlider::sub-page:horizontal:disabled { background: #3a414a; }
QSlider::handle:horizontal { background: $INK; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: white; border: 2px solid $ACCENT;
    width: 10px; height: 10px; border-radius: 7px; }
QSlider::handle:horizontal:disabled { background: #5b636d; }

QProgressBar { background: #333942; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: $ACCENT; border-radius: 2px; }

QCheckBox { spacing: 8px; }
QCheckBox::indicator, QTreeView::indicator { width: 14px; height: 14px;
    border: 1px solid #4a515a; border-radius: 3px; background: #0d0f12; }
QCheckBox::indicator:checked, QTreeView::indicator:checked { background: $ACCENT; border-color: $ACCENT;
    image: url("$ICONS/tick-dark.svg"); }
QCheckBox::indicator:hover, QTreeView::indicator:hover, QCheckBox:focus::indicator { border-color: $ACCENT; }

QSplitter::handle { background: $LINE; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $ACCENT; }
""")


def style_sheet() -> str:
    """The whole style sheet with the palette filled in."""
    from medviewer.resources import resources_folder

    values = {name: value for name, value in vars(colours).items() if name.isupper()}
    return _SHEET.substitute(values, ICONS=(resources_folder() / "icons").as_posix())


def apply_theme(application: QApplication) -> None:
    """Give the application its style, palette and type."""
    application.setStyle("Fusion")
    application.setPalette(_palette())
    font = QFont()
    font.setFamilies(FAMILIES)
    font.setPixelSize(BASE_PX)
    application.setFont(font)
    application.setStyleSheet(style_sheet())


def sized(px: int, *, bold: bool = False) -> QFont:
    """The program's font at another size."""
    font = QFont()
    font.setFamilies(FAMILIES)
    font.setPixelSize(px)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def _palette() -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.BACK,
        QPalette.ColorRole.WindowText: colours.INK,
        QPalette.ColorRole.Base: colours.PANEL,
        QPalette.ColorRole.AlternateBase: colours.RAISED,
        QPalette.ColorRole.Text: colours.INK,
        QPalette.ColorRole.Button: colours.RAISED,
        QPalette.ColorRole.ButtonText: colours.INK,
        QPalette.ColorRole.Highlight: colours.ACCENT_DEEP,
        QPalette.ColorRole.HighlightedText: colours.INK,
        QPalette.ColorRole.ToolTipBase: colours.RAISED,
        QPalette.ColorRole.ToolTipText: colours.INK,
        QPalette.ColorRole.PlaceholderText: colours.DIM,
        QPalette.ColorRole.Link: colours.ACCENT,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#5b636d"))
    return palette
