"""The models panel: what fits this series, where it runs, how far it is, what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QScrollArea, QVBoxLayout, QWidget

from medviewer.app.analysis import Analysis
from medviewer.app.session import ModelOffer
from medviewer.gui.desk import Desk
from medviewer.gui.panels.section import Banner, column, heading, words
from medviewer.gui.panels.sentences import device_banner, progress_words, result_words
from medviewer.gui.viewports.display import Change

FOR_SERIES, FOR_IMAGE = "For this series", "For this image"
DEVICES = (("auto", "Automatic"), ("cpu", "Processor (CPU)"), ("cuda", "Graphics card (CUDA)"))


class ModelsPanel(QScrollArea):
    """Lists installed models for the series on display; runs them and says what really happened."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self._desk = desk
        self.device = QComboBox()
        self.device.setAccessibleName("Device")
        for value, title in DEVICES:
            self.device.addItem(title, value)
        self.device.setCurrentIndex([value for value, _ in DEVICES].index(desk.session.settings.device))
        self.device.currentIndexChanged.connect(self._choose_device)
        self.banner, self.failure, self.result = Banner(), Banner(), words("", "soft")
        self.progress = RunProgress(desk.models.cancel)
        self._offers = QVBoxLayout()
        self._offers.setSpacing(8)
        self._listed: object = None
        self._cards: list[OfferCard] = []
        page = QWidget()
        layout = column(page)
        row = QHBoxLayout()
        label = QLabel("Run on")
        label.setProperty("role", "soft")
        row.addWidget(label)
        row.addWidget(self.device, 1)
        layout.addLayout(row)
        for part in (self.progress, self.banner, self.failure, self.result):
            layout.addWidget(part)
        layout.addSpacing(4)
        self._heading = heading(FOR_SERIES)
        layout.addWidget(self._heading)
        layout.addLayout(self._offers)
        layout.addStretch()
        self.setWidget(page)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        desk.models.changed.connect(self.refresh)
        desk.display.changed.connect(self._on_display)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Take over where the desk stands."""
        models = self._desk.models
        self._heading.setText((FOR_IMAGE if self._desk.display.images is not None else FOR_SERIES).upper())
        self.progress.show_job(models.running_model, progress_words(models.job) if models.is_running else None, models.job)
        self.failure.show_words("bad", models.failure.message if models.failure is not None else "")
        self._show_result(self._desk.display.analysis)
        if self._listed is not models.offers or self._desk.display.shown is None or self._desk.display.is_document:
            self._listed = models.offers
            self._fill(models.offers)
        for card in self._cards:
            card.show_reason(models.why_not(card.offer))

    def _show_result(self, analysis: Analysis | None) -> None:
        level, text = device_banner(self._desk.session.settings.device, analysis)
        self.banner.show_words(level, text)
        self.result.setText(result_words(analysis))
        self.result.setVisible(analysis is not None)

    def _fill(self, offers: tuple[ModelOffer, ...] | None) -> None:
        while (item := self._offers.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._cards = [OfferCard(offer, self._desk) for offer in offers or ()]
        for card in self._cards:
            self._offers.addWidget(card)
        if not self._cards:
            self._offers.addWidget(words(self._nothing(offers), "dim"))

    def _nothing(self, offers: tuple[ModelOffer, ...] | None) -> str:
        display = self._desk.display
        if display.shown is None:
            return "Open a series to see which models fit it."
        if display.is_document:
            return "Models need images, and what is on display has none."
        if self._desk.models.unreadable is not None:
            return f"{self._desk.models.unreadable} No model can look at it."
        return "Looking for models…" if offers is None else "No models are installed."

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.ANALYSIS in change or Change.STACK in change:
            self.refresh()

    @Slot(int)
    def _choose_device(self, index: int) -> None:
        self._desk.session.settings.device = DEVICES[index][0]  # type: ignore[assignment]


class OfferCard(QFrame):
    """A model: its name, version, intended use, whether it fits and why not, and a button to run it."""

    def __init__(self, offer: ModelOffer, desk: Desk) -> None:
        super().__init__()
        self.offer = offer
        self.setProperty("role", "card")
        model = offer.package.manifest.model
        name = QLabel(model.name.get("en", model.id))
        name.setStyleSheet("font-weight: 600;")
        self.button = QPushButton("Run")
        self.button.setProperty("role", "primary" if offer.fit.fits else "")
        self.button.setAccessibleName(f"Run {model.id}")
        self.button.clicked.connect(lambda: desk.models.run(offer))
        top = QHBoxLayout()
        top.addWidget(name, 1)
        top.addWidget(self.button)
        layout = column(self)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(words(" · ".join([f"{model.id} {model.version}", model.family, *_grid(offer)]), "dim"))
        what = "image" if desk.display.images is not None else "series"
        verdict = f"Fits this {what}." if offer.fit.fits else "Does not fit: " + " ".join(offer.fit.reasons)
        layout.addWidget(words(verdict, "soft"))
        if offer.fit.cautions:
            layout.addWidget(words("With caution: " + " ".join(offer.fit.cautions), "soft"))
        layout.addWidget(words(use_words(model.intended_use), "dim"))

    def show_reason(self, reason: str | None) -> None:
        """Whether the button works, and if not why."""
        self.button.setEnabled(reason is None)
        self.button.setToolTip(reason or "Run this model on what is on display")


def _grid(offer: ModelOffer) -> list[str]:
    """The voxel size a model for volumes answers at, where it has one of its own."""
    spacing = offer.package.manifest.input[0].spacing_mm
    if spacing is None:
        return []
    return [" x ".join(f"{mm:g}" for mm in (spacing[:1] if len(set(spacing)) == 1 else spacing)) + " mm"]


def use_words(intended_use: str) -> str:
    """The intended use as the reader must see it."""
    return "Research only - not for diagnostic use" if intended_use == "research" else f"Intended use: {intended_use}"


class RunProgress(QFrame):
    """The run that is going on: stage, percent, time left, and a button to cancel."""

    def __init__(self, cancel: object) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._name, self._words, self._bar = QLabel(), words("", "dim"), QProgressBar(textVisible=False)
        self._name.setStyleSheet("font-weight: 600;")
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(cancel)
        top = QHBoxLayout()
        top.addWidget(self._name, 1)
        top.addWidget(self.cancel)
        layout = column(self)
        layout.addLayout(top)
        layout.addWidget(self._bar)
        layout.addWidget(self._words)
        self.hide()

    def show_job(self, name: str, text: str | None, job: object) -> None:
        """Show where the run stands, or nothing when there is none."""
        self.setVisible(text is not None)
        if text is None:
            return
        self._name.setText(f"Running {name}")
        self._words.setText(text)
        fraction = getattr(getattr(job, "progress", None), "fraction", None)
        self._bar.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self._bar.setValue(int(1000 * fraction))
