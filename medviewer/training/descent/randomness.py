"""Randomness that depends on the seed and the step alone.

No generator lives through a run, so none has to be saved: a run that goes on at step 700 draws what it would have drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch

_ORDER, _STEP = 0, 1


def fix_everything(seed: int, threads: int, *, deterministic: bool = True) -> None:
    """Seed what has a seed; sums depend on ``threads`` too.

    deterministic : only algorithms that give the same each time. On a graphics card some operators have none.
    """
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(deterministic)
    torch.set_num_threads(threads)


class StepRandom:
    """The randomness of one step: a generator of each library. Making one also seeds PyTorch's own (dropout).

    device : where PyTorch's draws; a card draws other numbers from the same seed.
    """

    def __init__(self, seed: int, step: int, device: torch.device | None = None) -> None:
        sequence = np.random.SeedSequence([seed, _STEP, step])
        torch_seed, own_seed = (int(word) >> 1 for word in sequence.generate_state(2, np.uint64))
        self.numpy = np.random.default_rng(sequence)
        self.torch = torch.Generator(device or torch.device("cpu")).manual_seed(torch_seed)
        torch.manual_seed(own_seed)


def rand(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Numbers from 0 to 1 where the generator is."""
    return torch.rand(shape, generator=generator, device=generator.device)


def randn(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Normal numbers where the generator is."""
    return torch.randn(shape, generator=generator, device=generator.device)


def randint(generator: torch.Generator, low: int, high: int, count: int = 1) -> torch.Tensor:
    """Whole numbers from ``low`` to below ``high`` where the generator is, ``(count,)``."""
    return torch.randint(low, high, (count,), generator=generator, device=generator.device)


@lru_cache(maxsize=4)
def _shuffled(seed: int, epoch: int, count: int) -> tuple[int, ...]:
    order = np.random.default_rng(np.random.SeedSequence([seed, _ORDER, epoch])).permutation(count)
    return tuple(int(n) for n in order)


def examples_of_step(seed: int, step: int, batch: int, count: int) -> list[int]:
    """The indices of a step's examples: all in a new order each epoch, batches reaching over the border between epochs."""

    def stream() -> Iterator[int]:
        for place in range(step * batch, (step + 1) * batch):
            yield _shuffled(seed, place // count, count)[place % count]

    return list(stream())
