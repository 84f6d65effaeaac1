"""Mixed precision: half-width numbers where they do no harm and save time."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

PrecisionName = Literal["float32", "bfloat16", "float16"]
WHY_NOT_ON_A_PROCESSOR = (
    "Mixed precision is not used: this processor has no arithmetic for numbers of this width, so that they would be "
    "converted to and fro and lose digits for nothing, and training goes on in float32."
)


class Precision:
    """How wide the numbers of forward and backward passes are.

    bfloat16 has float32's range and needs nothing else; float16 hasn't, so its loss is scaled up before the gradient is
    taken and the gradient down again (Micikevicius 2018). ``note`` says why a wish wasn't fulfilled, or is empty.
    """

    def __init__(self, name: PrecisionName, device: torch.device) -> None:
        wanted = name != "float32"
        able = device.type == "cuda" or (name == "bfloat16" and processor_has_bfloat16())
        self._device = device
        self._type = getattr(torch, name) if wanted and able else None
        self.note = WHY_NOT_ON_A_PROCESSOR if wanted and self._type is None else ""
        self.scaler = torch.amp.GradScaler(device.type, enabled=self._type is torch.float16)

    def cast(self) -> AbstractContextManager[None]:
        """The context for forward pass and loss."""
        if self._type is None:
            return nullcontext()
        return torch.autocast(self._device.type, dtype=self._type)


def processor_has_bfloat16() -> bool:
    """Whether convolutions of bfloat16 are faster here than those of float32: AVX512-BF16 or AMX (AMD Zen 4, Intel Cooper Lake and later).

    PyTorch says so in functions that it doesn't list, so a version without them is a processor without.
    """
    known = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in known)
