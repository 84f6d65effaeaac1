"""The page of a presentation state whose images aren't there: what it would do to them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from medviewer.core.presentation import PresentationState
from medviewer.core.voi import LookUpTable
from medviewer.core.volume import Rescale
from medviewer.gui.panels.section import words
from medviewer.gui.viewports.corner_text import voi_words


class PresentationPage(QWidget):
    """A list of what the state says, under a sentence on what is missing."""

    def __init__(self, state: PresentationState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = facts(state)
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        for label, value in self.facts:
            name, text = QLabel(label), words(value, "plain")
            name.setProperty("role", "soft")
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(name, text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(16)
        layout.addWidget(
            words("The images this presentation state is for aren't among what is open. Opened together with them, it is applied to them.")
        )
        layout.addLayout(form)
        layout.addStretch()


def facts(state: PresentationState) -> list[tuple[str, str]]:
    """What a state says, label and value."""
    instances = len({uid for uid, _ in state.images})
    rows = [
        ("Title", state.title),
        ("Is for", f"{instances} image{'s' if instances != 1 else ''}" if instances else "images it doesn't name"),
        ("Values", _modality_words(state)),
        ("Window", "; ".join(dict.fromkeys(voi_words(voi) for _, voi in state.voi))),
        ("Grey", "through a table" if state.table is not None else "inverted" if state.inverted else ""),
        ("Shutter", "covers part of the image" if state.cover is not None else ""),
        ("Part", "; ".join(dict.fromkeys(_area_words(state))) or ""),
        ("Turned", f"{state.rotation_deg}° clockwise" if state.rotation_deg else ""),
        ("Mirrored", "left and right" if state.flipped else ""),
        ("Drawings", "; ".join(f"{member.name}: {member.detail}" for member in state.members())),
        ("Texts", "; ".join(" ".join(graphic.text) for graphic in state.graphics if graphic.text)),
        ("Note", " ".join(state.remarks)),
    ]
    return [(label, value) for label, value in rows if value]


def _modality_words(state: PresentationState) -> str:
    if isinstance(state.modality, LookUpTable):
        return f"through a table {state.modality.name}".rstrip()
    if isinstance(state.modality, Rescale):
        return f"stored value × {state.modality.slope:g} {'+' if state.modality.intercept >= 0 else '−'} {abs(state.modality.intercept):g}"
    return ""


def _area_words(state: PresentationState) -> list[str]:
    return [
        f"columns {area.left + 1} to {area.right}, rows {area.top + 1} to {area.bottom}, {area.mode.lower()}" for _, area in state.areas
    ]
