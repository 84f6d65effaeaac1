"""How long steps take on this machine, measured."""

from __future__ import annotations

import time

import torch

from medviewer.training.descent.precision import Precision
from medviewer.training.sprint.descent import Slope, SprintTask, descend, make_adamw

_WARM_UP = 3


def seconds_per_step(task: SprintTask, slope: Slope, device: torch.device, limit_s: float) -> float | None:
    """The mean time of a step, examples included; None where the card's memory doesn't do.

    Takes about ``limit_s``, but at least one step; the first ones aren't counted unless they took it all.
    """
    optimiser, precision = make_adamw(task.network, slope, device), Precision("bfloat16", device)
    began = counted_from = time.monotonic()
    counted = 0
    try:
        for step in range(100_000):
            loss = descend(task, task.batch(step, 0.5), optimiser, precision, slope.clip_norm)
            float(loss)  # waits for the card
            now = time.monotonic()
            counted += 1
            if now - began > limit_s:
                return (now - counted_from) / counted
            if step + 1 == _WARM_UP:
                counted_from, counted = now, 0
    except torch.OutOfMemoryError:
        return None
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return None
