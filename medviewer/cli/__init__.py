"""The command line."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

import typer

from medviewer.cli.commands import app
from medviewer.core.errors import Cancelled, MedviewerError

log = logging.getLogger(__name__)
WRONG_COMMAND_LINE = 2
COMMANDS = ("open", "demo", "analyze", "inspect", "export", "doctor", "models", "train", "validate")


def _with_default_command(arguments: list[str]) -> list[str]:
    """``medviewer PATH`` means ``medviewer open PATH``."""
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        return ["open", *arguments]
    if arguments and arguments[0] in ("--study", "--accession"):
        return ["open", *arguments]
    return arguments


def _set_up_log() -> None:
    from medviewer.library.paths import log_file

    try:
        handler: logging.Handler = logging.FileHandler(log_file(), encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    logging.basicConfig(level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # pydicom quotes values of elements in what it warns of, and those are somebody's.
    quoting = logging.getLogger("pydicom")
    quoting.setLevel(logging.CRITICAL)  # not even made: a damaged text may give a hundred thousand warnings
    quoting.propagate = False
    quoting.addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module="pydicom")


def main() -> None:
    """Entry point: runs a command and turns every outcome into an exit code and at most one line.

    A frozen program starts itself as a child process by the flag of one (see `medviewer.core.child_process`).
    """
    match sys.argv[1:]:
        case ["--decoder", scratch]:
            from medviewer.dicom.codecs.child import main as decode

            decode(scratch)
            return
        case ["--inference-host"]:
            from medviewer.inference.host import main as host

            host()
            return
    _set_up_log()
    sys.exit(guarded(lambda: app(_with_default_command(sys.argv[1:]), standalone_mode=False)))


def guarded(run: Callable[[], Any]) -> int:
    """Run a command; expected errors become one line and their exit code, defects a line that names the log."""
    try:
        code = run()
    except typer.Exit as error:
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("Cancelled.", err=True)
        return Cancelled.exit_code
    except typer.TyperException as error:
        typer.echo(f"{error.format_message()} See medviewer --help.", err=True)
        return WRONG_COMMAND_LINE
    except MedviewerError as error:
        typer.echo(str(error), err=True)
        return error.exit_code
    except Exception:  # the edge of the program
        from medviewer.library.paths import log_file

        log.exception("Unexpected error")
        typer.echo(f"Something went wrong that should not have. The details are in {log_file()}", err=True)
        return 1
    return code if isinstance(code, int) else 0
