"""A process that runs cases: numbers come in, a line of JSON goes out for each. Started by `campaign`."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from .cases import Case, make_case, place
from .seed_images import PLANTED
from .seeds import Seed, read_seeds

MEMORY_LIMIT = 2 << 30
"""Bytes a case may add to what the process holds."""
GUARD = 6 << 30
"""Address space beyond the start at which allocation fails, so that the machine survives."""
INSPECT_EVERY = 3


class _Records(logging.Handler):
    """Keeps what is logged, to look for patients' names."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


def main() -> None:
    """Arguments: folder of seeds, folder for cases, campaign seed, mutators (comma-separated, may be empty), kept folder."""
    seeds_at, folder, seed, only = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # C libraries print what they like
    faulthandler.enable()
    from . import program

    records = _Records()
    logging.getLogger().addHandler(records)
    logging.getLogger().setLevel(logging.INFO)
    seeds = read_seeds(seeds_at)
    resource.setrlimit(resource.RLIMIT_AS, (_virtual() + GUARD, resource.RLIM_INFINITY))
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
    _reset_peak()
    before, began, cpu = _peak(), time.monotonic(), time.process_time()
    answer: dict[str, Any] = {"number": case.number, "mutator": case.mutator, "seed": case.seed_name, "what": case.what}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            said = program.use(opened, inspects=case.number % INSPECT_EVERY == 0)
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
    answer |= {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu, "bytes": max(_peak() - before, 0)}
    _look_further(answer, [str(item.message) + f" ({Path(item.filename).name}:{item.lineno})" for item in warned], records)
    return answer


def _look_further(answer: dict[str, Any], warned: list[str], records: _Records) -> None:
    """What spoils a case that went through: memory, a patient's name in the log, a warning of a library."""
    if answer["verdict"] not in ("fine", "refused"):
        return
    if answer["bytes"] > MEMORY_LIMIT:
        answer |= {"verdict": "MEMORY", "error": f"{answer['bytes'] >> 20} MiB more than before"}
    elif leaked := [text for text in records.texts if any(name in text for name in PLANTED)]:
        answer |= {"verdict": "DEFECT", "error": f"the log names the patient: {leaked[0]!r}"}
    elif warned:
        answer |= {"verdict": "DEFECT", "error": f"warning: {warned[0]}", "trace": "\n".join(warned)}


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    return 0


def _virtual() -> int:
    return _status("VmSize")


def _peak() -> int:
    """The most memory resident since `_reset_peak`."""
    return _status("VmHWM")


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
