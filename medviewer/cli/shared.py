"""What several commands share: progress on standard error, JSON on standard output."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from medviewer.core.progress import Progress

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A progress on standard error: a bar on a terminal, plain lines elsewhere. Ctrl+C or a request to end cancels the job."""
    from medviewer.cli.progress import ProgressDisplay

    with ProgressDisplay() as display:
        progress = Progress(display.show)
        before = {number: signal.signal(number, lambda *_: progress.cancel()) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield progress
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def print_json(document: str) -> None:
    """Print one document."""
    sys.stdout.write(document.rstrip() + "\n")
