"""Networks loaded into ONNX Runtime, kept warm. Only the host imports this."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import Cancelled, DeviceNotUsable, ModelFailed
from medviewer.models.package import Package, open_package, verify_network

log = logging.getLogger(__name__)

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
_MAX_WARM = 2


class Stop:
    """A request to stop, heard by a computation that is running in ONNX Runtime (between two of its operators)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._options: Any = None
        self.is_set = False

    def set(self) -> None:
        """Ask; may be called from another thread."""
        with self._lock:
            self.is_set = True
            if self._options is not None:
                self._options.terminate = True

    def watch(self, options: Any) -> None:
        """Pass requests on to an ``onnxruntime.RunOptions``; None ends it."""
        with self._lock:
            self._options = options
            if options is not None and self.is_set:
                options.terminate = True


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded package: where it really runs, and why not elsewhere."""

    package: Package
    session: Any
    provider: str
    note: str | None

    def run(self, feed: Mapping[str, NDArray[Any]], outputs: Sequence[str], stop: Stop) -> dict[str, NDArray[Any]]:
        """Compute some outputs; raises `Cancelled` or `ModelFailed` with ONNX Runtime's own words."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        device = "gpu:0" if self.provider == CUDA else "cpu:0"
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", device)
        stop.watch(options)
        try:
            answers = self.session.run(list(outputs), dict(feed), options)
        except Exception as error:  # ONNX Runtime raises classes of its own that share no base
            if stop.is_set:
                raise Cancelled from error
            raise _failure(error) from error
        finally:
            stop.watch(None)
        return dict(zip(outputs, answers, strict=True))


class Networks:
    """Opens packages and keeps the last ones loaded."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, str], Network] = {}

    def open(self, folder: Path, device: str) -> Network:
        """Load a package on ``auto``, ``cpu`` or ``cuda``.

        The bytes that are hashed are the bytes that are loaded. Raises `BadPackage`, `DeviceNotUsable`, `ModelFailed`.
        """
        package = open_package(folder, verify=False)
        key = (str(folder), package.sha256, device)
        network = self._open.pop(key, None) or _load(package, device)
        self._open[key] = network  # the last used is the last in the order
        while len(self._open) > _MAX_WARM:
            del self._open[next(iter(self._open))]
        return network


def _load(package: Package, device: str) -> Network:
    content = package.network_path.read_bytes()
    verify_network(content, package.manifest)
    note = None
    if device != "cpu":
        session, note = _cuda_session(content)
        if session is not None:
            return Network(package, session, CUDA, None)
        if device == "cuda":
            raise DeviceNotUsable(
                f"The graphics card can't be used: {note}. Run on the processor with --device cpu, or see medviewer doctor."
            )
        note = f"Running on the processor: {note}."
    return Network(package, create_session(content, [CPU]), CPU, note)


def create_session(content: bytes, providers: Sequence[str]) -> Any:
    """An ONNX Runtime session that leaves the desktop usable: one thread a physical core, none of them spinning."""
    import onnxruntime
    import psutil

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = psutil.cpu_count(logical=False) or 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=list(providers))
    except Exception as error:  # as above: no common base class
        raise _failure(error) from error
    session.disable_fallback()
    return session


def _cuda_session(content: bytes) -> tuple[Any, str | None]:
    """A session that really has CUDA, or None and why not."""
    why_not = cuda_lack()
    if why_not is not None:
        return None, why_not
    try:
        session = create_session(content, [CUDA, CPU])
    except ModelFailed as error:
        return None, f"ONNX Runtime could not start CUDA ({error})"
    if CUDA not in session.get_providers():  # only this tells the truth: onnxruntime#23372
        return (
            None,
            "the CUDA libraries (CUDA 13, cuDNN 9) are missing or don't load; the extra [cuda] brings them",
        )
    return session, None


def cuda_lack() -> str | None:
    """What is missing before CUDA could be tried, None if nothing is. Loads the libraries pip installed."""
    import onnxruntime

    if CUDA not in onnxruntime.get_available_providers():
        return "this build of ONNX Runtime has no CUDA"
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return "no NVIDIA driver was found"
    onnxruntime.preload_dlls()
    return None


def _failure(error: Exception) -> ModelFailed:
    words = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
    out_of_memory = isinstance(error, MemoryError) or any(
        part in str(error) for part in ("bad_alloc", "Failed to allocate", "out of memory")
    )
    if out_of_memory:
        return ModelFailed(f"The model ran out of memory: {words}", "memory")
    return ModelFailed(f"ONNX Runtime refused the model: {words}", "failed")


def as_float_image(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A volume ``[k, j, i]`` as the tensor ``NCKJI``."""
    return np.ascontiguousarray(values, np.float32)[None, None]
