"""Opening and leaving."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from medviewer.gui.desk import Desk


def open_folder(desk: Desk) -> None:
    """Ask for a folder and open it."""
    folder = desk.ask.folder("Open a folder of images")
    if folder is not None:
        desk.open_paths([folder])


def open_files(desk: Desk) -> None:
    """Ask for files and open them."""
    desk.open_paths(desk.ask.files("Open images or ZIP files"))


def show_refused(desk: Desk) -> None:
    """List what could not be read, and why."""
    desk.ask.show_refused(desk.session.scan)


def quit_(desk: Desk) -> None:
    """Close the window."""
    del desk
    QApplication.closeAllWindows()


def no_sample(desk: Desk) -> str | None:
    """There may be nothing to make it with."""
    return None if desk.sample_study is not None else "This program was started without a sample study."


def none_refused(desk: Desk) -> str | None:
    """Only when something could not be read."""
    scan = desk.session.scan
    return None if any(refused.is_failure for refused in scan.refused) or scan.not_dicom else "Every file that was opened could be read."
