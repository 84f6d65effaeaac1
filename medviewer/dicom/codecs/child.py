"""A decoder process: decodes one frame after the other for its parent, and may crash on one without harm to anything else.

Started as ``python -m medviewer.dicom.codecs.child SCRATCH`` (a frozen program starts itself with ``--decoder SCRATCH``).
It ends when the parent closes the pipe or dies, also in the middle of a frame that takes for ever.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from medviewer.core.child_process import claim_standard_output
from medviewer.dicom.codecs.limits import too_much_memory
from medviewer.dicom.codecs.messages import MAX_LINE, Answer, BadLine, Request, answer_line, read_request
from medviewer.dicom.codecs.table import CannotDecompress, decompress

ORPHAN_S = 5.0
"""So long after its limit a frame ends the process even if no parent is left to do so."""


def main(scratch: str) -> None:
    """Decode until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides
    control = claim_standard_output()
    _be_the_first_to_go()
    with Path(scratch).open("r+b", buffering=0) as file, Path(os.devnull).open("w") as nowhere:
        _warm_up()
        base = _address_space()
        _say(control, Answer())
        while line := sys.stdin.buffer.readline(MAX_LINE):
            try:
                request = read_request(line)
            except BadLine as error:
                _say(control, Answer(f"the request was not understood ({error})"))
                continue
            _limit_memory(base + request.limits.memory_bytes)
            faulthandler.dump_traceback_later(request.limits.time_s + ORPHAN_S, exit=True, file=nowhere)
            answer = _decode(request, file)
            faulthandler.cancel_dump_traceback_later()
            _say(control, answer)


def _decode(request: Request, file: IO[bytes]) -> Answer:
    try:
        file.seek(0)
        data = file.read(request.size)
        if len(data) != request.size:
            return Answer(f"only {len(data)} of its {request.size} bytes arrived at the decoder")
        values = decompress(data, request.form, request.syntax)
        file.seek(0)
        view = memoryview(np.ascontiguousarray(values)).cast("B")  # type: ignore[arg-type]
        while view:
            view = view[file.write(view) :]
    except CannotDecompress as error:
        return Answer(str(error))
    except MemoryError:
        return Answer(too_much_memory(request.limits))
    except OSError as error:
        return Answer(f"there is no room to hand it over ({error.strerror})")
    except Exception as error:  # the edge of the process: a defect costs one frame
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Answer(f"the decoder met a defect ({type(error).__name__} in {place.name}: {error})")
    return Answer()


def _say(control: int, answer: Answer) -> None:
    line = answer_line(answer)
    while line:
        line = line[os.write(control, line) :]


def _warm_up() -> None:
    """Load the libraries, so that the first frame needn't wait for them."""
    import imagecodecs

    for name in ("jpeg8_decode", "ljpeg_decode", "jpegls_decode", "jpeg2k_decode", "htj2k_decode", "dicomrle_decode"):
        with suppress(AttributeError, ImportError):
            getattr(imagecodecs, name)


def _be_the_first_to_go() -> None:
    """Where memory runs out, Linux should end a decoder and not the program; and no core file is written."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system doesn't say and the parent alone watches."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _limit_memory(limit: int) -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1])
