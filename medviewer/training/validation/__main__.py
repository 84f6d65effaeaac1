"""``python -m medviewer.training.validation``: the child process that validates.

Speaks JSON lines on standard output: ``{"progress": 0..1 or null, "text": ...}``, at the end ``{"tables": [...]}``, or
``{"error": ..., "exit": ...}``. With ``--plan`` it only says which images have to be analysed first.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from medviewer.core.child_process import claim_standard_output
from medviewer.core.errors import MedviewerError
from medviewer.core.progress import Progress, ProgressState

_QUIET_S = 0.3


def main() -> None:
    """Parse, measure, report; every outcome is a line."""
    parser = argparse.ArgumentParser(prog="medviewer.training.validation")
    parser.add_argument("package", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--predictions", type=Path)
    parser.add_argument("--heatmap-pictures", type=int, default=0)
    parser.add_argument("--most-images", type=int, default=0)
    arguments = parser.parse_args()
    speak = _Speaker(claim_standard_output())
    progress = Progress(speak.progress)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: progress.cancel())
    try:
        _run(arguments, speak, progress)
    except MedviewerError as error:
        speak.say({"error": str(error), "exit": error.exit_code})
        sys.exit(error.exit_code)


def _run(arguments: argparse.Namespace, speak: _Speaker, progress: Progress) -> None:
    from medviewer.training.validation.run import Options, images_to_analyse, validate
    from medviewer.training.validation.tables import tables_of

    if arguments.plan:
        speak.say({"analyse": [str(path) for path in images_to_analyse(arguments.package, arguments.data)]})
        return
    options = Options(arguments.output, arguments.predictions, arguments.heatmap_pictures, arguments.most_images)
    figures = validate(arguments.package, arguments.data, options, progress)
    speak.say({"tables": [table.as_text() for table in tables_of(figures)], "not_done": list(figures.not_done)})


class _Speaker:
    """Writes lines to where standard output was."""

    def __init__(self, descriptor: int) -> None:
        self._file = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
        self._when, self._text = 0.0, ""

    def say(self, message: dict[str, Any]) -> None:
        """One line."""
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()

    def progress(self, state: ProgressState) -> None:
        """Now and then."""
        now = time.monotonic()
        if now - self._when >= _QUIET_S or state.text != self._text:
            self._when, self._text = now, state.text
            self.say({"progress": state.fraction, "text": state.text})


if __name__ == "__main__":
    main()
