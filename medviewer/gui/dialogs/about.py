"""Version, licences, and what the program is not."""

from __future__ import annotations

from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from PySide6.QtWidgets import QHBoxLayout, QLabel, QTextBrowser, QWidget

from medviewer.app.version import program_version
from medviewer.gui.dialogs.parts import Sheet
from medviewer.gui.theme import icons
from medviewer.library.paths import log_file

PARTS = (
    "PySide6-Essentials",
    "numpy",
    "pydicom",
    "highdicom",
    "SimpleITK",
    "onnxruntime-gpu",
    "onnxruntime",
    "imagecodecs",
    "nibabel",
    "pydantic",
    "psygnal",
    "typer",
    "rich",
    "platformdirs",
    "psutil",
)


class AboutDialog(Sheet):
    """What this is, which version, and whose work it stands on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("About medviewer", parent, 560)
        row = QHBoxLayout()
        row.setSpacing(16)
        mark = QLabel()
        mark.setPixmap(icons.picture("app", "#ffffff", 56, self.devicePixelRatioF()))
        words = QLabel(
            f"<b>medviewer {program_version()}</b><br>A viewer for DICOM studies that runs models beside the images.<br>Apache License 2.0"
        )
        words.setWordWrap(True)
        row.addWidget(mark)
        row.addWidget(words, 1)
        self.content.addLayout(row)
        self.add_words("For research only. This is not a medical device and not for diagnostic use. Nothing leaves this computer.")
        parts = QTextBrowser(openExternalLinks=False)
        parts.setMinimumHeight(220)
        parts.setHtml("<table cellspacing=4>" + "".join(_row(name) for name in PARTS) + "</table>")
        self.content.addWidget(parts)
        self.add_words(f"Log file: {log_file()}")
        self.add_buttons("Close", cancel="")


def _row(name: str) -> str:
    try:
        data = metadata(name)
    except PackageNotFoundError:
        return ""
    listed = [c.rsplit(" :: ", 1)[-1] for c in data.get_all("Classifier") or [] if c.startswith("License")]
    licence = _first(data, "License-Expression") or (listed[0] if listed else _first(data, "License")[:60])
    return f"<tr><td>{name}&nbsp;&nbsp;</td><td>{data['Version']}&nbsp;&nbsp;</td><td>{licence}</td></tr>"


def _first(data: PackageMetadata, name: str) -> str:
    return str((data.get_all(name) or [""])[0]).split("\n")[0]
