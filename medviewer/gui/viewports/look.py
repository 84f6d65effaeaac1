"""How values become grey in all panes: the window, the unit, the polarity."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medviewer.app.repair import ResampledReader
from medviewer.core.voi import LookUpTable, Voi, Window
from medviewer.core.volume import Volume
from medviewer.dicom.volumes import VolumeReader
from medviewer.gui.viewports.loaded_values import loaded_values
from medviewer.gui.viewports.shown import Change, Shown
from medviewer.gui.viewports.value_unit import AS_STORED, ValueUnit, dark_means_much
from medviewer.imaging.window import auto_window, full_window


class Look(QObject):
    """The part of the display that has to do with greys. Every setter emits `changed` with what is different.

    window : None before there is one, and for images that bring their own; window_is_own : the reader chose it.
    choice : which of the files' windows and tables is in use. suggested : one before those, over values as stored.
    """

    changed = Signal(object)  # Change

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shown: Shown | None = None
        self.reader: VolumeReader | ResampledReader | None = None
        self.window: Window | None = None
        self.window_is_own = False
        self.choice = 0
        self.inverted = False
        self.value_unit, self.unit_is_own = AS_STORED, False
        self.unit_notice = ""
        self.suggested: Window | None = None

    @property
    def volume(self) -> Volume | None:
        """The volume on display, perhaps still loading."""
        return self.reader.volume if self.reader is not None else None

    def suggest_unit(self, unit: ValueUnit, window: Window) -> None:
        """Offer a window in a unit before the files' own, and show values in that unit unless the reader has chosen one."""
        self.suggested = window.scaled(1 / unit.factor)
        chosen = self.unit_is_own
        self.set_unit(self.value_unit if chosen else unit)
        self.unit_is_own = chosen

    def set_unit(self, unit: ValueUnit) -> None:
        """Show values in another unit; what is bright stays as bright."""
        ratio, self.value_unit, self.unit_is_own = unit.factor / self.value_unit.factor, unit, True
        if self.window_is_own and self.window is not None:
            self.window = self.window.scaled(ratio)
        elif self.window is not None:
            self.window = self._first_window()
        self.changed.emit(Change.WINDOW | Change.TEXT)

    def set_unit_notice(self, words: str) -> None:
        """Say why values are in no better unit."""
        self.unit_notice = words
        self.changed.emit(Change.TEXT)

    def reset_look(self) -> None:
        """Back to the window and polarity that the stack is first shown with."""
        self.inverted = self.shown is not None and dark_means_much(self.shown.stack)
        self.choose_voi(0)

    def set_window(self, window: Window) -> None:
        """Show values through another window, which is kept for this stack."""
        self.window, self.window_is_own = window, True
        self.changed.emit(Change.WINDOW)

    def forget_window(self) -> None:
        """Go back to what the files suggest first."""
        self.choose_voi(0 if self.suggested is None else 1)

    def choose_voi(self, choice: int) -> None:
        """Show every image through the one of its file's windows and tables that has this place among them."""
        self.choice, self.window_is_own = choice, False
        self.window = self._first_window() if self.reader is not None else None
        self.changed.emit(Change.WINDOW)

    def set_inverted(self, inverted: bool) -> None:
        """Swap black and white, or back."""
        self.inverted = inverted
        self.changed.emit(Change.WINDOW)

    def offered(self, of_file: tuple[Voi, ...]) -> tuple[Voi, ...]:
        """What can be chosen from where a file suggests these: in the unit that values are shown in."""
        first = () if self.suggested is None else (self.suggested.scaled(self.value_unit.factor),)
        return (*first, *self.value_unit.choices(of_file))

    def file_voi(self) -> Voi | None:
        """The window or table of the volume's files that was chosen, the first as long as none was."""
        choices = self.offered(self.volume.voi) if self.volume is not None else ()
        return choices[min(self.choice, len(choices) - 1)] if choices else None

    def file_window(self) -> Window | None:
        """The same, with the range of a table for its window."""
        voi = self.file_voi()
        return voi.window if isinstance(voi, LookUpTable) else voi

    def auto_window(self) -> Window | None:
        """A window from the values that are loaded."""
        loaded = loaded_values(self.reader, self.value_unit)
        return auto_window(*loaded) if loaded is not None else None

    def full_window(self) -> Window | None:
        """A window over all values that are loaded."""
        loaded = loaded_values(self.reader, self.value_unit)
        return full_window(*loaded) if loaded is not None else None

    def _first_window(self) -> Window:
        return self.file_window() or self.auto_window() or Window(0.5, 1.0)
