"""A wider network that starts out answering as a narrower one: what was learnt is kept, and there is room for more.

New channels get their random start and say nothing to the old ones yet: the weights from them are zero, so that the old channels
compute what they did (Chen 2016, Net2Net, arXiv 1511.05641, with zeros in the place of copies, so that no two channels are twins).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from medviewer.training.networks.half_grid import STEM, HalfGridUNet


def grown(narrow: Mapping[str, Tensor], network: HalfGridUNet) -> dict[str, Tensor]:
    """The state of ``network`` with a narrower one's weights in it.

    narrow : the state of a `HalfGridUNet` of the same structures and levels, no wider anywhere;
    raises ``ValueError`` for another.
    """
    if not _is_narrower(narrow, network):
        raise ValueError("These weights are of a network with other structures or levels, or of a wider one.")
    state = {name: values.clone() for name, values in network.state_dict().items()}
    old = [narrow[f"down.{n}.layers.0.weight"].shape[0] for n in range(len(network.down))]
    new = [block.layers[0].weight.shape[0] for block in network.down]
    thin, wide = narrow["answer.weight"].shape[1], network.answer.weight.shape[1]
    first = _after(old[0], new[0], STEM)
    inputs: dict[str, list[int]] = {"coarse.weight": first, "context.weight": first}
    for n in range(len(new)):
        inputs[f"down.{n}.layers.0.weight"] = list(range(STEM if n == 0 else old[n - 1]))
        inputs[f"down.{n}.layers.3.weight"] = list(range(old[n]))
    for n in range(len(new) - 1):
        deep, skip = len(new) - 1 - n, len(new) - 2 - n
        inputs[f"up.{n}.layers.0.weight"] = _after(old[deep], new[deep], old[skip])
        inputs[f"up.{n}.layers.3.weight"] = list(range(old[skip]))
    inputs |= {"detail.weight": list(range(thin)), "answer.weight": list(range(thin))}
    corners = [corner * wide + n for corner in range(8) for n in range(thin)]
    for name, values in narrow.items():
        if name not in state:
            continue
        target = state[name]
        rows = torch.tensor(corners if name.startswith("context") else range(len(values)))
        if values.ndim == 1:
            target[rows] = values
            continue
        whole = torch.zeros(len(rows), *target.shape[1:])
        whole[:, torch.tensor(inputs.get(name, range(values.shape[1])))] = values
        target[rows] = whole
    return state


def _is_narrower(narrow: Mapping[str, Tensor], network: HalfGridUNet) -> bool:
    wide = network.state_dict()
    if not wide.keys() <= narrow.keys() or f"down.{len(network.down)}.layers.0.weight" in narrow:
        return False
    fits = all(narrow[name].ndim == values.ndim and len(narrow[name]) <= len(values) for name, values in wide.items())
    return fits and len(narrow["coarse.bias"]) == network.structures + 1


def _after(first_old: int, first_new: int, second: int) -> list[int]:
    """Where the old channels are of two groups side by side, of which the first has grown."""
    return [*range(first_old), *range(first_new, first_new + second)]
