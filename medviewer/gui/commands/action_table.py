"""Commands as Qt actions: menus, toolbar, keys, tooltips."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from medviewer.gui.actions.images import file_choices
from medviewer.gui.commands.table import Command, Menu, Where
from medviewer.gui.desk import Desk
from medviewer.gui.dialogs.keyboard import KeyRow
from medviewer.gui.theme import icons
from medviewer.gui.viewports.corner_text import choice_words


class ActionTable(QObject):
    """One action a command. Whether each can run now is looked at once after any number of changes."""

    def __init__(self, commands: Sequence[Command], desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self.commands, self._desk = tuple(commands), desk
        self._actions = {command.id: self._make(command) for command in commands}
        for command in commands:
            (desk.views if command.where is Where.VIEW else window).addAction(self._actions[command.id])
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.refresh)
        for signal in (desk.findings.changed, desk.findings.current_changed):  # two keys may follow each other at once
            signal.connect(self.refresh)
        for signal in (
            desk.display.changed,
            desk.models.changed,
            desk.cine.changed,
            desk.toolbox.changed,
            desk.events.scan_changed,
            desk.views.active_changed,
        ):
            signal.connect(self.refresh_soon)
        self.refresh()

    def action(self, command_id: str) -> QAction:
        """The action of a command."""
        return self._actions[command_id]

    def all(self) -> list[QAction]:
        """All actions, in the table's order; what a switch says and why something is greyed is up to date."""
        self.refresh()
        return list(self._actions.values())

    def key_rows(self) -> list[KeyRow]:
        """The help's lines for every command that has keys."""
        return [KeyRow(c.menu.value, c.title.rstrip("…"), ", ".join(c.keys)) for c in self.commands if c.keys]

    @Slot()
    def refresh_soon(self) -> None:
        """Look at all commands when the present event is done with."""
        if not self._soon.isActive():
            self._soon.start()

    @Slot()
    def refresh(self) -> None:
        """Grey what can't run now and say why; set the switches."""
        for command in self.commands:
            action, reason = self._actions[command.id], command.refuse(self._desk)
            action.setEnabled(reason is None)
            keys = f" ({', '.join(command.keys)})" if command.keys else ""
            action.setToolTip(reason or f"{command.title.rstrip('…')}{keys}")
            if command.checked is not None:
                action.setChecked(command.checked(self._desk))

    def fill_menus(self, bar: QMenuBar) -> None:
        """All menus, with lines between groups."""
        for menu in Menu:
            rows = [command for command in self.commands if command.menu is menu]
            self._fill(bar.addMenu(menu.value), rows)

    def fill_toolbar(self, bar: QToolBar) -> None:
        """The commands that are marked for it."""
        bar.setIconSize(QSize(20, 20))
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        before: Menu | None = None
        for command in sorted((c for c in self.commands if c.toolbar), key=lambda c: _TOOLBAR_ORDER.index(c.menu)):
            if before is not None and command.menu is not before:
                bar.addSeparator()
            before = command.menu
            bar.addAction(self._actions[command.id])
            button = bar.widgetForAction(self._actions[command.id])
            button.setProperty("switch", command.checked is not None and command.menu is not Menu.TOOLS)

    def context_menu(self, parent: QWidget) -> QMenu:
        """The menu of a right click on an image."""
        menu = QMenu(parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        always = ("view.reset", "view.maximise", "view.overlays", "view.text")
        rows = [c for c in self.commands if c.id.startswith(("window.", "repair.")) or c.id in always]
        choices = file_choices(self._desk)
        for number, voi in enumerate(choices if len(choices) > 1 else ()):
            action = menu.addAction(choice_words(voi))
            action.setCheckable(True)
            action.setChecked(not self._desk.display.window_is_own and number == self._desk.display.choice)
            action.triggered.connect(lambda _=False, number=number: self._desk.display.choose_voi(number))
        if len(choices) > 1:
            menu.addSeparator()
        for command in rows:
            if command.id in always or self._actions[command.id].isEnabled():
                menu.addAction(self._actions[command.id])
        return menu

    def _fill(self, menu: QMenu, rows: Sequence[Command]) -> None:
        menu.setToolTipsVisible(True)
        group = rows[0].group if rows else 0
        for command in rows:
            if command.group != group:
                menu.addSeparator()
                group = command.group
            menu.addAction(self._actions[command.id])

    def _make(self, command: Command) -> QAction:
        action = QAction(command.title, self)
        action.setObjectName(command.id)
        action.setIconText(command.short or command.title.rstrip("…"))
        action.setProperty("drawing", command.icon)
        if command.icon:
            action.setIcon(icons.icon(command.icon))
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        if command.where is Where.VIEW:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setCheckable(command.checked is not None)
        action.triggered.connect(lambda _=False, command=command: self._run(command))
        return action

    def _run(self, command: Command) -> None:
        if command.refuse(self._desk) is None:
            command.run(self._desk)
        self.refresh_soon()


_TOOLBAR_ORDER = (Menu.FILE, Menu.TOOLS, Menu.IMAGE, Menu.VIEW, Menu.MODELS, Menu.FINDINGS, Menu.HELP)
