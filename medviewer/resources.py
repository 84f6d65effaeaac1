"""The only code that knows where ``resources/`` is: in a checkout, an installed wheel, or a frozen program."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path


@cache
def resources_folder() -> Path:
    """The folder with models, recipes, icons and tables; raises ``FileNotFoundError`` when an install lost it."""
    package = Path(__file__).resolve().parent
    frozen = Path(getattr(sys, "_MEIPASS", package))
    for folder in (package.parent / "resources", package / "_resources", frozen / "resources"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("The program's resources folder is missing; install it again.")
