"""Checkpoints: everything a run needs to go on, on disk whole or not at all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from medviewer.training.errors import CannotResume

NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write under another name, flush to disk, and move into place, so that a kill at any moment leaves the old or the new one."""
    part = folder / f"{NAME}.part"
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / NAME)


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The checkpoint of a run, None where none was written yet. Only tensors and plain values are read, never code.

    Raises `CannotResume` for a file that can't be read.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise CannotResume(f"{path} can't be read ({str(error).splitlines()[0]}). Delete it to begin this run anew.") from error
    return state
