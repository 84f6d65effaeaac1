"""A child process in which everything but PyTorch, NumPy and SciPy is absent, on a clock that doesn't depend on the machine."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ABSENT = (
    "pydantic", "SimpleITK", "pydicom", "monai", "onnx", "onnxscript", "onnxruntime", "PIL", "nibabel", "sklearn", "highdicom", "PySide6",
    "matplotlib", "typer", "rich",
)  # fmt: skip
_RUN = """
    import importlib, sys
    sys.modules.update(dict.fromkeys({absent!r}))  # importing one of these raises ImportError
    from pathlib import Path
    import torch
    import medviewer.training.sprint.__main__
    from medviewer.training.sprint.packed_file import read_pack
    from medviewer.training.sprint.wishes import Wishes

    class Ticks:
        '''A clock on which every look costs a second.'''
        def __init__(self, spent, piece): self.budget_s, self.now, self.end = 90.0, spent, spent + piece
        @property
        def spent_s(self): self.now += 1; return self.now
        @property
        def piece_left_s(self): return 1e9 if self.now < self.end else 0
        def beat(self): pass

    torch.set_num_threads(1)
    module, name = sys.argv[1].split('.')
    sprint = getattr(importlib.import_module('medviewer.training.sprint.' + module), name)
    clock = Ticks(float(sys.argv[4]), float(sys.argv[5]))
    wishes = Wishes(timing_s=0.0, spacing_mm=2.0, heads=1e9)
    finished = sprint(read_pack([Path(sys.argv[2])]), Path(sys.argv[3]), clock, wishes, torch.device('cpu'), print)
    print('finished' if finished else 'unfinished')
"""


def sprint_on_a_bare_machine(function: str, pack: Path, output: Path, spent_s: float, piece_s: float) -> str:
    """Run one piece of a sprint (``module.function`` in `medviewer.training.sprint`) with a budget of 90 s; what it printed."""
    code = textwrap.dedent(_RUN.format(absent=ABSENT))
    command = [sys.executable, "-c", code, function, str(pack), str(output), str(spent_s), str(piece_s)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return done.stdout
