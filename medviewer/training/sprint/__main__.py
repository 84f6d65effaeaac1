"""``python -m medviewer.training.sprint FILE.npz --output FOLDER``: train from packed data; the same command again goes on."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

_BEGAN = time.monotonic()

from medviewer.core.errors import Cancelled, MedviewerError  # noqa: E402
from medviewer.training.errors import BadTrainingData  # noqa: E402


def main() -> None:
    """Parse the arguments and train for one piece of the budget; expected errors are one line and a code."""
    parser = argparse.ArgumentParser(prog="medviewer.training.sprint", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="packed data, all files of it")
    parser.add_argument("--output", type=Path, required=True, help="folder of the run; what it holds is gone on with")
    parser.add_argument("--minutes", type=float, default=25.0, help="budget of the whole run, all its pieces together")
    parser.add_argument("--piece-minutes", type=float, default=9.0, help="after which this command ends, finished or not")
    parser.add_argument("--timing-seconds", type=float, default=60.0, help="for timing this machine, once")
    parser.add_argument("--spacing", type=float, help="train heads at this voxel size (1, 1.5 or 2 mm), whatever the clock says")
    parser.add_argument("--heads", type=float, help="how many heads the network should see for a voxel size to be chosen")
    parser.add_argument("--device", default="", help="cuda or cpu; otherwise a card if there is one")
    try:
        sys.exit(_run(parser.parse_args()))
    except MedviewerError as error:
        _say(str(error))
        sys.exit(error.exit_code)


def _run(arguments: argparse.Namespace) -> int:
    import torch

    from medviewer.training.fitting.task import best_device
    from medviewer.training.sprint import chest_pack, heads_pack
    from medviewer.training.sprint.chest_sprint import sprint_chest
    from medviewer.training.sprint.clock import Clock
    from medviewer.training.sprint.heads_choice import WANTED_HEADS
    from medviewer.training.sprint.heads_sprint import sprint_heads
    from medviewer.training.sprint.packed_file import read_pack
    from medviewer.training.sprint.wishes import Wishes
    from medviewer.training.stopping import only_run_in

    arguments.output.mkdir(parents=True, exist_ok=True)
    pack = read_pack(arguments.files)
    device = torch.device(arguments.device) if arguments.device else best_device()
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    with only_run_in(arguments.output):
        clock = Clock(arguments.output, 60 * arguments.minutes, 60 * arguments.piece_minutes, _BEGAN)
        wishes = Wishes(arguments.timing_seconds, arguments.spacing, arguments.heads or WANTED_HEADS)
        sprint = {heads_pack.KIND: sprint_heads, chest_pack.KIND: sprint_chest}.get(pack.about["kind"])
        if sprint is None:
            raise BadTrainingData(f"Packed data of kind {pack.about['kind']} can't be trained from.")

        def say(text: str) -> None:
            clock.beat()  # the time before training is spent too, should a kill end it
            _say(text)

        is_finished = sprint(pack, arguments.output, clock, wishes, device, say)
        clock.beat()
        if not is_finished:
            left = (clock.budget_s - clock.spent_s) / 60
            _say(f"This piece is over; {left:.1f} of {arguments.minutes:g} minutes are left. The same command goes on.")
            return Cancelled.exit_code
    _say(f"Finished: {arguments.output}")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
