"""ONNX Runtime as validation uses it: on the processor, and without threads that spin while they wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def cpu_session(network: Path | bytes) -> Any:
    """A session over a file or over ONNX bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(network) if isinstance(network, Path) else network, options, providers=["CPUExecutionProvider"])
