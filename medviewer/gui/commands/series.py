"""Rows of the command table about the series on show as a whole."""

from __future__ import annotations

from medviewer.app.repair import Repair
from medviewer.gui.actions import repairs, times
from medviewer.gui.commands.command import Command, Menu, Where


def series_commands() -> list[Command]:
    """Its time points, and what can be mended where it makes no regular volume."""
    view, menu = Where.VIEW, Menu.IMAGE
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
    return [*through, *mending]
