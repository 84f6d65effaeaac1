"""A process that runs cases: numbers come in, a line of JSON goes out for each. Started by `campaign`."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import logging
import os
import resource
import shutil
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from medviewer.dicom.codecs.limits import IDLE_MEMORY
from medviewer.dicom.codecs.pool import decoders

from .cases import Case, make_case, place
from .seed_images import PLANTED
from .seeds import Seed, read_seeds

MEMORY_LIMIT = 2 << 30
"""Bytes a case may add to what the process holds."""
GUARD = 6 << 30
"""Address space beyond the start at which allocation fails, so that the machine survives."""
FURTHER_EVERY = 3
"""Every so many-th case is also inspected and its tags are read, which takes as long as all the rest."""
_LOOSE: list[str] = []
"""Exceptions that nobody could catch: in a thread, or in C code that has no way to raise."""


class _Records(logging.Handler):
    """Keeps what is logged, to look for patients' names."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


def main() -> None:
    """Arguments: folder of seeds, folder for cases, campaign seed, mutators (comma-separated, may be empty), module to be tried."""
    seeds_at, folder, seed, only = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    program = importlib.import_module(sys.argv[5])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # C libraries print what they like
    faulthandler.enable()
    os.environ["MEDVIEWER_HOME"] = str(folder / "home")
    from medviewer.cli import _set_up_log

    _set_up_log()  # what the program lets into its log, and of what it wants no warning
    warnings.simplefilter("always", append=True)
    records = _Records()
    logging.getLogger().addHandler(records)
    sys.unraisablehook = lambda args: _LOOSE.append(f"lost in {args.object!r}: {args.exc_type.__name__}: {args.exc_value}")
    threading.excepthook = lambda args: _LOOSE.append(f"in a thread: {args.exc_type.__name__}: {args.exc_value}")
    seeds = read_seeds(seeds_at)
    resource.setrlimit(resource.RLIMIT_AS, (_status(os.getpid(), "VmSize") + GUARD, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print("ready", file=answers, flush=True)
    names = tuple(name for name in only.split(",") if name)
    for line in sys.stdin:
        first, last = (int(part) for part in line.split())
        for number in range(first, last):
            print(json.dumps(_run(program, make_case(seeds, seed, number, names), seeds, folder, records)), file=answers, flush=True)


def _run(program: Any, case: Case, seeds: list[Seed], folder: Path, records: _Records) -> dict[str, Any]:
    at = folder / "case"
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    opened = place(case, at)
    records.texts.clear()
    _LOOSE.clear()
    _reset_peaks()
    before, began, cpu = _peak(os.getpid()), time.monotonic(), time.process_time()
    answer: dict[str, Any] = {"number": case.number, "mutator": case.mutator, "seed": case.seed_name, "what": case.what}
    with warnings.catch_warnings(record=True) as warned:
        try:
            said = program.use(opened, further=case.number % FURTHER_EVERY == 0)
        except MemoryError:
            answer |= {"verdict": "MEMORY", "trace": traceback.format_exc()}
        except Exception as error:
            answer |= {"verdict": "DEFECT", "error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        else:
            faults = {f"{one.kind}: {one.text!r} {fault}" for one in said if (fault := one.fault(PLANTED)) is not None}
            answer["said"] = Counter(one.kind for one in said)
            if faults:
                answer |= {"verdict": "DEFECT", "error": sorted(faults)[0], "trace": "\n".join(sorted(faults))}
            else:
                refused = any(not one.kind.startswith(("notice", "why")) for one in said)
                answer["verdict"] = "refused" if refused else "fine"
    answer |= {
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - cpu,
        "bytes": max(_peak(os.getpid()) - before, 0) + _peak_of_decoders(),
    }
    _look_further(answer, [str(item.message) + f" ({Path(item.filename).name}:{item.lineno})" for item in warned], records)
    return answer


def _look_further(answer: dict[str, Any], warned: list[str], records: _Records) -> None:
    """What spoils a case that went through: memory, a patient's name in the log, a warning of a library, a lost exception."""
    if answer["verdict"] not in ("fine", "refused"):
        return
    if answer["bytes"] > MEMORY_LIMIT:
        answer |= {"verdict": "MEMORY", "error": f"{answer['bytes'] >> 20} MiB more than before"}
    elif leaked := [text for text in records.texts if any(name in text for name in PLANTED)]:
        answer |= {"verdict": "DEFECT", "error": f"the log names the patient: {leaked[0]!r}"}
    elif traces := [text for text in records.texts if "Traceback" in text]:
        answer |= {"verdict": "DEFECT", "error": f"logged: {traces[0].splitlines()[-1]}", "trace": "\n".join(traces)}
    elif found := [*_LOOSE, *(f"warning: {text}" for text in warned)]:
        answer |= {"verdict": "DEFECT", "error": found[0], "trace": "\n".join(found)}


def _status(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(field)), 0)


def _peak(pid: int) -> int:
    """The most memory resident since `_reset_peaks`."""
    return _status(pid, "VmHWM")


def _peak_of_decoders() -> int:
    """What the decoder process that took most took beyond what it takes when idle."""
    return max((max(_peak(pid) - IDLE_MEMORY, 0) for pid in decoders().pids), default=0)


def _reset_peaks() -> None:
    for pid in (os.getpid(), *decoders().pids):
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
