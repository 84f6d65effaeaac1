"""Mixed precision: half-width numbers where they do no harm, on graphics cards alone."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

PrecisionName = Literal["float32", "bfloat16", "float16"]
WHY_NOT_ON_A_PROCESSOR = (
    "Mixed precision is not used: on a processor most operators have no half-width kernels, so that numbers would be "
    "converted to and fro and lose digits, and training goes on in float32."
)


class Precision:
    """How wide the numbers of forward and backward passes are.

    bfloat16 has float32's range and needs nothing else; float16 hasn't, so its loss is scaled up before the gradient is
    taken and the gradient down again (Micikevicius 2018). ``note`` says why a wish wasn't fulfilled, or is empty.
    """

    def __init__(self, name: PrecisionName, device: torch.device) -> None:
        wanted = name != "float32"
        self._device = device
        self._type = getattr(torch, name) if wanted and device.type == "cuda" else None
        self.note = WHY_NOT_ON_A_PROCESSOR if wanted and self._type is None else ""
        self.scaler = torch.amp.GradScaler(device.type, enabled=self._type is torch.float16)

    def cast(self) -> AbstractContextManager[None]:
        """The context for forward pass and loss."""
        if self._type is None:
            return nullcontext()
        return torch.autocast(self._device.type, dtype=self._type)
