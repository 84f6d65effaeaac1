"""The inference host as its parent sees it: started, listened to, killed."""

from __future__ import annotations

import logging
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from pydantic import BaseModel

from medviewer.core.child_process import NO_WINDOW, child_command, child_environment
from medviewer.core.errors import ModelFailed
from medviewer.inference.messages import MAX_LINE_BYTES, BadMessage, Close, HostMessage, decode_from_host, encode

log = logging.getLogger(__name__)
_MAX_WAITING = 1000
_GOODBYE_S = 2.0


def host_command() -> list[str]:
    """How the host is started."""
    return child_command("medviewer.inference.host", "--inference-host")


class HostProcess:
    """One host process and the threads that listen to it. What it prints goes to the log, never to the screen.

    ``messages`` holds what it said, a `BadMessage` for a line that isn't a message, and None at its end.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self.messages: queue.Queue[HostMessage | BadMessage | None] = queue.Queue(_MAX_WAITING)
        self.last_sign_of_life = time.monotonic()
        self._last_words: deque[str] = deque(maxlen=20)
        self._gone = threading.Event()
        self._process = subprocess.Popen(
            list(command or host_command()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(),
            creationflags=NO_WINDOW,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin: IO[bytes] = self._process.stdin
        self._pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._threads = [
            threading.Thread(target=self._listen, args=(self._process.stdout,), name="inference-host-out", daemon=True),
            threading.Thread(target=self._log, args=(self._process.stderr,), name="inference-host-err", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def was_ended(self) -> bool:
        """Whether `kill` or `close` has been called; nothing more will be heard."""
        return self._gone.is_set()

    def send(self, message: BaseModel) -> None:
        """Say something; raises `ModelFailed` when the host has gone."""
        try:
            self._stdin.write(encode(message))
            self._stdin.flush()
        except (OSError, ValueError) as error:
            raise self.crashed() from error

    def crashed(self) -> ModelFailed:
        """The error to raise when it ended by itself, with how it ended; what it said last is in the log."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_S)
        code = self._process.poll()
        if self.was_ended:
            return ModelFailed("The model's process was stopped before it had finished.", "crashed")
        how = "it stopped answering" if code is None else f"it ended with code {code}"
        if code is not None and code < 0:
            how = f"it was stopped by signal {-code}" + (", as the system does when memory runs out" if code == -9 else "")
        log.error("inference host %d: %s; last words: %s", self.pid, how, " | ".join(self._last_words))
        return ModelFailed(f"The model's process crashed: {how}. Your study is safe; the next run starts a fresh process.", "crashed")

    def kill(self) -> None:
        """End it now and clean up."""
        with suppress(OSError):
            self._process.kill()
        self._clean_up()

    def close(self) -> None:
        """End it politely, or else not."""
        with suppress(ModelFailed):
            self.send(Close())
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_S)
        self.kill()

    def _clean_up(self) -> None:
        self._gone.set()
        self._process.wait()
        for thread in self._threads:
            thread.join(_GOODBYE_S)
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.close()

    def _listen(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(MAX_LINE_BYTES + 1):
            try:
                message: HostMessage | BadMessage = decode_from_host(line)
            except BadMessage as error:
                message = error
            self.last_sign_of_life = time.monotonic()
            self._put(message)
        self._put(None)

    def _put(self, message: HostMessage | BadMessage | None) -> None:
        """Queue a message, unless nobody will take it any more."""
        while not self._gone.is_set():
            try:
                self.messages.put(message, timeout=0.2)
            except queue.Full:
                continue
            return

    def _log(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(MAX_LINE_BYTES):
            words = line.decode("utf-8", "replace").strip()
            if words:
                self._last_words.append(words[:500])
                log.info("host %d: %s", self.pid, words)
