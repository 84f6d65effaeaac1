"""Running models from the program's side: one host process, started at first need and kept warm."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np

from medviewer.core.errors import DeviceNotUsable, ModelFailed
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume
from medviewer.inference.conversation import Conversation
from medviewer.inference.host_process import HostProcess
from medviewer.inference.messages import (
    PROTOCOL_VERSION,
    Hello,
    HelloBack,
    NumbersOutput,
    OfferedArray,
    Open,
    Opened,
    Probe,
    Probed,
    RescaleRef,
    Result,
    Run,
    RunSettings,
    VolumeRef,
)
from medviewer.inference.raw_result import RawResult, Used, checked_result
from medviewer.inference.shared_arrays import SharedArray
from medviewer.inference.watchdog import HEARTBEAT_LIMIT_S, Limits, Watchdog, memory_limit
from medviewer.models.package import Package

__all__ = ["InferenceClient", "RawResult", "RunOptions"]

log = logging.getLogger(__name__)
CUDA_PROVIDER = "CUDAExecutionProvider"
DEVICES = ("auto", "cpu", "cuda")
_START_LIMIT_S = 60.0
_PROBE_BYTES = 8_000_000_000
_CLOSING_S = 1.0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """heatmap : whether the explanation is wanted; without it a run is a little quicker.

    mirror : whether the model's mirrored passes are run, if it has any; None leaves it to its manifest.
    """

    heatmap: bool = True
    mirror: bool | None = None


class InferenceClient:
    """Runs models one at a time, from any thread. Use with ``with``, or call ``close``.

    memory_limit_bytes : resident memory of the host; by default from the package's figure and the image's size.
    heartbeat_limit_s : without a sign of life for this long, the host counts as hung.
    command : how the host is started, for tests.
    """

    def __init__(
        self,
        memory_limit_bytes: int | None = None,
        *,
        heartbeat_limit_s: float = HEARTBEAT_LIMIT_S,
        command: Sequence[str] | None = None,
    ) -> None:
        self._memory_limit, self._heartbeat_s, self._command = memory_limit_bytes, heartbeat_limit_s, command
        self._lock = threading.Lock()
        self._jobs = itertools.count(1)
        self._host: HostProcess | None = None
        self._providers: tuple[str, ...] = ()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def host_pid(self) -> int | None:
        """The host's process number, None while there is none."""
        host = self._host
        return host.pid if host is not None and host.is_alive else None

    def close(self) -> None:
        """End the host; a run that is going on ends with `ModelFailed`. Nothing can be run afterwards."""
        self._closed = True
        if not self._lock.acquire(timeout=_CLOSING_S):
            if self._host is not None:
                self._host.kill()
            self._lock.acquire()
        try:
            if self._host is not None:
                self._host.close()
                self._host = None
        finally:
            self._lock.release()

    def run(
        self,
        package: Package,
        volume: Volume,
        *,
        device: str = "auto",
        progress: Progress | None = None,
        options: RunOptions | None = None,
    ) -> RawResult:
        """Run a package over a volume and bring the answer to the volume's grid.

        Raises `ModelFailed`, `DeviceNotUsable` (only for a device asked for by name), `BadPackage`, and `Cancelled`
        within a second. A refused input or answer is a result whose gate says so.
        """
        steps, wishes = progress or Progress(), options or RunOptions()
        with self._guarded():
            try:
                return self._run(package, volume, device, steps, wishes)
            except _CardFailed as failure:
                log.warning("running %s on the graphics card failed, trying the processor: %s", package.id, failure)
                found = self._run(package, volume, "cpu", steps, wishes)
                return replace(found, device_note=f"Running on the processor: the graphics card failed. {failure}")

    def golden(self, package: Package, *, device: str = "auto", progress: Progress | None = None) -> tuple[Used, Mapping[str, float]]:
        """How far the answer to the package's own input is from the one it keeps, by output (0: the same)."""
        with self._guarded():
            opened = self._open(package, device, 0, progress or Progress())
            question = Run(job=next(self._jobs), inputs=(), options=RunSettings(mode="golden"))
            result = opened.talk.ask(question, Result, question.job)
        numbers = [entry for entry in result.outputs if isinstance(entry, NumbersOutput)]
        if [entry.name for entry in numbers] != ["differences"]:
            raise ModelFailed("The model's process gave an incomplete result.", "protocol")
        return opened.used, numbers[0].values

    def probe(self, provider: str) -> Probed:
        """Whether the host can compute with a provider; raises `ModelFailed` when trying it ends the host."""
        with self._guarded():
            return self._talk(Limits(_PROBE_BYTES, _START_LIMIT_S, _START_LIMIT_S), Progress()).ask(Probe(provider=provider), Probed)

    def _run(self, package: Package, volume: Volume, device: str, progress: Progress, wishes: RunOptions) -> RawResult:
        shape = volume.geometry.shape_kji
        opened = self._open(package, device, volume.stored.size, progress)
        names = ("labels", "heatmap") if wishes.heatmap else ("labels",)
        with ExitStack() as stack:
            offered = {name: stack.enter_context(SharedArray(shape, np.uint8)) for name in names}
            stored = stack.enter_context(SharedArray.holding(volume.stored))
            outputs = tuple(OfferedArray(name=name, array=shared.ref) for name, shared in offered.items())
            question = Run(
                job=next(self._jobs), inputs=(_described(volume, stored),), options=RunSettings(outputs=outputs, mirror=wishes.mirror)
            )
            try:
                result = opened.talk.ask(question, Result, question.job)
            except ModelFailed as error:
                if device == "auto" and opened.used.device == "cuda" and error.code in ("failed", "memory"):
                    raise _CardFailed(str(error), error.code) from error
                raise
            found = checked_result(result, package, {name: (shared.ref, shared.array) for name, shared in offered.items()}, opened.used)
        return replace(found, seconds={"start_host": opened.seconds, **found.seconds})

    def _open(self, package: Package, device: str, voxels: int, progress: Progress) -> _Opened:
        """Make sure that a host runs and has the package; raises `DeviceNotUsable` for a device asked for by name."""
        if device not in DEVICES:
            raise DeviceNotUsable(f"There is no device {device!r}; choose one of {', '.join(DEVICES)}.")
        began = time.monotonic()
        progress.report(None, "Starting the model")
        opening = Limits(self._limit(package, voxels, cuda=device != "cpu"), _START_LIMIT_S, self._heartbeat_s)
        talk = self._talk(opening, progress)
        answer = talk.ask(Open.model_validate({"package": str(package.folder.resolve()), "device": device}), Opened)
        if answer.package != package.id or not answer.verified or answer.provider not in self._providers:
            raise ModelFailed("The model's process opened something else than it was asked to.", "protocol")
        cuda = answer.provider == CUDA_PROVIDER
        if device == "cuda" and not cuda:
            raise DeviceNotUsable(f"The graphics card can't be used: ONNX Runtime chose {answer.provider}.")
        assert self._host is not None
        limits = Limits(self._limit(package, voxels, cuda=cuda), package.manifest.runtime.limit_s, self._heartbeat_s)
        used = Used(answer.provider, "cuda" if cuda else "cpu", answer.note)
        return _Opened(Conversation(self._host, Watchdog(self._host, limits), progress), used, time.monotonic() - began)

    def _talk(self, limits: Limits, progress: Progress) -> Conversation:
        """A conversation with the host, started if there is none."""
        if self._host is not None and not self._host.is_alive:
            self._drop_host()
        if self._host is not None:
            return Conversation(self._host, Watchdog(self._host, limits), progress)
        try:
            host = self._host = HostProcess(self._command)
        except OSError as error:
            raise ModelFailed(f"The model's process can't be started: {error}.", "crashed") from error
        talk = Conversation(host, Watchdog(host, limits), progress)
        hello = talk.ask(Hello(version=PROTOCOL_VERSION), HelloBack)
        if hello.version != PROTOCOL_VERSION or hello.pid != host.pid:
            raise ModelFailed("The model's process isn't the one that was started, or of another version.", "protocol")
        self._providers = hello.providers
        return talk

    def _limit(self, package: Package, voxels: int, *, cuda: bool) -> int:
        return self._memory_limit or memory_limit(package, voxels, cuda=cuda)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """One job at a time; a host that can't be trusted any more is ended, so that the next job gets a fresh one."""
        with self._lock:
            if self._closed:
                raise ModelFailed("The program is closing; no model can be run.", "failed")
            try:
                yield
            except ModelFailed as error:
                if error.code != "failed":
                    self._drop_host()
                raise
            finally:
                if self._host is not None and not self._host.is_alive:
                    self._drop_host()

    def _drop_host(self) -> None:
        if self._host is not None:
            self._host.kill()
            self._host = None


class _CardFailed(ModelFailed):
    """A run on the graphics card that the person didn't insist on."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A host that has the package, where it runs, and how long that took."""

    talk: Conversation
    used: Used
    seconds: float


def _described(volume: Volume, stored: SharedArray) -> VolumeRef:
    """The volume's message; only what the model needs travels."""
    rescales = volume.slice_rescales or (volume.rescale,)
    return VolumeRef(
        array=stored.ref,
        index_to_lps=tuple(float(x) for x in volume.geometry.index_to_lps.reshape(-1)),
        rescales=tuple(RescaleRef(slope=r.slope, intercept=r.intercept, unit=r.unit) for r in rescales),
        modality=volume.source.modality,
        body_part=volume.source.body_part,
        view=volume.source.view,
        is_colourful=volume.source.is_colourful,
        padding=volume.padding,
    )
