"""Asking the host something and waiting for the answer: progress, limits and cancellation on the way."""

from __future__ import annotations

import queue
import time
from contextlib import suppress
from typing import NoReturn, TypeVar

from pydantic import BaseModel

from medviewer.core.errors import BadPackage, Cancelled, DeviceNotUsable, MedviewerError, ModelFailed
from medviewer.core.progress import Progress
from medviewer.inference.host_process import HostProcess
from medviewer.inference.messages import Advance, Alive, BadMessage, Cancel, Failed, HostMessage
from medviewer.inference.watchdog import Watchdog

M = TypeVar("M", bound=BaseModel)
CANCEL_GRACE_S = 0.7
"""How long the host may take to stop by itself; a person waits at most a second."""
_TICK_S = 0.05


class Conversation:
    """One host, one set of limits, one progress."""

    def __init__(self, host: HostProcess, watchdog: Watchdog, progress: Progress) -> None:
        self._host, self._watchdog, self._progress = host, watchdog, progress

    def ask(self, question: BaseModel, answer: type[M], job: int | None = None) -> M:
        """Send a message and wait for one of type ``answer`` (of the same job, where there is one).

        Raises `Cancelled` (the host still answers, or has been killed), `ModelFailed`, `DeviceNotUsable`, `BadPackage`.
        """
        self._progress.check()
        self._host.send(question)
        while True:
            self._watchdog.check()
            if self._progress.is_cancelled:
                self._cancel(job)
            message = self._next(_TICK_S)
            if message is None:
                continue
            if isinstance(message, answer) and getattr(message, "job", None) == job:
                return message
            if isinstance(message, Failed) and message.job == job:
                raise _error(message)
            self._take(message, job)

    def _next(self, wait_s: float) -> HostMessage | None:
        """The next message; None when there is none yet. Raises when the host has ended or speaks nonsense."""
        try:
            message = self._host.messages.get(timeout=wait_s)
        except queue.Empty:
            if self._host.was_ended:
                raise self._host.crashed() from None
            return None
        if message is None:
            raise self._host.crashed()
        if isinstance(message, BadMessage):
            self._refuse(str(message))
        return message

    def _take(self, message: HostMessage, job: int | None) -> None:
        """What may come unasked."""
        if isinstance(message, Alive):
            return
        if isinstance(message, Advance) and message.job == job and message.done <= message.of:
            with suppress(Cancelled):  # noticed at the next turn
                self._progress.report(message.done / message.of, message.text)
            return
        self._refuse(f"a message of type {message.type} that nobody asked for")

    def _cancel(self, job: int | None) -> NoReturn:
        """Politely, then not."""
        if job is None:
            self._host.kill()
            raise Cancelled
        deadline = time.monotonic() + CANCEL_GRACE_S
        with suppress(ModelFailed):
            self._host.send(Cancel(job=job))
            while time.monotonic() < deadline:
                message = self._next(_TICK_S)
                if getattr(message, "job", None) == job and not isinstance(message, Advance):
                    raise Cancelled  # it stopped, or had just finished
        self._host.kill()
        raise Cancelled

    def _refuse(self, why: str) -> NoReturn:
        self._host.kill()
        raise ModelFailed(f"The model's process said something it must not ({why[:300]}) and was stopped.", "protocol")


def _error(failed: Failed) -> MedviewerError:
    match failed.code:
        case "cancelled":
            return Cancelled()
        case "device":
            return DeviceNotUsable(failed.message)
        case "package":
            return BadPackage(failed.message)
    return ModelFailed(failed.message, failed.code)
