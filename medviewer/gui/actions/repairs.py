"""Series that make no regular volume: what can be done about them."""

from __future__ import annotations

from collections.abc import Callable

from medviewer.app.repair import Repair, offers
from medviewer.gui.desk import Desk


def apply(how: Repair) -> Callable[[Desk], None]:
    """Show the series on display as volumes."""
    return lambda desk: desk.repair(how)


def undo(desk: Desk) -> None:
    """Show the series as it is stored."""
    desk.repair(None)


def not_offered(how: Repair) -> Callable[[Desk], str | None]:
    """Needs a series that this would help."""

    def why(desk: Desk) -> str | None:
        shown = desk.display.shown
        if shown is None:
            return "Open a study first."
        if how in [offer.repair for offer in offers(shown.stack)]:
            return None
        return "This series makes a volume as it is." if shown.stack.makes_volume else "This series can't be repaired so."

    return why


def not_repaired(desk: Desk) -> str | None:
    """Needs a series that is shown repaired."""
    key, repairs = desk.display.key, desk.session.repairs
    if key is not None and (repairs.is_resampled(key) or repairs.is_part(key)):
        return None
    return "This series is shown as it is stored."
