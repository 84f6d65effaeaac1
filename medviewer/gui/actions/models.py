"""Running models."""

from __future__ import annotations

from medviewer.gui.desk import Desk


def run_best(desk: Desk) -> None:
    """Run the first model that fits the series on display."""
    offer = desk.models.best()
    if offer is not None:
        desk.models.run(offer)


def why_not_best(desk: Desk) -> str | None:
    """Needs a series, complete, that a model fits, and no run going on."""
    return desk.models.why_not(desk.models.best())


def none_running(desk: Desk) -> str | None:
    """Needs a run going on."""
    return None if desk.models.is_running else "No model is running."
