"""Judging a model on data: acquired volumes go through the program's own analysis here, everything else in a child process."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medviewer.app.analyze import analyze
from medviewer.app.models import installed_models
from medviewer.app.outputs import claim_folder
from medviewer.app.train import require_training_extra
from medviewer.core.child_process import child_environment
from medviewer.core.errors import MedviewerError, NothingReadable
from medviewer.core.progress import Progress
from medviewer.models.catalogue import Catalogue
from medviewer.models.manifest import MANIFEST_NAME
from medviewer.models.package import Package, open_package

_ASK_EVERY_S = 0.2
_LAST_WORDS = 2000


class ValidationFailed(MedviewerError):
    """The child process refused or failed; its own exit code is kept."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found: tables as text, and what could not be measured."""

    tables: tuple[str, ...]
    not_done: tuple[str, ...]


def validate(model: str, data: Path, output: Path, progress: Progress, *, heatmap_pictures: int = 0, most_images: int = 0) -> Validation:
    """Judge an installed model, or a package folder, on ``data``, and write figures, card, plots and worst cases into ``output``.

    heatmap_pictures, most_images : do less than everything, 0 for all.
    Raises `NoTrainingExtra`, `BadPackage`, `NoModelFits`, `NothingReadable`, `CannotWrite`, `ValidationFailed`, `Cancelled`.
    """
    require_training_extra()
    package = _package(model)
    if not data.exists():
        raise NothingReadable(data, "it isn't there")
    claim_folder(output)
    arguments = [str(package.folder), str(data)]
    images = [Path(path) for path in _child([*arguments, "--plan"], progress.part(0.0, 0.02)).get("analyse", ())]
    arguments += ["--output", str(output), "--heatmap-pictures", str(heatmap_pictures), "--most-images", str(most_images)]
    begun = 0.02
    if images:
        begun = 0.7
        arguments += ["--predictions", str(_analysed(package, images, output / "predictions", progress.part(0.02, begun)))]
    found = _child(arguments, progress.part(begun, 1.0))
    return Validation(tuple(found.get("tables", ())), tuple(found.get("not_done", ())))


def _package(model: str) -> Package:
    folder = Path(model)
    if (folder / MANIFEST_NAME).is_file():
        return open_package(folder)
    return installed_models().get(model)


def _analysed(package: Package, images: list[Path], folder: Path, progress: Progress) -> Path:
    """Every image through `analyze`, as a person would have it; one folder each. Refusals are in their results."""
    catalogue = Catalogue([package.folder])
    for number, image in enumerate(images):
        part = progress.part(number / len(images), (number + 1) / len(images))
        analyze([image], package.id, folder / f"{number:02d}", catalogue, part)
    return folder


def _child(arguments: list[str], progress: Progress) -> dict[str, Any]:
    """Run the child, pass on its progress, and return its last line; cancelling ends it."""
    command = [sys.executable, "-m", "medviewer.training.validation", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=child_environment(), encoding="utf-8")
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    complaints: list[str] = []
    threads = [
        threading.Thread(target=_listen, args=(process, lines), daemon=True),
        threading.Thread(target=_collect, args=(process, complaints), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        last = _follow(lines, progress)
    except BaseException:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        raise
    finally:
        process.wait()
        for thread in threads:
            thread.join(5)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    if "error" in last:
        raise ValidationFailed(str(last["error"]), int(last["exit"]))
    if process.returncode != 0 or not last:
        words = "".join(complaints)[-_LAST_WORDS:].strip().splitlines()
        raise ValidationFailed(f"Validation ended unexpectedly: {words[-1] if words else f'exit code {process.returncode}'}", 1)
    return last


def _follow(lines: queue.SimpleQueue[str | None], progress: Progress) -> dict[str, Any]:
    """Until the child has said everything; its last line that isn't progress."""
    last: dict[str, Any] = {}
    while True:
        progress.check()
        try:
            line = lines.get(timeout=_ASK_EVERY_S)
        except queue.Empty:
            continue
        if line is None:
            return last
        message = json.loads(line)
        if "progress" in message:
            progress.report(message["progress"], str(message["text"]))
        else:
            last = message


def _listen(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    with contextlib.suppress(ValueError):  # closed under its hands when the job was cancelled
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def _collect(process: subprocess.Popen[str], complaints: list[str]) -> None:
    assert process.stderr is not None
    with contextlib.suppress(ValueError):
        for line in process.stderr:
            complaints.append(line)
            del complaints[:-50]
