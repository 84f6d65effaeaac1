"""Commands are rows: menus, toolbar, keys, tooltips, the palette and the help are made from this one table."""

from __future__ import annotations

from medviewer.app.repair import Repair
from medviewer.gui.actions import documents, files, guidance, images, models, repairs, times, viewing
from medviewer.gui.commands.cine import cine_commands
from medviewer.gui.commands.command import Command, Menu, Where
from medviewer.gui.commands.findings import finding_commands
from medviewer.gui.commands.images import image_commands
from medviewer.gui.commands.uptake import uptake_commands

__all__ = ["Command", "Menu", "Where", "commands"]


def _images() -> list[Command]:
    """Leafing and windows."""
    view, menu = Where.VIEW, Menu.IMAGE
    has = images.no_image
    steps = [
        Command("image.next", "Next image", lambda d: images.step(d, 1), menu, ("Down",), view, has),
        Command("image.previous", "Previous image", lambda d: images.step(d, -1), menu, ("Up",), view, has),
        Command("image.next-10", "Ten images on", lambda d: images.step(d, 10), menu, ("Shift+Down",), view, has),
        Command("image.previous-10", "Ten images back", lambda d: images.step(d, -10), menu, ("Shift+Up",), view, has),
        Command("image.first", "First image", images.first, menu, ("Home",), view, has),
        Command("image.last", "Last image", images.last, menu, ("End",), view, has),
        Command(
            "series.next",
            "Next series",
            lambda d: d.step_series(1),
            menu,
            ("PgDown", "Right", "Ctrl+PgDown"),
            view,
            images.no_next_series,
            group=1,
        ),
        Command(
            "series.previous",
            "Previous series",
            lambda d: d.step_series(-1),
            menu,
            ("PgUp", "Left", "Ctrl+PgUp"),
            view,
            images.no_previous_series,
            group=1,
        ),
        Command("window.full", "Window: full range", images.full_window, menu, ("0",), refuse=images.no_grey, group=2),
        Command("window.file", "Window: as in the file", images.file_window, menu, ("1",), refuse=images.no_grey, group=2),
        Command("window.next", "Window: next of the file's own", images.next_voi, menu, ("Shift+W",), refuse=images.no_choice, group=2),
        Command("window.auto", "Window: automatic", images.use_auto_window, menu, ("2",), refuse=images.no_grey, group=2),
    ]
    presets = [
        Command(
            f"window.{preset.id}",
            f"Window: {preset.title.lower()} (CT)",
            images.preset(preset),
            menu,
            (str(n),),
            refuse=images.no_ct,
            group=3,
        )
        for n, preset in enumerate(images.CT_PRESETS, start=3)
    ]
    through = [
        Command("time.next", "Next time point", times.step(1), menu, (".",), view, times.no_times, group=5),
        Command("time.previous", "Previous time point", times.step(-1), menu, (",",), view, times.no_times, group=5),
        Command("time.play", "Play the time points", times.play, menu, (), view, times.no_times, times.is_playing, group=5),
    ]
    resample, split = Repair.RESAMPLE, Repair.SPLIT
    mending = [
        Command(
            "repair.resample", "Resample to a regular volume", repairs.apply(resample), menu, refuse=repairs.not_offered(resample), group=6
        ),
        Command("repair.split", "Split into evenly spaced stacks", repairs.apply(split), menu, refuse=repairs.not_offered(split), group=6),
        Command("repair.undo", "Show the series as stored", repairs.undo, menu, refuse=repairs.not_repaired, group=6),
    ]
    invert = Command(
        "window.invert",
        "Invert",
        images.invert,
        menu,
        ("N",),
        refuse=images.no_image,
        checked=images.is_inverted,
        icon="invert",
        group=4,
        short="Invert",
        toolbar=True,
    )
    return [*steps, *presets, invert, *through, *mending]


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


def _view() -> list[Command]:
    """What is shown and how."""
    menu = Menu.VIEW
    return [
        Command(
            "view.reset",
            "Reset the view",
            viewing.reset,
            menu,
            ("Ctrl+0",),
            refuse=images.no_image,
            icon="reset",
            short="Reset",
            toolbar=True,
        ),
        Command("view.cancel", "Cancel the gesture; twice: reset", viewing.cancel, menu, ("Esc",), Where.VIEW),
        Command(
            "view.maximise",
            "Maximise the pane",
            viewing.maximise,
            menu,
            ("F",),
            Where.VIEW,
            images.no_image,
            viewing.is_maximised,
            "maximise",
            short="Maximise",
            toolbar=True,
        ),
        Command("view.next-pane", "Next pane", viewing.next_pane, menu, ("Tab",), Where.VIEW, images.no_image),
        Command(
            "view.text",
            "Corner text",
            viewing.toggle_text,
            menu,
            ("I",),
            checked=viewing.text_is_on,
            icon="text",
            group=1,
            short="Text",
            toolbar=True,
        ),
        Command(
            "view.lines",
            "Crosshair lines",
            viewing.toggle_lines,
            menu,
            ("Shift+C",),
            checked=viewing.lines_are_on,
            icon="plane",
            group=1,
            short="Lines",
            toolbar=True,
        ),
        Command(
            "view.overlays",
            "Overlays",
            viewing.toggle_overlays,
            menu,
            ("G",),
            refuse=viewing.no_overlay,
            checked=viewing.overlays_are_on,
            icon="layers",
            group=1,
            short="Overlays",
            toolbar=True,
        ),
        Command(
            "view.heatmap",
            "Heatmap",
            viewing.toggle_heatmap,
            menu,
            ("H",),
            refuse=viewing.no_heatmap,
            checked=viewing.heatmap_is_on,
            icon="eye",
            group=1,
        ),
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
        *_view(),
        *image_commands(),
        *uptake_commands(),
        *cine_commands(),
        *_images(),
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
