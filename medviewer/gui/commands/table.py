"""Commands are rows: menus, toolbar, keys, tooltips, the palette and the help are made from this one table.

Rows that belong together lie in a file of their own beside it.
"""

from __future__ import annotations

from medviewer.gui.actions import documents, files, guidance, models, viewing
from medviewer.gui.commands.cine import cine_commands
from medviewer.gui.commands.command import Command, Menu, Where
from medviewer.gui.commands.findings import finding_commands
from medviewer.gui.commands.images import image_commands
from medviewer.gui.commands.leafing import leafing_commands
from medviewer.gui.commands.series import series_commands
from medviewer.gui.commands.uptake import uptake_commands
from medviewer.gui.commands.view import view_commands
from medviewer.gui.commands.windows import window_commands

__all__ = ["Command", "Menu", "Where", "commands"]


def _tools() -> list[Command]:
    """The mouse tools."""
    keys = {"window": "W", "pan": "T", "zoom": "Z", "scroll": "S", "crosshair": "C", "rotate": "O"}
    return [
        Command(
            f"tool.{tool.id}",
            tool.title,
            viewing.choose_tool(tool.id),
            Menu.TOOLS,
            (keys[tool.id],),
            checked=viewing.has_tool(tool.id),
            icon=tool.icon,
            short=tool.id.capitalize(),
            toolbar=True,
        )
        for tool in viewing.TOOLS
    ]


def commands() -> tuple[Command, ...]:
    """The whole table."""
    return (
        Command("file.open-folder", "Open folder…", files.open_folder, Menu.FILE, ("Ctrl+O",), icon="folder", short="Open", toolbar=True),
        Command("file.open-files", "Open files…", files.open_files, Menu.FILE, ("Ctrl+Shift+O",), icon="file"),
        Command("file.sample", "Try the sample study", lambda d: d.open_sample(), Menu.FILE, refuse=files.no_sample, icon="study"),
        Command(
            "file.refused",
            "Files that could not be read…",
            files.show_refused,
            Menu.FILE,
            refuse=files.none_refused,
            icon="warning",
            group=1,
        ),
        Command(
            "document.tags", "Show tags", documents.show_tags, Menu.FILE, ("Ctrl+I",), refuse=documents.nothing_open, icon="list", group=1
        ),
        Command(
            "document.save",
            "Save the enclosed document or video…",
            documents.save_copy,
            Menu.FILE,
            refuse=documents.no_enclosed,
            icon="save",
            group=1,
        ),
        Command("file.quit", "Quit", files.quit_, Menu.FILE, ("Ctrl+Q",), group=2),
        *view_commands(),
        *image_commands(),
        *uptake_commands(),
        *cine_commands(),
        *leafing_commands(),
        *window_commands(),
        *series_commands(),
        *_tools(),
        Command(
            "model.run",
            "Run the first model that fits",
            models.run_best,
            Menu.MODELS,
            ("M",),
            refuse=models.why_not_best,
            icon="play",
            short="Run model",
            toolbar=True,
        ),
        Command(
            "model.cancel", "Cancel the run", lambda d: d.models.cancel(), Menu.MODELS, ("Ctrl+.",), refuse=models.none_running, icon="stop"
        ),
        *finding_commands(),
        Command("help.palette", "Find a command…", guidance.palette, Menu.HELP, ("Ctrl+K",), icon="search", short="Commands", toolbar=True),
        Command("help.keys", "Keyboard and mouse", guidance.keys, Menu.HELP, ("F1",), icon="keyboard"),
        Command("help.about", "About medviewer", guidance.about, Menu.HELP, icon="info", group=1),
    )
