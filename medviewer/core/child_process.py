"""How this program starts a child process of its own: from a checkout, an installation, or frozen into one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NO_WINDOW = 0x08000000 if sys.platform == "win32" else 0
"""CREATE_NO_WINDOW of Windows: no console appears."""


def child_command(module: str, flag: str) -> list[str]:
    """This Python with the module, or a frozen program with the flag that stands for it."""
    if getattr(sys, "frozen", False):
        return [sys.executable, flag]
    return [sys.executable, "-m", module]


def child_environment() -> dict[str, str]:
    """This process's environment, and a path on which the child finds this very package."""
    environment = dict(os.environ)
    here = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(part for part in (here, environment.get("PYTHONPATH", "")) if part)
    return environment


def claim_standard_output() -> int:
    """In a child: a descriptor for answers alone; whatever else is printed, by C libraries too, goes to standard error."""
    control = os.dup(1)
    os.dup2(2, 1)
    return control
