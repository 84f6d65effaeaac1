"""Which of ONNX Runtime's providers really work here."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.core.errors import ModelFailed
from medviewer.inference.client import InferenceClient

PROVIDERS = ("CPUExecutionProvider", "CUDAExecutionProvider")
"""Those the program uses. ONNX Runtime lists others whether or not their libraries are there."""


@dataclass(frozen=True, slots=True)
class ProviderFinding:
    """``max_abs_diff`` is the largest difference to the processor's answer; None where nothing was computed."""

    provider: str
    usable: bool
    max_abs_diff: float | None
    note: str


def provider_report() -> list[ProviderFinding]:
    """Run a small network on each provider in a host of its own, and compare with the processor.

    A provider that takes the host down is reported as that. Raises `ModelFailed` when no host can be started.
    """
    found = []
    for provider in PROVIDERS:
        with InferenceClient() as client:
            try:
                answer = client.probe(provider)
            except ModelFailed as error:
                if provider == PROVIDERS[0]:
                    raise
                found.append(ProviderFinding(provider, False, None, str(error)))
            else:
                found.append(ProviderFinding(answer.provider, answer.usable, answer.max_abs_diff, answer.note))
    return found
