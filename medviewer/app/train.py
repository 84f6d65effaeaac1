"""Starting the training child process, and ending with it."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from medviewer.app.outputs import claim_folder
from medviewer.core.child_process import child_environment
from medviewer.core.errors import CannotWrite, MedviewerError, NothingReadable

NEEDED = ("torch", "onnx", "onnxscript", "sklearn", "monai")


class NoTrainingExtra(MedviewerError):
    """Training was asked for and its packages are not installed."""

    exit_code = 2


def require_training_extra() -> None:
    """Raises `NoTrainingExtra` where a package of the extra ``[train]`` is missing."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NoTrainingExtra(
            f"Training needs packages that are not installed ({', '.join(missing)}). `packaging/run train` installs them; "
            "so does `pip install -e '.[train]'` in the checkout."
        )


def default_output(recipe: Path) -> Path:
    """Where a run goes that names no folder: beside the caller, named after the recipe."""
    return Path(f"{recipe.stem}-run")


def start_training(
    recipe: Path, output: Path | None = None, *, data: Path | None = None, budget_minutes: float | None = None, resume: bool = False
) -> int:
    """Train in a child process and return its exit code.

    Ctrl+C and a request to end reach the child, which saves and ends with 130. If this process is killed, the child
    notices, saves and ends too. Raises `NoTrainingExtra`, `NothingReadable` for a recipe that isn't there, and
    `CannotWrite` for an output folder that holds anything, unless it is to be resumed.
    """
    require_training_extra()
    if not recipe.is_file():
        raise NothingReadable(recipe, "there is no such recipe")
    folder = output or default_output(recipe)
    if resume:
        if folder.exists() and not folder.is_dir():
            raise CannotWrite(f"{folder} is no folder, so no run in it can be resumed.")
        folder.mkdir(parents=True, exist_ok=True)
    else:
        claim_folder(folder)
    command = [sys.executable, "-m", "medviewer.training", "train", str(recipe), "--output", str(folder), "--until-stdin-closes"]
    command += ["--data", str(data)] if data is not None else []
    command += ["--budget-minutes", str(budget_minutes)] if budget_minutes is not None else []
    command += ["--resume"] if resume else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=child_environment()) as child, _signals_passed_to(child):
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # Windows: the terminal has told the child as well
                continue


@contextmanager
def _signals_passed_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand Ctrl+C and requests to end on; from a terminal the child gets Ctrl+C twice, which it doesn't mind."""

    def hand_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if sys.platform != "win32":
            child.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
