"""Starting the training child process."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from medviewer.core.errors import MedviewerError


class NoTrainingExtra(MedviewerError):
    """Training was asked for and its packages are not installed."""

    exit_code = 2


def start_training(recipe: Path, data: Path, output: Path, budget_minutes: float, *, resume: bool) -> int:
    """Train in a child process and return its exit code; raises `NoTrainingExtra` without the extra ``[train]``."""
    if importlib.util.find_spec("torch") is None:
        raise NoTrainingExtra("Training needs PyTorch. Install the extra in the checkout: pip install -e '.[train]'.")
    command = [sys.executable, "-m", "medviewer.training", "train", str(recipe), "--data", str(data), "--output", str(output)]
    command += ["--budget-minutes", str(budget_minutes), *(["--resume"] if resume else [])]
    return subprocess.run(command, check=False).returncode
