"""Keeps a run of the host within its time and memory, and notices when the host hangs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

from medviewer.core.errors import ModelFailed
from medviewer.inference.host_process import HostProcess
from medviewer.models.package import Package

HEARTBEAT_LIMIT_S = 15.0
_LOOK_EVERY_S = 0.05
_BASE_BYTES = 700_000_000
"""Python, NumPy, SimpleITK and ONNX Runtime themselves."""
_CUDA_BYTES = 4_000_000_000
"""What the CUDA libraries take of the main memory."""
_BYTES_PER_VOXEL = 12
"""The image, labels and heatmap in shared memory, and working copies of slices."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Resident memory, seconds for the whole run, seconds without a sign of life."""

    memory_bytes: int
    time_s: float
    heartbeat_s: float = HEARTBEAT_LIMIT_S


def memory_limit(package: Package, voxels: int, *, cuda: bool) -> int:
    """What a run may take: the package's own figure, the image's share, and no more than nine tenths of the machine."""
    wanted = package.manifest.runtime.memory_bytes + _BASE_BYTES + _BYTES_PER_VOXEL * voxels + (_CUDA_BYTES if cuda else 0)
    return min(wanted, int(0.9 * psutil.virtual_memory().total))


class Watchdog:
    """Asked again and again while a run goes on; kills the host and raises `ModelFailed` when it breaks a limit."""

    def __init__(self, host: HostProcess, limits: Limits) -> None:
        self._host, self._limits = host, limits
        self._began = self._looked = time.monotonic()
        self._last_sign = self._began
        self._process: psutil.Process | None = None

    def check(self) -> None:
        """Compare with the limits."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY_S:
            self._looked = now
            self._check_memory()
        if now - self._began > self._limits.time_s:
            self._end(f"The model took longer than its limit of {self._limits.time_s:g} s and was stopped.", "hung")
        if now - max(self._host.last_sign_of_life, self._began) > self._limits.heartbeat_s:
            self._end(f"The model's process gave no sign of life for {self._limits.heartbeat_s:g} s and was stopped.", "hung")

    def _check_memory(self) -> None:
        try:
            if self._process is None:
                self._process = psutil.Process(self._host.pid)
            used = self._process.memory_info().rss
        except psutil.Error:
            return  # it has ended; whoever waits for its messages finds out how
        if used > self._limits.memory_bytes:
            limit = self._limits.memory_bytes / 1e9
            self._end(
                f"The model needed more than the {limit:.1f} GB of memory it may have ({used / 1e9:.1f} GB) and was stopped.", "memory"
            )

    def _end(self, words: str, code: str) -> None:
        self._host.kill()
        raise ModelFailed(f"{words} Your study is safe; the next run starts a fresh process.", code)
